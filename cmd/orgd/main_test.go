package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"orgd": main})
}

// TestScripts runs testdata/*.txtar over the real program. Beside testscript's own commands there are
//
//	start [ARG...]           run orgd serve ARG... until it is ready and print what it greets with; sets API and ADDR
//	halt                     end the server in order; its log is in server.log (stop is a command of testscript: it ends the script)
//	crash                    kill the server
//	exits CODE PROGRAM...    run a program that must exit with the code
//	http METHOD PATH [BODY]  send a request to the server (with TOKEN, if set) and print status and body
//	keep NAME FIELD          set a variable to a string of the last answer's body
//	read NAME FILE           set a variable to the text of a file
func TestScripts(t *testing.T) {
	t.Parallel()
	s := &scripts{servers: map[*testscript.TestScript]*running{}}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ORGD_LISTEN", "127.0.0.1:0")
			env.Setenv("ORGD_BCRYPT_COST", "10")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": s.start, "halt": s.halt, "crash": s.crash, "http": s.http, "keep": s.keep, "read": read,
			"exits": exits,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// read sets a variable to the text of a file, such as stdout.
func read(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: read NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// exits runs a program and wants an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v exits with %d, want %d", args[1:], got, want)
	}
}

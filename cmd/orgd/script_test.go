package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgd/orgd/internal/config"
)

// patience is how long a script waits for what should happen at once.
const patience = 30 * time.Second

// scripts is what the scripts' own commands remember.
type scripts struct {
	mu      sync.Mutex
	servers map[*testscript.TestScript]*running
}

// running is a script's server.
type running struct {
	process *os.Process
	exited  chan error
	body    []byte // the last answer's
}

func (s *scripts) server(ts *testscript.TestScript) *running {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers[ts] == nil {
		ts.Fatalf("there is no server")
	}
	return s.servers[ts]
}

var apiLine = regexp.MustCompile(`(?m)^  API +(https?://(\S+))$`)

func (s *scripts) start(ts *testscript.TestScript, _ bool, args []string) {
	command := serverCommand(ts, args)
	log, err := os.OpenFile(ts.MkAbs("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	command.Stderr = log
	out, err := command.StdoutPipe()
	ts.Check(err)
	ts.Check(command.Start())
	r := &running{process: command.Process, exited: make(chan error, 1)}
	s.mu.Lock()
	s.servers[ts] = r
	s.mu.Unlock()
	ts.Defer(func() { _ = r.process.Kill() })
	greeting := make(chan string, 1)
	go func() {
		text := make([]byte, 4096)
		n, _ := out.Read(text) // the greeting is one write
		greeting <- string(text[:n])
		_, _ = io.Copy(io.Discard, out)
		r.exited <- command.Wait()
		_ = log.Close()
	}()
	select {
	case text := <-greeting:
		match := apiLine.FindStringSubmatch(text)
		if match == nil {
			ts.Fatalf("the server did not start: %q\n%s", text, ts.ReadFile("server.log"))
		}
		ts.Setenv("API", match[1])
		ts.Setenv("ADDR", match[2])
		_, _ = io.WriteString(ts.Stdout(), text)
	case <-time.After(patience):
		ts.Fatalf("the server was not ready in time\n%s", ts.ReadFile("server.log"))
	}
}

// serverCommand returns the program with the script's environment.
func serverCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	program, err := exec.LookPath("orgd")
	ts.Check(err)
	command := exec.Command(program, append([]string{"serve"}, args...)...) //nolint:noctx // halt, crash or the script's end kill it
	command.Dir = ts.MkAbs(".")
	command.Env = []string{"PATH=" + ts.Getenv("PATH"), "TMPDIR=" + ts.Getenv("TMPDIR"), "GOCOVERDIR=" + ts.Getenv("GOCOVERDIR")}
	for _, setting := range config.Settings() {
		command.Env = append(command.Env, setting.Env+"="+ts.Getenv(setting.Env))
	}
	return command
}

func (s *scripts) halt(ts *testscript.TestScript, _ bool, _ []string) {
	if err := s.end(ts, syscall.SIGTERM); err != nil {
		ts.Fatalf("the server ended with %v\n%s", err, ts.ReadFile("server.log"))
	}
}

func (s *scripts) crash(ts *testscript.TestScript, _ bool, _ []string) {
	if err := s.end(ts, syscall.SIGKILL); err == nil {
		ts.Fatalf("the server ended by itself")
	}
}

func (s *scripts) end(ts *testscript.TestScript, signal os.Signal) error {
	r := s.server(ts)
	ts.Check(r.process.Signal(signal))
	select {
	case err := <-r.exited:
		return err
	case <-time.After(patience):
		return fmt.Errorf("nothing after %s", patience)
	}
}

func (s *scripts) http(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: http METHOD PATH [BODY]")
	}
	var body io.Reader = http.NoBody
	if len(args) == 3 {
		body = strings.NewReader(args[2])
	}
	request, err := http.NewRequest(args[0], ts.Getenv("API")+args[1], body) //nolint:noctx // the client has a timeout
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	if token := ts.Getenv("TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := (&http.Client{Timeout: patience}).Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	s.server(ts).body = text
	_, _ = fmt.Fprintf(ts.Stdout(), "%d %s\n", answer.StatusCode, bytes.TrimSpace(text))
}

func (s *scripts) keep(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: keep NAME FIELD")
	}
	var fields map[string]any
	ts.Check(json.Unmarshal(s.server(ts).body, &fields))
	text, ok := fields[args[1]].(string)
	if !ok {
		ts.Fatalf("the last answer has no string %q", args[1])
	}
	ts.Setenv(args[0], text)
}

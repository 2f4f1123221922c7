package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/bench/bulk"
)

// interrupting sends a signal when something is told.
type interrupting struct {
	text

	when    string
	signals chan os.Signal
}

func (w *interrupting) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.when)) {
		select {
		case w.signals <- os.Interrupt:
		default: // it is on its way
		}
	}
	return w.text.Write(p)
}

// TestInterruptedMove ends a move by a signal while it counts, and runs it again.
func TestInterruptedMove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	in, err := bulk.Fill(t.Context(), from, 200, "no hash")
	if err != nil {
		t.Fatal(err)
	}
	if err := in.AddFiles(in.Orgs...); err != nil {
		t.Fatal(err)
	}
	move := func(when string) (int, string, string) {
		signals, out := make(chan os.Signal, 1), &text{}
		log := &interrupting{when: when, signals: signals}
		code := run(context.Background(), &process{
			args: []string{"migrate", "--to", "sqlite:" + to}, env: []string{"ORGD_STORE=sqlite:" + from}, stdin: strings.NewReader(""),
			stdout: out, stderr: log, signals: signals, kill: func(int) { t.Error("it was killed") }, now: time.Now,
		})
		return code, out.String(), log.String()
	}
	code, out, log := move("counting the documents")
	if code != exitFailed || out != "" ||
		!strings.HasSuffix(log, "\norgd: interrupted; nothing is lost, and the same command goes on where this one stopped\n") {
		t.Errorf("an interrupted move exits with %d, %q, %q", code, out, log)
	}
	code, out, log = move("nothing")
	if code != exitDone || !strings.Contains(out, "Moved 200 organizations") {
		t.Errorf("the next one exits with %d, %q, %q", code, out, log)
	}
}

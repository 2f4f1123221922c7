package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/adoption"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/tenant"
)

// interrupting sends a signal when something is told for the first time.
type interrupting struct {
	text

	when    string
	once    sync.Once
	signals chan os.Signal
}

func (w *interrupting) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.when)) {
		w.once.Do(func() { w.signals <- os.Interrupt }) // a second one would kill
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

// TestAdoptionEndsWhenItsStoreIsClosed closes the store of a command that adopts: it takes nothing over any more, and the error is
// not one of the organization, so that the run ends.
func TestAdoptionEndsWhenItsStoreIsClosed(t *testing.T) {
	t.Parallel()
	a := shared(t)
	closed := tenant.Standing{Phase: tenant.PhaseClosed, Peer: "there", Since: tenant.Millis(time.Now())}
	if err := a.store.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, closed); err != nil {
		t.Fatal(err)
	}
	err := a.adopt(t.Context(), &adoption.Candidate{Name: "Acme"}, false)
	if !tenant.IsCode(err, tenant.CodeUnavailable) || !strings.Contains(err.Error(), "while it is moved to there") {
		t.Errorf("it says %v", err)
	}
}

// TestFailedMoveIsToldClean fails by an error that quotes what an application wrote.
func TestFailedMoveIsToldClean(t *testing.T) {
	t.Parallel()
	a := shared(t)
	for _, c := range []struct{ why, says string }{
		{"the document a\x1b[2J\u202eb cannot be read", "the document a[2Jb cannot be read"},
		{"the document " + strings.Repeat("x", 5000) + " cannot be read", "the document " + strings.Repeat("x", access.MaxClientText) + " cannot be read"},
		{strings.Repeat("ä ", 5000), strings.Repeat("ä ", mostErrorText/3) + "..."},
	} {
		why := errors.New(c.why)
		err := (&move{}).unfinished(t.Context(), why, a.opened)
		if err == nil || err.Error() != c.says || !errors.Is(err, why) {
			t.Errorf("it says %q, want %q", err, c.says)
		}
	}
}

// TestLoserOfATakeoverIsToldOfTheOtherRun fails in a source that is closed: by this move, and by another run that has taken it over.
func TestLoserOfATakeoverIsToldOfTheOtherRun(t *testing.T) {
	t.Parallel()
	a := shared(t)
	closed := tenant.Standing{Phase: tenant.PhaseClosed, Peer: "there", Since: tenant.Millis(time.Now())}
	if err := a.store.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, closed); err != nil {
		t.Fatal(err)
	}
	for why, opens := range map[error]bool{
		errors.New("the disk is full"):                               true,
		fmt.Errorf("copy the documents: %w", migration.ErrTakenOver): false,
	} {
		err := (&move{}).unfinished(t.Context(), why, a.opened)
		if !errors.Is(err, why) || strings.Contains(err.Error(), "orgd migrate --cancel opens it") != opens {
			t.Errorf("it says %v", err)
		}
	}
}

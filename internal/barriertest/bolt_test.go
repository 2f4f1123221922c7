package barriertest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// bolt is lightning that strikes one command of a story: the one with the number, counted from when the sky is charged.
type bolt struct {
	number int // 0 strikes nothing
	strike func(l *line, f *fate)

	charged bool
	count   int
}

// stroke is what becomes of a command after all.
func (l *line) stroke(f fate) fate {
	l.engine.mu.Lock()
	b := &l.bolt
	hit := false
	if b.charged {
		b.count++
		hit = b.count == b.number
	}
	l.engine.mu.Unlock()
	if hit {
		l.note("lightning strikes %s", l.name)
		b.strike(l, &f)
	}
	return f
}

// strikes are all that one stroke can do.
func strikes() map[string]func(l *line, f *fate) {
	return map[string]func(l *line, f *fate){
		"answer lost":  func(_ *line, f *fate) { f.lost = true },
		"command lost": func(_ *line, f *fate) { f.lost, f.gone = true, true },
		"slow":         func(_ *line, f *fate) { f.there += time.Second },
		"late":         func(_ *line, f *fate) { f.lost = true; f.there += 10 * time.Second },
		"stands still": func(l *line, _ *fate) { l.stand(9 * time.Second) },
		"killed":       func(l *line, _ *fate) { l.kill() },
	}
}

// One stroke of lightning breaks nothing, whichever command it strikes from the beginning of a rename to its end, and whatever
// it does: all of them are tried.
func TestOneStroke(t *testing.T) {
	t.Parallel()
	for name, strike := range strikes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for number := 1; ; number++ {
				count := 0
				told := tale{tell: func(w *world) {
					w.bolt = bolt{number: number, strike: strike}
					struckRename(w)
					count = w.charge(false)
				}}
				if broken, story, _ := told.play(t, uint64(number), allRules); broken != "" {
					t.Fatalf("command %d: %s", number, strings.Join(story, "\n"))
				}
				if count < number {
					t.Logf("%d commands", count)
					return
				}
			}
		})
	}
}

// struckRename: two servers write, one of them renames, and another one does so later; strangers wait for both names.
func struckRename(w *world) {
	a, b := w.start("A"), w.start("B")
	w.writing(a, 3*time.Second, 300*time.Millisecond)
	w.writing(b, 3*time.Second, 300*time.Millisecond)
	w.stranger(time.Second, "Alpha", "alpha")
	w.stranger(time.Second, "Beta", "beta")
	w.renaming(b, 10*time.Second, "Gamma")
	w.pass(1500 * time.Millisecond)
	w.charge(true)
	w.at(0, func(ctx context.Context) {
		a.rename(ctx, x, "Delta")
		w.charge(false)
	})
	w.pass(13 * time.Second)
}

// charge begins or ends the counting of commands, and returns how many were counted.
func (w *world) charge(on bool) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bolt.charged = on
	return w.bolt.count
}

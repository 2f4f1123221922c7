package barriertest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// foul is weather in which everything goes wrong now and then. Nothing is late for longer than a name stays in quarantine, less
// the time for which a server stands still.
func foul() map[kind]weather {
	fair := weather{slow: 0.02, slowFor: time.Second, lazy: 0.02, lazyFor: time.Second, lost: 0.01}
	bad := weather{slow: 0.1, slowFor: time.Second, lost: 0.1, lateFor: 12 * time.Second, vanishing: 0.3, lookBack: 0.5}
	worse := bad
	worse.slow, worse.lost, worse.slowFor = 0.4, 0.4, 12*time.Second
	return map[kind]weather{
		reading: fair, beating: fair, listing: fair, looking: fair, swapping: bad, inserting: bad, moving: worse,
	}
}

// With all rules nothing goes wrong in foul weather, whatever people and servers do.
func TestFoulWeather(t *testing.T) {
	t.Parallel()
	told := tale{skies: foul(), tell: turmoil}
	if seed, story := told.retell(t, allRules, 15*longEnough); story != nil {
		t.Errorf("seed %d:\n%s", seed, strings.Join(story, "\n"))
	}
}

// turmoil: three servers write and rename, one stands still, one is killed, one comes late, and strangers wait for two names.
func turmoil(w *world) {
	all := []*server{w.start("A"), w.start("B"), w.start("C")}
	some := func() *server { return all[w.dice.IntN(len(all))] }
	for _, s := range all {
		w.writing(s, 60*time.Second, time.Second)
	}
	names := []string{"Beta", "Gamma", "Alpha", "Delta"}
	for at := w.upTo(3 * time.Second); at < 60*time.Second; at += w.upTo(10 * time.Second) {
		w.renaming(some(), at, names[w.dice.IntN(len(names))])
	}
	still, stands := some(), w.upTo(6*time.Second)
	w.at(w.upTo(60*time.Second), func(context.Context) { still.stand(stands) })
	dies := some()
	w.at(w.upTo(90*time.Second), func(context.Context) { dies.kill() })
	w.stranger(w.upTo(20*time.Second), "Alpha", "alpha")
	w.stranger(w.upTo(60*time.Second), "Beta", "beta")
	w.pass(w.upTo(60 * time.Second))
	w.writing(w.start("D"), 20*time.Second, time.Second)
	w.pass(150 * time.Second)
}

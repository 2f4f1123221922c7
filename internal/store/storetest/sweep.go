package storetest

import (
	"fmt"
	"testing"

	"github.com/orgd/orgd/internal/store"
)

// sweepLimit is how many calls one scenario may make; more is a loop that faults keep alive.
const sweepLimit = 1000

// Sweep runs a scenario once without faults, and then with a fault at its first store call, at its second and so on, before
// the call's effect and after it, until no fault fires.
//
// Each run gets a fresh store. The scenario sets up what it needs, calls [Faults.Arm], acts, calls [Faults.Heal], lets the
// recovery run as after a start, and checks that the state is the old one or the new one. It must make the same calls in the
// same order in each run as far as no fault keeps it from that, or the sweep has gaps. Reads have no effect that could
// happen, so they fail only before it.
func Sweep(t *testing.T, mode Mode, open func(t *testing.T) store.Store, scenario func(t *testing.T, f *Faults)) {
	t.Helper()
	rehearsal := NewFaults(open(t))
	scenario(t, rehearsal)
	calls := rehearsal.Trace()
	if t.Failed() || len(calls) == 0 {
		t.Fatalf("the scenario made %d counted calls without faults, and must pass: did it call Arm?", len(calls))
	}
	for n := 1; n <= sweepLimit; n++ {
		name := "beyond"
		if n <= len(calls) {
			name = calls[n-1]
		}
		at := sweepOne(t, plan{n, Before, mode}, name, open, scenario)
		if at != "" && !Reads(at) {
			sweepOne(t, plan{n, After, mode}, name, open, scenario)
		}
		if at == "" && n > len(calls) {
			return
		}
	}
	t.Fatalf("after %d calls there is still one to fail", sweepLimit)
}

// sweepOne runs the scenario with one fault and returns the method at which it fired, or "".
func sweepOne(t *testing.T, p plan, name string, open func(t *testing.T) store.Store,
	scenario func(t *testing.T, f *Faults),
) string {
	t.Helper()
	at := ""
	t.Run(fmt.Sprintf("%02d_%s_%s", p.at, p.when, name), func(t *testing.T) {
		f := NewFaults(open(t)).prepare(p)
		defer func() {
			at = f.FiredAt()
			if t.Failed() {
				t.Logf("the fault was at call %d, %s %s; all calls: %v", p.at, p.when, at, f.Trace())
			}
		}()
		scenario(t, f)
	})
	return at
}

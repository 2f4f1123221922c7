package storetest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// The scenario makes two writes with a read between. The sweep stops at each once before and once after its effect, at the
// read only before, and ends with the run in which nothing fired.
func TestSweepStopsAtEveryCall(t *testing.T) {
	var stops []string
	storetest.Sweep(t, storetest.Dead, open, func(t *testing.T, f *storetest.Faults) {
		t.Helper()
		s, org := f.Store(), acme("acme")
		code(t, "", s.Health.Ping(t.Context()), "a call before Arm")
		f.Arm()
		var failed []tenant.Code
		for _, call := range []func() error{
			func() error { return s.Orgs.Insert(t.Context(), org, ref) },
			func() error { return get(t, s, org.ID) },
			func() error { return s.Orgs.Remove(t.Context(), org.ID, 1, ref) },
		} {
			if err := call(); err != nil {
				failed = append(failed, tenant.CodeOf(err))
				break
			}
		}
		f.Heal()
		_, err := s.Orgs.Get(t.Context(), org.ID)
		stops = append(stops, fmt.Sprint(f.FiredAt(), failed, err == nil))
	})
	want := []string{
		"[] false",
		"Orgs.Insert[unavailable] false", "Orgs.Insert[unknown_outcome] true",
		"Orgs.Get[unavailable] true",
		"Orgs.Remove[unavailable] true", "Orgs.Remove[unknown_outcome] false",
		"[] false",
	}
	if !slices.Equal(stops, want) {
		t.Errorf("the sweep stopped at\n%q, want\n%q", stops, want)
	}
}

// A fault that the scenario rides over does not end the sweep; a run in which none fired does.
func TestSweepEndsWhenNoFaultFires(t *testing.T) {
	var fired []bool
	storetest.Sweep(t, storetest.Once, func(*testing.T) store.Store { return store.Store{Health: well{}} },
		func(t *testing.T, f *storetest.Faults) {
			t.Helper()
			f.Arm()
			for range 3 {
				if f.Store().Health.Ping(t.Context()) == nil {
					break
				}
			}
			f.Heal()
			fired = append(fired, f.Fired())
		})
	if want := []bool{false, true, false}; !slices.Equal(fired, want) {
		t.Errorf("the fault fired in the runs %v, want %v: rehearsal, first call, none", fired, want)
	}
}

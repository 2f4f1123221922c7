package migration_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// takeover is a second run that begins at a moment of the first one.
type takeover struct {
	// at and n are the call of the first run at which the second one begins: the n-th of a method.
	at string
	n  int32
	// until is the method at which the second one waits for the first one's end.
	until string
	// killed says that the second one ends there.
	killed bool
}

// takeovers are the moments that matter. The last look of the first run at the target is before the second swap of the source.
var takeovers = map[string]takeover{
	"while documents are copied":       {at: "Transfer.Homes.Load", n: 1, until: "Transfer.Homes.All"},
	"after everything was copied":      {at: "Transfer.Audit.Add", n: 2, until: "Transfer.Orgs.Add", killed: true},
	"while the catalog is compared":    {at: "Transfer.Operators.Scan", n: 3, until: "Transfer.Orgs.Add", killed: true},
	"before the source is retired":     {at: "source: Transfer.Standing.Swap", n: 2, until: "Transfer.Orgs.Add", killed: true},
	"before it is retired, and to end": {at: "source: Transfer.Standing.Swap", n: 2, until: "Transfer.Orgs.Add"},
}

// TestSecondMoverTakesOver begins a second run while the first one is at it: the first one fails, and the second one does the whole
// move, or a third one if the second one is killed.
func TestSecondMoverTakesOver(t *testing.T) {
	t.Parallel()
	for name, c := range takeovers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, w *world) {
				w.source.Shared, w.target.Shared = true, true
				w.options.Parallel, w.options.Silence, w.options.Now = 1, 40*time.Millisecond, func() time.Time { return noon } // a clock that helps nobody
				before := w.serve(w.source.Store)
				var made []tenant.Organization
				for _, name := range []string{"Acme", "Beta", "Gamma"} {
					made = append(made, before.create(name, 3))
				}
				c.run(w)
				if from, to := w.standings(); from.Phase != tenant.PhaseRetired || to != (tenant.Standing{}) {
					t.Errorf("the source is %+v, the target %+v", from, to)
				}
				after := w.serve(w.target.Store)
				after.token("Gamma")
				for _, org := range made {
					there, err := w.target.Orgs.Get(t.Context(), org.ID)
					w.must(err)
					after.wantDocuments(there, 3)
				}
			})
		})
	}
}

// run lets the second one begin at its moment, and ends with the move done.
func (c takeover) run(w *world) {
	t := w.t
	t.Helper()
	source, target := w.source, w.target
	begun, release, second := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	later := target
	later.Store = around(target.Store, func(method string, call func() error) error {
		if method == c.until {
			close(begun)
			<-release
			if c.killed {
				return tenant.Errorf(tenant.CodeUnavailable, "killed")
			}
		}
		return call()
	})
	var calls atomic.Int32
	begins := func(prefix string, inner store.Store) store.Store {
		return around(inner, func(method string, call func() error) error {
			if prefix+method == c.at && calls.Add(1) == c.n {
				go func() {
					_, err := migration.Run(t.Context(), console, source, later, w.options)
					second <- err
				}()
				<-begun
			}
			return call()
		})
	}
	w.source.Store, w.target.Store = begins("source: ", source.Store), begins("", target.Store)
	w.wantRefusal("another orgd migrate goes on with this move")
	w.source, w.target = source, target
	if from, to := w.standings(); from.Phase != tenant.PhaseClosed || to.Phase != tenant.PhaseFilling {
		t.Errorf("after the first one the source is %+v, the target %+v", from, to)
	}
	close(release)
	if err := <-second; (err != nil) != c.killed {
		t.Errorf("the second one ends with %v", err)
	}
	if c.killed {
		w.move()
	}
}

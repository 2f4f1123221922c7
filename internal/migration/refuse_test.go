package migration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/tenant"
)

var upkeep = tenant.Upkeep{Reason: "a test"}

// wantUnchanged wants the source in use, and nothing on the target.
func (w *world) wantUnchanged() {
	w.t.Helper()
	if from, to := w.standings(); from != (tenant.Standing{}) || to != (tenant.Standing{}) {
		w.t.Errorf("the source is %+v, the target %+v", from, to)
	}
	homes, err := w.target.Transfer.Homes.All(w.t.Context())
	w.must(err)
	if len(homes) > 0 {
		w.t.Errorf("the target has %d homes", len(homes))
	}
}

// TestRefusals begins moves that must not begin, from stores that are not shared and from such that are.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]bool{"shared": true, "locked": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, w *world) {
				w.source.Shared, w.options.Silence = shared, 40*time.Millisecond
				w.wantRefusal("holds nothing to move")
				w.wantUnchanged()
				before := w.serve(w.source.Store)
				org := before.create("Acme", 3)

				_, err := w.source.Orgs.Update(t.Context(), org.ID, upkeep, func(o *tenant.Organization) error {
					o.State, o.Op = tenant.StateDeleting, &tenant.Operation{ID: "op", Kind: tenant.OperationDelete, Step: tenant.StepClaimed}
					return nil
				})
				w.must(err)
				_, err = w.source.Users.Update(t.Context(), org.Owners[0], upkeep, func(u *tenant.User) error { return u.Reserve("next@example.com") })
				w.must(err)
				w.wantRefusal("1 organizations with an operation under way and 1 people", "start orgd there once")
				w.wantUnchanged()
				_, err = w.source.Orgs.Update(t.Context(), org.ID, upkeep, func(o *tenant.Organization) error {
					o.State, o.Op = tenant.StateActive, nil
					return nil
				})
				w.must(err)
				_, err = w.source.Users.Update(t.Context(), org.Owners[0], upkeep, func(u *tenant.User) error { u.Settle("next@example.com"); return nil })
				w.must(err)

				reseal := w.options.Reseal
				w.options.Reseal = func(k tenant.Key) (tenant.Key, error) { return k, errors.New("another key file") }
				w.wantRefusal("keys cannot be moved", "another key file")
				w.wantUnchanged()
				w.options.Reseal = reseal

				own := w.target
				w.target.Name = w.source.Name
				w.wantRefusal("both where the installation is and where it should go")
				w.target = own
				w.wantUnchanged()

				w.must(w.target.Keys.Insert(t.Context(), tenant.Key{ID: "k", Purpose: tenant.KeyMAC}, upkeep))
				w.wantRefusal("holds an installation already, which stays as it is")
				w.wantUnchanged()
				w.must(w.target.Keys.Remove(t.Context(), "k", upkeep))
				w.must(w.target.Transfer.Audit.Clear(t.Context()))
				w.move()
			})
		})
	}
}

// TestRefusedStandings begins moves from and to stores that another move is at.
func TestRefusedStandings(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.serve(w.source.Store).create("Acme", 3)
		own, err := w.source.Installation.Found(t.Context(), tenant.Installation{ID: tenant.NewID(), CreatedAt: noon})
		w.must(err)
		at := tenant.Millis(time.Now())
		// What the run of a copy of the source leaves that comes after the source was retired, and is cut short.
		filledAnew := tenant.Standing{Phase: tenant.PhaseFilling, Peer: w.source.Name, Since: at.Add(time.Millisecond), Installation: own.ID}
		halfFilled := tenant.Standing{Phase: tenant.PhaseFilling, Peer: w.source.Name, Since: at, Installation: own.ID}
		for name, c := range map[string]struct {
			from, to tenant.Standing
			says     string
		}{
			"half filled":           {from: tenant.Standing{Phase: tenant.PhaseFilling, Peer: "there", Since: at}, says: "is being filled from there"},
			"retired for elsewhere": {from: tenant.Standing{Phase: tenant.PhaseRetired, Peer: "there", Since: at, Installation: "x"}, says: "moved to there"},
			"closed for elsewhere":  {from: tenant.Standing{Phase: tenant.PhaseClosed, Peer: "there", Since: at}, says: "closed for a move to there; run orgd migrate to there again"},
			"filled with another":   {to: tenant.Standing{Phase: tenant.PhaseFilling, Peer: "there", Since: at, Installation: "x"}, says: "filled with another installation, from there"},
			"retired for elsewhere, left half filled": {
				from: tenant.Standing{Phase: tenant.PhaseRetired, Peer: "there", Since: at, Installation: own.ID}, to: halfFilled, says: "moved to there",
			},
			"retired for it, and filled anew": {
				from: tenant.Standing{Phase: tenant.PhaseRetired, Peer: w.target.Name, Since: at, Installation: own.ID}, to: filledAnew, says: "moved to " + w.target.Name,
			},
			"closed for elsewhere, left half filled": {
				from: tenant.Standing{Phase: tenant.PhaseClosed, Peer: "there", Since: at, Installation: own.ID}, to: halfFilled, says: "closed for a move to there; run orgd migrate to there again",
			},
			"a retired target":                      {to: tenant.Standing{Phase: tenant.PhaseRetired, Peer: "there", Since: at}, says: "is retired since"},
			"a closed target":                       {to: tenant.Standing{Phase: tenant.PhaseClosed, Peer: "there", Since: at}, says: "is closed since"},
			"a phase of the source that is to come": {from: tenant.Standing{Phase: "later", Since: at}, says: "newer than this one"},
			"a phase that is to come":               {to: tenant.Standing{Phase: "later", Since: at}, says: "newer than this one"},
		} {
			w.must(w.source.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, c.from))
			w.must(w.target.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, c.to))
			_, err := w.try()
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %v, want a line that says %q", name, err, c.says)
			}
			from, to := w.standings()
			if from != c.from || to != c.to {
				t.Errorf("%s: the source is %+v, the target %+v", name, from, to)
			}
			w.must(w.source.Transfer.Standing.Swap(t.Context(), from, tenant.Standing{}))
			w.must(w.target.Transfer.Standing.Swap(t.Context(), to, tenant.Standing{}))
		}
	})
}

// TestServers moves from a store with a server that lives, and with one that is silent for good.
func TestServers(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.source.Shared, w.options.Silence = true, 500*time.Millisecond
		w.serve(w.source.Store).create("Acme", 3)
		id := tenant.InstanceID(tenant.NewID())
		w.must(w.source.Instances.Register(t.Context(), tenant.Instance{ID: id, StartedAt: noon}))
		stop := beat(t, w, id)
		w.wantRefusal("a server works on " + w.source.Name)
		w.wantUnchanged()
		stop()

		w.move()
		list, err := w.source.Instances.List(t.Context())
		w.must(err)
		if len(list) != 1 || !list[0].Dead {
			t.Errorf("the silent server is %+v", list)
		}
	})
}

// beat sends heartbeats until it is stopped.
func beat(t *testing.T, w *world, id tenant.InstanceID) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		beats := time.NewTicker(20 * time.Millisecond)
		defer beats.Stop()
		for n := int64(1); ; n++ {
			if err := w.source.Instances.Beat(ctx, id, tenant.Heartbeat{Counter: n}); err != nil && ctx.Err() == nil {
				t.Errorf("heartbeat %d: %v", n, err)
			}
			select {
			case <-beats.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// TestCancel opens a source that a move has left closed.
func TestCancel(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.source.Shared, w.options.Silence = true, 40*time.Millisecond
		w.serve(w.source.Store).create("Acme", 3)
		if err := migration.Cancel(t.Context(), w.source); err == nil || !strings.Contains(err.Error(), "nothing to cancel") {
			t.Errorf("nothing under way: %v", err)
		}
		target := w.target
		w.target.Store = failing(w.target.Store, "Transfer.Keys.Add")
		if _, err := w.try(); err == nil {
			t.Fatal("the move does not fail")
		}
		w.target = target
		err := migration.InUse(t.Context(), w.source.Transfer.Standing, w.source.Name)
		if err == nil || !strings.Contains(err.Error(), "orgd migrate --cancel") || !strings.Contains(err.Error(), target.Name) {
			t.Errorf("a server that starts hears %v", err)
		}
		err = migration.InUse(t.Context(), w.target.Transfer.Standing, w.target.Name)
		if err == nil || !strings.Contains(err.Error(), "is being filled from "+w.source.Name) {
			t.Errorf("a server that starts on the target hears %v", err)
		}
		w.must(migration.Cancel(t.Context(), w.source))
		w.must(migration.InUse(t.Context(), w.source.Transfer.Standing, w.source.Name))
		w.move()
		if err := migration.Cancel(t.Context(), w.source); err == nil || !strings.Contains(err.Error(), "is retired") {
			t.Errorf("after the move: %v", err)
		}
	})
}

// TestDirectWritersAreWarnedOf moves organizations to which applications write themselves: a line says so before anything is copied.
func TestDirectWritersAreWarnedOf(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		before.create("Plain", 1)
		var marked []tenant.OrgID
		for i := range 7 {
			org := before.create(fmt.Sprintf("Direct %d", i), 1)
			_, err := w.source.Orgs.Update(t.Context(), org.ID, upkeep, func(o *tenant.Organization) error { o.DirectWriters = true; return nil })
			w.must(err)
			marked = append(marked, org.ID)
		}
		slices.Sort(marked)
		target := w.target
		w.target.Store = failing(target.Store, "Places.Create")
		w.wantRefusal("Places.Create")
		w.target = target
		want := "applications write to 7 organizations of " + w.source.Name + " themselves; stop them until they write to " + w.target.Name +
			", or what they write stays behind: " + fmt.Sprintf("%s %s %s %s %s and 2 more", marked[0], marked[1], marked[2], marked[3], marked[4])
		if len(w.warnings) != 1 || w.warnings[0] != want {
			t.Errorf("the warnings are %q, want %q", w.warnings, want)
		}
	})
}

package migration_test

import (
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// TestMove moves an installation with everything in it and goes on there: with the same tokens, passwords, documents and log.
func TestMove(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		acme, empty, gone := before.create("Acme", 2345), before.create("Empty", 0), before.create("Gone", 12)
		heir := before.create("Old name", 3)
		_, err := before.authn.AddOperator(t.Context(), access.Console(), "op@example.com", password)
		w.must(err)
		token, lost := before.token("Acme"), before.token("Gone")
		w.must(before.orgs.Delete(t.Context(), before.caller(lost), gone.ID, 0))
		again := before.create("Gone", 1) // takes the name, the address and the physical name
		_, err = before.authn.RotateKey(t.Context(), access.Console())
		w.must(err)
		log := before.entries("")

		report := w.move()
		if report.Organizations != 5 || report.Trashed != 1 || report.Documents != 2345+12+3+1 || report.Copied != report.Documents || report.Before {
			t.Errorf("the report is %+v", report)
		}
		if len(w.warnings) > 0 {
			t.Errorf("warnings: %v", w.warnings)
		}
		from, to := w.standings()
		if from.Phase != tenant.PhaseRetired || from.Peer != w.target.Name || to != (tenant.Standing{}) {
			t.Errorf("the source is %+v, the target %+v", from, to)
		}

		after := w.serve(w.target.Store)
		caller := after.caller(token)
		if caller.User != acme.Owners[0] || caller.Org != acme.ID {
			t.Errorf("the token is %+v's", caller)
		}
		after.token("Empty")
		for org, n := range map[*tenant.Organization]int{&acme: 2345, &empty: 0, &heir: 3, &again: 1} {
			there, err := after.store.Orgs.Get(t.Context(), org.ID)
			w.must(err)
			after.wantDocuments(there, n)
		}
		if _, err := after.docs.Create(t.Context(), caller, acme.ID, tenant.Data(`{}`), noIDs); err != nil {
			t.Errorf("write on the target: %v", err)
		}
		name := "Gone before"
		address := "gone.before@example.com"
		back, err := after.orgs.Restore(t.Context(), access.Console(), gone.ID, orgs.RestoreAs{Name: &name, Email: &address})
		w.must(err)
		after.wantDocuments(back, 12)
		if got, want := after.entries(gone.ID), []string{"organization.create", "organization.delete", "organization.restore"}; !slices.Equal(got, want) {
			t.Errorf("its log is %v, want %v", got, want)
		}
		if got := after.entries(""); !slices.Equal(got, append(log, "installation.migrate")) {
			t.Errorf("the installation's log is %v, want %v and the move", got, log)
		}
		_, err = after.authn.Login(t.Context(), access.Caller{}, authn.LoginRequest{Email: "op@example.com", Password: password, As: "operator"})
		w.must(err)
		for _, key := range keysOf(t, w) {
			if !key.Sealed {
				t.Errorf("key %s lies in the clear", key.ID)
			}
		}
	})
}

// TestMoveTwice runs a move again that is over, and one that would put an installation where it was before.
func TestMoveTwice(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.serve(w.source.Store).create("Acme", 5)
		w.move()
		if again := w.move(); !again.Before {
			t.Errorf("a second move reports %+v", again)
		}
		w.source, w.target = w.target, w.source
		w.wantRefusal("is retired since", "the way back is orgd migrate from there to a new place")
	})
}

// TestUncountedOrganizationIsMoved moves from a store that does not count in time.
func TestUncountedOrganizationIsMoved(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		org := w.serve(w.source.Store).create("Acme", 1500)
		w.source.Store = failing(w.source.Store, "Documents.Usage")
		var last migration.Progress
		w.options.Progress = func(p migration.Progress) {
			if p.What == migration.StageDocuments {
				last = p
			}
		}
		if report := w.move(); report.Documents != 1500 {
			t.Errorf("the report is %+v", report)
		}
		if last.Done != 1500 || last.Total != 1500 {
			t.Errorf("at last it tells %+v", last)
		}
		w.serve(w.target.Store).wantDocuments(org, 1500)
	})
}

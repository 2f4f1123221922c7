package migration_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// around is a store whose calls go through do.
func around(inner store.Store, do func(method string, call func() error) error) store.Store {
	return storetest.Intercept(inner, func(_ context.Context, method string, call func() error) error { return do(method, call) })
}

// failing is a store of which a method fails.
func failing(inner store.Store, method string) store.Store {
	return around(inner, func(called string, call func() error) error {
		if called == method {
			return tenant.Errorf(tenant.CodeUnavailable, "fault: %s", method)
		}
		return call()
	})
}

// TestFaults cuts the move at every call to the store of the run, which is the target on the way there and the source on the way back,
// before its effect and after it, and runs it again: then it is complete, and at no moment were both stores in use.
func TestFaults(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		cut := "target"
		if w.back {
			cut = "source"
		}
		w.options.Parallel, w.options.Silence = 1, 20*time.Millisecond
		w.source.Shared, w.target.Shared = true, true
		s := w.installed()
		for n := 1; !t.Failed(); n++ {
			at := s.round(cut, n, storetest.Before)
			if at == "" {
				t.Logf("%d calls", n-1)
				return
			}
			if !storetest.Reads(at) {
				s.round(cut, n, storetest.After)
			}
		}
	})
}

// installed is a world whose source has everything that a move meets.
type installed struct {
	*world

	active, empty, gone tenant.Organization
	actions             []string
}

func (w *world) installed() *installed {
	w.t.Helper()
	before := w.serve(w.source.Store)
	s := &installed{world: w, active: before.create("Acme", 7), empty: before.create("Empty", 0), gone: before.create("Gone", 3)}
	w.must(before.orgs.Delete(w.t.Context(), before.caller(before.token("Gone")), s.gone.ID, 0))
	s.actions = before.entries("")
	return s
}

// round cuts a move at the n-th call of one store, runs it again, and returns the method that was cut, "" if there was none.
func (s *installed) round(cut string, n int, when storetest.When) string {
	t := s.t
	t.Helper()
	source, target := s.source, s.target
	faulty := map[string]*migration.Side{"source": &s.source, "target": &s.target}[cut]
	faults := storetest.NewFaults(faulty.Store)
	faulty.Store = s.watched(faults.Store(), source, target)
	faults.FailAt(n, when)
	_, err := s.try()
	at := faults.FiredAt()
	s.source, s.target = source, target
	where := fmt.Sprintf("%s %d %s %s", cut, n, when, at)
	if (err != nil) != (at != "") {
		t.Errorf("%s: the move ends with %v", where, err)
	}
	if at != "" {
		if _, err := s.try(); err != nil {
			t.Errorf("%s: the second move ends with %v", where, err)
		}
	}
	s.wantComplete(where)
	s.again()
	return at
}

// watched looks after each change of a standing whether both stores are in use.
func (s *installed) watched(inner store.Store, source, target migration.Side) store.Store {
	return around(inner, func(method string, call func() error) error {
		err := call()
		if method == "Transfer.Standing.Swap" {
			ctx := context.WithoutCancel(s.t.Context())
			from, errFrom := source.Transfer.Standing.Get(ctx)
			to, errTo := target.Transfer.Standing.Get(ctx)
			keys, errKeys := target.Keys.List(ctx)
			if errFrom != nil || errTo != nil || errKeys != nil {
				s.t.Errorf("look at the standings: %v, %v, %v", errFrom, errTo, errKeys)
			}
			if from.Phase != tenant.PhaseRetired && to.Phase == tenant.PhaseInUse && len(keys) > 0 {
				s.t.Errorf("both are in use: %+v and %+v", from, to)
			}
		}
		return err
	})
}

// wantComplete wants the target as the source is, and in use.
func (s *installed) wantComplete(where string) {
	t := s.t
	t.Helper()
	from, to := s.standings()
	if from.Phase != tenant.PhaseRetired || to.Phase != tenant.PhaseInUse {
		t.Errorf("%s: the source is %+v, the target %+v", where, from, to)
	}
	after := &server{t: t, store: s.target.Store}
	for org, n := range map[*tenant.Organization]int{&s.active: 7, &s.empty: 0} {
		there, err := s.target.Orgs.Get(t.Context(), org.ID)
		s.must(err)
		after.wantDocuments(there, n)
	}
	gone, err := s.target.Orgs.Get(t.Context(), s.gone.ID)
	s.must(err)
	docs, err := s.target.Transfer.Homes.Scan(t.Context(), store.Home{Place: gone.Place(), Trash: gone.Trash}, "", 100)
	if err != nil || len(docs) != 3 {
		t.Errorf("%s: %d documents in the trash (%v)", where, len(docs), err)
	}
	homes, err := s.target.Transfer.Homes.All(t.Context())
	s.must(err)
	if len(homes) != 3 {
		t.Errorf("%s: the target has %d homes: %+v", where, len(homes), homes)
	}
	if got := after.entries(""); !slices.Equal(got, append(slices.Clone(s.actions), string(access.InstallationMigrate))) {
		t.Errorf("%s: the log is %v", where, got)
	}
}

// again makes the source one in use, and the target an empty one, for the next round.
func (s *installed) again() {
	s.t.Helper()
	ctx := s.t.Context()
	homes, err := s.target.Transfer.Homes.All(ctx)
	s.must(err)
	for _, h := range homes {
		if h.Trash == "" {
			h.Trash = "op"
			s.must(s.target.Places.Trash(ctx, h.Place, h.Trash))
		}
		s.must(s.target.Places.Drop(ctx, h.Place.Org, h.Trash))
	}
	all := s.target.Transfer
	for _, empty := range []func(context.Context) error{
		all.Orgs.Clear, all.Users.Clear, all.Operators.Clear, all.Sessions.Clear, all.Keys.Clear, all.Idempotency.Clear, all.Audit.Clear,
	} {
		s.must(empty(ctx))
	}
	from, to := s.standings()
	s.must(s.source.Transfer.Standing.Swap(ctx, from, tenant.Standing{}))
	s.must(s.target.Transfer.Standing.Swap(ctx, to, tenant.Standing{}))
}

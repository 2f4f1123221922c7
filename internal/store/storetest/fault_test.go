package storetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// code complains unless err is of the code, "" for none.
func code(t *testing.T, want tenant.Code, err error, what string) {
	t.Helper()
	if got := tenant.CodeOf(err); got != want {
		t.Errorf("%s: got %q (%v), want %q", what, got, err, want)
	}
}

func TestFaultBeforeTheEffect(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	s, org := f.Store(), acme("acme")
	f.FailAt(2, storetest.Before)
	code(t, tenant.CodeNotFound, get(t, s, org.ID), "the first call")
	code(t, tenant.CodeUnavailable, s.Orgs.Insert(t.Context(), org, ref), "the call that fails")
	if !f.Fired() || f.FiredAt() != "Orgs.Insert" || f.Calls() != 2 {
		t.Errorf("fired %t at %q after %d calls", f.Fired(), f.FiredAt(), f.Calls())
	}
	code(t, tenant.CodeUnavailable, get(t, s, org.ID), "a call of the dead")
	code(t, tenant.CodeUnavailable, s.Health.Ping(t.Context()), "another call of the dead")
	f.Heal()
	code(t, tenant.CodeNotFound, get(t, s, org.ID), "a look at what never happened")
	if want := []string{"Orgs.Get", "Orgs.Insert", "Orgs.Get", "Health.Ping"}; !slices.Equal(f.Trace(), want) {
		t.Errorf("the calls were %v, want %v: what comes after Heal does not count", f.Trace(), want)
	}
	if !f.Fired() {
		t.Error("Heal forgets that the fault fired")
	}
}

func TestFaultAfterTheEffect(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	s, org := f.Store(), acme("acme")
	f.FailAt(1, storetest.After)
	code(t, tenant.CodeUnknownOutcome, s.Orgs.Insert(t.Context(), org, ref), "the write whose answer is lost")
	code(t, tenant.CodeUnavailable, s.Orgs.Insert(t.Context(), acme("other"), ref), "a call of the dead")
	f.Heal()
	code(t, "", get(t, s, org.ID), "a look at what happened")
	f.FailAt(1, storetest.After)
	code(t, tenant.CodeUnavailable, get(t, s, org.ID), "the read whose answer is lost")
	f.FailAt(1, storetest.After)
	_, err := s.Orgs.Update(t.Context(), "nobody", ref, func(*tenant.Organization) error { return nil })
	code(t, tenant.CodeUnknownOutcome, err, "the refused write whose answer is lost")
}

func TestFaultOnce(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	s, org := f.Store(), acme("acme")
	f.FailOnceAt(1, storetest.After)
	code(t, tenant.CodeUnknownOutcome, s.Orgs.Insert(t.Context(), org, ref), "the write whose answer is lost")
	code(t, tenant.CodeIDTaken, s.Orgs.Insert(t.Context(), org, ref), "the same write again")
	code(t, "", get(t, s, org.ID), "a look at what happened")
	f.FailOnceAt(3, storetest.Before)
	code(t, "", get(t, s, org.ID), "the first call")
	if f.Fired() {
		t.Error("a fault that lies ahead counts as fired")
	}
}

// Two callers race for one claim. The test stands between them without waiting for a clock.
func TestBlockHoldsOneCallUp(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	s, first, second := f.Store(), acme("acme"), acme("acme")
	reached, release := f.Block("Orgs.Insert")
	answer := make(chan error)
	go func() { answer <- s.Orgs.Insert(t.Context(), first, ref) }()
	<-reached
	code(t, "", s.Orgs.Insert(t.Context(), second, ref), "the caller that came later and was not held up")
	release()
	release()
	code(t, tenant.CodeNameTaken, <-answer, "the caller that was held up")
}

func TestBlockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	reached, release := f.Block("Health.Ping")
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() { answer <- f.Store().Health.Ping(ctx) }()
	<-reached
	cancel()
	code(t, tenant.CodeUnavailable, <-answer, "the call that was held up")
}

func TestBlockRefusesAMethodThatIsNone(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a test that blocks nothing would wait for ever")
		}
	}()
	storetest.NewFaults(store.Store{}).Block("Orgs.Isnert")
}

// get looks an organization up and returns how that ended.
func get(t *testing.T, s store.Store, id tenant.OrgID) error {
	t.Helper()
	_, err := s.Orgs.Get(t.Context(), id)
	return err
}

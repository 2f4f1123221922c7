package placement_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// hot is a directory over a store whose calls are counted, and the test's clock.
type hot struct {
	t     *testing.T
	store store.Store
	dir   *placement.Directory
	now   time.Time
	calls map[string]int
	fail  error // of Orgs.Versions
}

func newHot(t *testing.T) *hot {
	t.Helper()
	h := &hot{t: t, now: time.Now(), calls: map[string]int{}}
	h.store = storetest.Intercept(open(t), func(_ context.Context, method string, call func() error) error {
		h.calls[method]++
		if method == "Orgs.Versions" && h.fail != nil {
			return h.fail
		}
		return call()
	})
	h.dir = placement.NewDirectory(h.store.Orgs, func() time.Time { return h.now })
	h.dir.RenewAtOnce()
	return h
}

func (h *hot) pass(d time.Duration) { h.now = h.now.Add(d) }

// reads returns how often an organization was read by itself since the last time.
func (h *hot) reads() int {
	n := h.calls["Orgs.Get"] + h.calls["Orgs.Find"]
	h.calls["Orgs.Get"], h.calls["Orgs.Find"] = 0, 0
	return n
}

func (h *hot) look(org tenant.Organization) tenant.Name {
	h.t.Helper()
	got, err := h.dir.ByID(h.t.Context(), org.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return got.Name
}

func TestFactsInUseAreRenewedWithOneCall(t *testing.T) {
	h := newHot(t)
	var orgs []tenant.Organization
	for i := range 20 {
		orgs = append(orgs, insert(t, h.store, tenant.Name(fmt.Sprintf("Acme %d", i))))
		h.look(orgs[i])
	}
	idle := insert(t, h.store, "Idle")
	if _, err := h.dir.ByName(t.Context(), "idle"); err != nil {
		t.Fatal(err)
	}
	h.look(idle)
	h.reads()
	h.pass(300 * time.Millisecond)
	for _, org := range orgs {
		h.look(org)
	}
	for range 10 {
		h.pass(600 * time.Millisecond)
		for _, org := range orgs {
			h.look(org)
		}
	}
	if n, looks := h.reads(), h.calls["Orgs.Versions"]; n != 0 || looks > 12 {
		t.Errorf("%d reads and %d looks in six seconds, want none and about ten", n, looks)
	}
	h.look(idle)
	if h.reads() != 1 {
		t.Error("a fact that nobody used was kept fresh all the time")
	}
}

// What is renewed counts from before the question, and no change escapes it.
func TestRenewalDropsWhatChanged(t *testing.T) {
	h := newHot(t)
	org, gone, same := insert(t, h.store, "Acme"), insert(t, h.store, "Gone"), insert(t, h.store, "Same")
	for _, o := range []tenant.Organization{org, gone, same} {
		h.look(o)
		h.look(o) // what is read once is not in use
	}
	rename(t, h.store, org.ID, "ACME")
	if err := h.store.Orgs.Remove(t.Context(), gone.ID, gone.Version, tenant.Upkeep{Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	h.reads()
	h.pass(600 * time.Millisecond)
	for _, o := range []tenant.Organization{org, gone, same} {
		_, _ = h.dir.ByID(t.Context(), o.ID) // has them looked after: now, or before this
	}
	h.reads()
	if got := h.look(org); got != "ACME" || h.look(same) != "Same" {
		t.Errorf("after the renewal the directory says %s", got)
	}
	if _, err := h.dir.ByID(t.Context(), gone.ID); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("what is gone: %v", err)
	}
	rename(t, h.store, same.ID, "SAME")
	h.pass(placement.FactTTL)
	if got := h.look(same); got != "SAME" {
		t.Errorf("a renewed fact outlived its time: %s", got)
	}
}

// A store that does not answer is not asked all the time, and the facts go at their time.
func TestRenewalThatFails(t *testing.T) {
	h := newHot(t)
	org := insert(t, h.store, "Acme")
	h.look(org)
	h.look(org)
	h.fail = tenant.Errorf(tenant.CodeUnavailable, "the test says so")
	h.reads()
	for range 40 {
		h.pass(10 * time.Millisecond)
		h.look(org)
	}
	h.pass(200 * time.Millisecond)
	for range 30 {
		h.pass(10 * time.Millisecond)
		h.look(org)
	}
	if n := h.calls["Orgs.Versions"]; n != 2 || h.reads() != 0 {
		t.Errorf("%d questions while the store does not answer, want two", n)
	}
	h.pass(110 * time.Millisecond)
	h.look(org)
	if h.reads() != 1 {
		t.Error("a fact that could not be renewed outlived its time")
	}
}

// between does something after the store has answered the question of a renewal, and before the directory hears it.
func (h *hot) between(do func(ctx context.Context) error) {
	did := false
	late := storetest.Intercept(h.store, func(ctx context.Context, method string, call func() error) error {
		err := call()
		if method == "Orgs.Versions" && !did {
			did = true
			return do(ctx)
		}
		return err
	})
	h.dir.ReadFrom(late.Orgs)
	h.t.Cleanup(func() {
		if !did {
			h.t.Error("there was no renewal")
		}
	})
}

// An own write that comes between a question and its answer is not undone by the answer.
func TestRenewalAcrossAnOwnWrite(t *testing.T) {
	h := newHot(t)
	org := insert(t, h.store, "Acme")
	h.look(org)
	h.look(org)
	h.between(func(context.Context) error {
		h.dir.Learn(rename(t, h.store, org.ID, "Beta"))
		return nil
	})
	h.pass(600 * time.Millisecond)
	h.look(org)
	if got := h.look(org); got != "Beta" {
		t.Errorf("after the own write the directory says %s", got)
	}
}

// Rule gate-epoch holds for renewals too: one that was asked before a drain leaves nothing behind it.
func TestRenewalAcrossADrain(t *testing.T) {
	h := newHot(t)
	org := insert(t, h.store, "Acme")
	h.look(org)
	h.look(org)
	gates := placement.NewGates(h.dir, h.store.Instances, self)
	h.between(func(ctx context.Context) error { return drain(ctx, gates, rename(t, h.store, org.ID, "Beta")) })
	h.pass(600 * time.Millisecond)
	h.look(org)
	if got := h.look(org); got != "Beta" {
		t.Errorf("after the drain the directory says %s", got)
	}
}

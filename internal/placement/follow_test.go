package placement_test

import (
	"context"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// Rule gate-epoch holds for who follows as for who drains: a read that began before the acknowledgement and returns after it
// leaves nothing in the directory.
func TestFollowerKeepsNoFactFromBefore(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	h := holdAnswers(s)
	h.armed.Store(true)
	now := time.Now()
	dir := placement.NewDirectory(h.store.Orgs, func() time.Time { return now })
	gates := placement.NewGates(dir, h.store.Instances, self)
	late := make(chan error, 1)
	go func() {
		_, err := dir.ByID(context.Background(), org.ID)
		late <- err
	}()
	<-h.read
	moving := rename(t, s, org.ID, "Beta")
	moving.State, moving.Op = tenant.StateRenaming, &tenant.Operation{Server: "another"}
	changed, err := gates.Follow(t.Context(), []tenant.Organization{moving})
	if err != nil || !changed || gates.Acks()[org.ID].Epoch != moving.Epoch {
		t.Fatalf("followed: changed=%v acks=%v (%v)", changed, gates.Acks(), err)
	}
	close(h.release)
	if err := <-late; err != nil {
		t.Fatal(err)
	}
	if got, err := dir.ByID(t.Context(), org.ID); err != nil || got.Name != "Beta" {
		t.Errorf("after the acknowledgement the directory says %v (%v)", got, err)
	}
	if changed, err := gates.Follow(t.Context(), nil); err != nil || !changed || len(gates.Followed()) != 0 {
		t.Errorf("at the end: changed=%v followed=%v (%v)", changed, gates.Followed(), err)
	}
}

// An operation of one's own, or one that does not drain, is not followed.
func TestFollowLeavesOwnOperationsAlone(t *testing.T) {
	s := open(t)
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	own, creating := insert(t, s, "Own"), insert(t, s, "Creating")
	own.State, own.Op = tenant.StateRenaming, &tenant.Operation{Server: self}
	creating.State, creating.Op = tenant.StateCreating, &tenant.Operation{Server: "another"}
	if changed, err := gates.Follow(t.Context(), []tenant.Organization{own, creating}); err != nil || changed || gates.Closed() != 0 {
		t.Errorf("changed=%v, %d gates closed (%v)", changed, gates.Closed(), err)
	}
}

// What another one has removed is forgotten, and nobody waits for it.
func TestFollowToTheRemoval(t *testing.T) {
	s := open(t)
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	org := insert(t, s, "Acme")
	moving := rename(t, s, org.ID, "Beta")
	moving.State, moving.Op = tenant.StateDeleting, &tenant.Operation{Server: "another"}
	if _, err := gates.Follow(t.Context(), []tenant.Organization{moving}); err != nil {
		t.Fatal(err)
	}
	if err := s.Orgs.Remove(t.Context(), org.ID, moving.Version, tenant.Upkeep{Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := gates.Follow(t.Context(), nil); err != nil || gates.Closed() != 0 {
		t.Errorf("%d gates closed (%v)", gates.Closed(), err)
	}
	if _, err := gates.Enter(t.Context(), org.ID); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("enter what is gone: %v", err)
	}
}

// A look at the list of servers that fails is tried again, and does not end a drain that has time left.
func TestDrainOutlivesALookThatFails(t *testing.T) {
	failures := 2
	s := storetest.Intercept(open(t), func(_ context.Context, method string, call func() error) error {
		if method == "Instances.List" && failures > 0 {
			failures--
			return tenant.Errorf(tenant.CodeUnavailable, "the test says so")
		}
		return call()
	})
	org := insert(t, s, "Acme")
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	if clean, err := gates.Drain(t.Context(), rename(t, s, org.ID, "Beta")); err != nil || !clean || failures != 0 {
		t.Errorf("clean=%v after %d failures (%v)", clean, 2-failures, err)
	}
}

package placement_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func TestDrainWaitsForThoseInsideAndKeepsOthersOut(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	dir := placement.NewDirectory(s.Orgs, time.Now)
	gates := placement.NewGates(dir, s.Instances, self)
	visit, err := gates.Enter(t.Context(), org.ID)
	if err != nil {
		t.Fatal(err)
	}
	begun := rename(t, s, org.ID, "Beta")
	drained := make(chan error, 1)
	go func() { drained <- drain(context.Background(), gates, begun) }()
	for gates.Closed() == 0 {
		select {
		case err := <-drained:
			t.Fatalf("drained with somebody inside: %v", err)
		default:
		}
	}
	entered := make(chan tenant.Name, 1)
	go func() {
		v, err := gates.Enter(context.Background(), org.ID)
		if err != nil {
			t.Errorf("enter after the drain: %v", err)
			entered <- ""
			return
		}
		defer v.Leave(nil)
		entered <- v.Org.Name
	}()
	visit.Leave(nil)
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	select {
	case name := <-entered:
		t.Fatalf("entered %s through a closed gate", name)
	default:
	}
	gates.Open(begun)
	if name := <-entered; name != "Beta" {
		t.Errorf("entered %q after the rename", name)
	}
	if n := gates.Closed(); n != 0 {
		t.Errorf("%d gates stayed closed", n)
	}
}

// The times of the barrier, on a clock of the test's own.
func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org := tenant.Organization{ID: tenant.OrgID(tenant.NewID()), Name: "Acme", Slug: "acme", State: tenant.StateActive, Epoch: 1}
		dir := placement.NewDirectory(constOrgs{org: org}, time.Now)
		gates := placement.NewGates(dir, noInstances{}, self)
		visit, err := gates.Enter(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := gates.Drain(t.Context(), org); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("drain with somebody inside: %v", err)
		}
		if took := time.Since(began); took != placement.DrainLimit {
			t.Errorf("drain gave up after %v, want %v", took, placement.DrainLimit)
		}
		began = time.Now()
		_, err = gates.Enter(t.Context(), org.ID)
		if !tenant.IsCode(err, tenant.CodeUnavailable) || time.Since(began) != placement.WaitLimit {
			t.Errorf("enter gave up after %v with %v, want %v", time.Since(began), err, placement.WaitLimit)
		}
		visit.Leave(nil)
		gates.Open(org)
		again, err := gates.Enter(t.Context(), org.ID)
		if err != nil {
			t.Fatalf("after the operation was taken back: %v", err)
		}
		again.Leave(nil)
	})
}

// An operation that was given up never opens the gate that a later one has closed.
func TestOldOperationDoesNotOpenANewGate(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	begun := rename(t, s, org.ID, "Beta")
	if _, err := gates.Drain(t.Context(), begun); err != nil {
		t.Fatal(err)
	}
	gates.Open(org)
	if gates.Closed() != 1 {
		t.Error("an organization of an earlier epoch opened the gate")
	}
	gates.Open(begun)
	if gates.Closed() != 0 {
		t.Error("the operation could not open its gate")
	}
}

// Other servers' acknowledgements count: without one the drain fails.
func TestDrainAwaitsOtherServers(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	const other tenant.InstanceID = "other"
	if err := s.Instances.Register(t.Context(), tenant.Instance{ID: other, StartedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	begun := rename(t, s, org.ID, "Beta")
	if _, err := gates.Drain(t.Context(), begun); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("drained without the other server: %v", err)
	}
	if err := s.Instances.Beat(t.Context(), other, tenant.Heartbeat{Counter: 1, Acks: map[tenant.OrgID]tenant.Ack{org.ID: {Epoch: begun.Epoch}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := gates.Drain(t.Context(), begun); err != nil {
		t.Errorf("with the other server's acknowledgement: %v", err)
	}
}

func TestEnterRefusesWhatReadersDoNotKnow(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, self)
	if _, err := s.Orgs.Update(t.Context(), org.ID, tenant.Upkeep{Reason: "test"}, func(o *tenant.Organization) error {
		o.State, o.Claims = tenant.StateTrashed, nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []tenant.OrgID{org.ID, "0192f0c1-0000-7000-8000-00000000000a"} {
		if _, err := gates.Enter(t.Context(), id); !tenant.IsCode(err, tenant.CodeNotFound) {
			t.Errorf("enter %s: %v", id, err)
		}
	}
}

// constOrgs is a catalog of one organization for the tests of time, which cannot wait for a disk.
type constOrgs struct {
	store.Orgs
	org tenant.Organization
}

func (c constOrgs) Get(context.Context, tenant.OrgID) (tenant.Organization, error) {
	return c.org.Clone(), nil
}

type noInstances struct{ store.Instances }

func (noInstances) List(context.Context) ([]tenant.Instance, error) { return nil, nil }

package orgs_test

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// A command beside servers is on no list. Servers leave its operation alone while its lease runs, and end it afterwards.
func TestOperationOfACommandHasItsLease(t *testing.T) {
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	command := start(t, f.Store(), func(deps *orgs.Deps) { deps.Gates = placement.NewGates(deps.Directory, deps.Instances, "") })
	if err := s.store.Instances.Remove(t.Context(), command.id); err != nil {
		t.Fatal(err)
	}
	reached, release := f.Block("Places.Restore")
	done := make(chan error, 1)
	go func() {
		_, err := command.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
		done <- err
	}()
	<-reached
	if err := s.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := s.store.Orgs.Get(t.Context(), org.ID)
	if err != nil || found.State != tenant.StateRestoring || found.Op == nil || found.Op.Server != "" {
		t.Errorf("while its lease runs the organization is %+v, %v", found, err)
	}
	later := func() time.Time { return time.Now().Add(6 * time.Second) }
	next := start(t, f.Store(), func(deps *orgs.Deps) { deps.Now = later })
	if err := next.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err = s.store.Orgs.Get(t.Context(), org.ID); err != nil || found.State != tenant.StateActive {
		t.Errorf("after it the organization is %+v, %v", found, err)
	}
	release()
	wantCode(t, <-done, tenant.CodeUnknownOutcome, "the command whose operation was taken over")
}

package orgs_test

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// A server whose clock is ahead leaves the operations of those that are alive alone: only a death takes them away.
func TestOperationOfALivingServerIsItsOwn(t *testing.T) {
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	reached, release := f.Block("Places.Rename")
	done := make(chan error, 1)
	go func() {
		_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta")})
		done <- err
	}()
	<-reached
	ahead := start(t, f.Store(), func(deps *orgs.Deps) { deps.Now = func() time.Time { return time.Now().Add(time.Hour) } })
	if err := ahead.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	release()
	wantCode(t, <-done, "", "the rename")
}

// However short the lease of the servers is, an operation that waited in vain for a silent one is taken back at once, and its
// caller told to come again.
func TestDrainInVainUnderAShortLease(t *testing.T) {
	s := start(t, open(t), func(deps *orgs.Deps) { deps.Limits.Lease = time.Second })
	org := s.create("Acme", ada)
	if err := s.store.Instances.Register(t.Context(), tenant.Instance{ID: tenant.InstanceID(tenant.NewID()), StartedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta")})
	wantCode(t, err, tenant.CodeUnavailable, "a rename while a server is silent")
	if now, err := s.store.Orgs.Get(t.Context(), org.ID); err != nil || !now.AtRest() || now.Name != "Acme" {
		t.Errorf("after it the organization is %+v (%v)", now, err)
	}
	s.write(org, `{"n":1}`)
}

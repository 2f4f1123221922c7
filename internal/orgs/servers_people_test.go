package orgs_test

import (
	"context"
	"testing"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// outlived has a server stop in the middle of an act, at each of the calls in their order; declares it dead and has another one
// finish what it began, and do what comes since. Then the server goes on.
func outlived(t *testing.T, calls []string, act func(ctx context.Context, s *server, org tenant.Organization) error,
	since func(next *server, org tenant.Organization),
) (*server, tenant.Organization) {
	t.Helper()
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	s.write(org, `{"n":1}`)
	reached, release := f.Block(calls[0])
	done := make(chan error, 1)
	go func() { done <- act(context.WithoutCancel(t.Context()), s, org) }()
	<-reached
	for _, call := range calls[1:] {
		next, releaseNext := f.Block(call)
		release()
		<-next
		release = releaseNext
	}
	if err := s.store.Instances.DeclareDead(t.Context(), s.id, 0); err != nil {
		t.Fatal(err)
	}
	next := start(t, f.Store())
	if err := next.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	since(next, org)
	release()
	if err := <-done; err == nil {
		t.Error("who was taken over says that it ended the operation")
	}
	return next, org
}

// A server that was taken over in the middle of a deletion brings nobody to the trash who was brought back since.
func TestStaleDeletionLeavesThePeople(t *testing.T) {
	next, org := outlived(t, []string{"Users.Members"},
		func(ctx context.Context, s *server, org tenant.Organization) error {
			return s.orgs.Delete(ctx, owner(org), org.ID, 0)
		},
		func(next *server, org tenant.Organization) {
			_, err := next.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
			wantCode(t, err, "", "restore")
		})
	user, err := next.store.Users.Get(t.Context(), org.Owners[0])
	if _, living := user.Living(org.ID); err != nil || !living || len(user.Claims) != 1 {
		t.Errorf("the owner of an organization that is back is %+v (%v)", user, err)
	}
}

// One that was taken over in the middle of a change of address does not undo the next one, whether it was about to take the
// address or to settle it.
func TestStaleChangeOfAddress(t *testing.T) {
	for name, calls := range map[string][]string{"taking": {"Users.Update"}, "settling": {"Places.Rename", "Users.Update"}} {
		t.Run(name, func(t *testing.T) {
			next, org := outlived(t, calls,
				func(ctx context.Context, s *server, org tenant.Organization) error {
					_, err := s.orgs.Update(ctx, owner(org), org.ID, orgs.Change{Name: new("Beta"), Email: new(eve)})
					return err
				},
				func(next *server, org tenant.Organization) {
					_, err := next.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Email: new("zoe@example.com")})
					wantCode(t, err, "", "the next change of address")
				})
			user, err := next.store.Users.Get(t.Context(), org.Owners[0])
			if err != nil || user.Email != "zoe@example.com" || user.Pending() {
				t.Errorf("the owner is %s with %v (%v)", user.Email, user.Claims, err)
			}
		})
	}
}

package orgs_test

import (
	"testing"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// Who changes the address that they have seen does not overwrite one that somebody has set since, be it in the very last moment.
func TestAddressThatChangesMeanwhileStands(t *testing.T) {
	for name, tc := range map[string]struct {
		change orgs.Change
		waits  string // the store call that waits until the other change is done
	}{
		"alone":             {orgs.Change{Email: new(eve)}, "Users.Update"},
		"with a password":   {orgs.Change{Email: new(eve), Password: new(otherPassword)}, "Users.Update"},
		"with another name": {orgs.Change{Email: new(eve), Name: new("Beta")}, "Users.Get"},
	} {
		t.Run(name, func(t *testing.T) {
			f := storetest.NewFaults(open(t))
			s := start(t, f.Store())
			org := s.create("Acme", ada)
			seen, err := s.store.Users.Get(t.Context(), org.Owners[0])
			if err != nil {
				t.Fatal(err)
			}
			tc.change.IfVersion, tc.change.IfOwner = org.Version, seen.Version
			reached, release := f.Block(tc.waits)
			done := make(chan error, 1)
			go func() {
				_, err := s.orgs.Update(t.Context(), owner(org), org.ID, tc.change)
				done <- err
			}()
			<-reached
			if _, err := s.store.Users.Update(t.Context(), seen.ID, tenant.Upkeep{Reason: "test"}, func(u *tenant.User) error {
				u.Settle("set@meanwhile.example")
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			release()
			wantCode(t, <-done, tenant.CodePrecondition, "the change of an address that was another one by then")
			user, err := s.store.Users.Get(t.Context(), seen.ID)
			if err != nil || user.Email != "set@meanwhile.example" || user.Pending() {
				t.Errorf("the owner's account is %+v, %v", user, err)
			}
			if now, err := s.store.Orgs.Get(t.Context(), org.ID); err != nil || now.Version != org.Version {
				t.Errorf("the organization is %+v, %v", now, err)
			}
		})
	}
}

// MatchOwner tells those who may see the owner's address, and nobody else, whether the account is the one that they saw.
func TestMatchOwner(t *testing.T) {
	s := start(t, open(t))
	org, other := s.create("Acme", ada), s.create("Other", eve)
	seen, err := s.store.Users.Get(t.Context(), org.Owners[0])
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.orgs.MatchOwner(t.Context(), owner(org), &org, seen.Version), "", "the owner, of the account as it is")
	wantCode(t, s.orgs.MatchOwner(t.Context(), owner(org), &org, seen.Version+1), tenant.CodePrecondition, "the owner, of another version")
	wantCode(t, s.orgs.MatchOwner(t.Context(), operator(), &org, seen.Version+1), tenant.CodePrecondition, "an operator, of another version")
	wantCode(t, s.orgs.MatchOwner(t.Context(), owner(other), &org, seen.Version+1), "", "a stranger, of another version")
}

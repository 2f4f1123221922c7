package orgs_test

import (
	"testing"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// A password is hashed for as long as the queue is, after the caller was asked for. A session that somebody ends meanwhile
// sets no password any more, and does not come back to life.
func TestSessionThatEndsWhileThePasswordIsHashed(t *testing.T) {
	for name, change := range map[string]orgs.Change{
		"alone":             {Password: new("thief of a thousand staples")},
		"with the address":  {Email: new("thief@x.example"), Password: new("thief of a thousand staples")},
		"with another name": {Name: new("Stolen"), Password: new("thief of a thousand staples")},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, open(t))
			org := s.create("Acme", "ada@acme.example")
			thief := owner(org)
			if _, err := s.store.Users.Update(t.Context(), thief.User, tenant.Upkeep{Reason: "test"}, func(u *tenant.User) error {
				u.PasswordHash = "ada's next"
				u.EndSessions("ada's")
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			_, err := s.orgs.Update(t.Context(), thief, org.ID, change)
			wantCode(t, err, tenant.CodeUnauthenticated, "a change by a session that has ended")
			user, err := s.store.Users.Get(t.Context(), thief.User)
			if err != nil || user.PasswordHash != "ada's next" || user.Email != "ada@acme.example" || user.Sessions.Except != "ada's" {
				t.Errorf("the owner's account is %+v, %v", user, err)
			}
			if now, err := s.store.Orgs.Get(t.Context(), org.ID); err != nil || now.Name != "Acme" || !now.AtRest() {
				t.Errorf("the organization is %+v, %v", now, err)
			}
		})
	}
}

// A password that is set while a rename with another password is under way came later, and stands.
func TestPasswordSetDuringTheRenameStands(t *testing.T) {
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	reached, release := f.Block("Places.Rename")
	done := make(chan error, 1)
	go func() {
		_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta"), Email: new(eve), Password: new(otherPassword)})
		done <- err
	}()
	<-reached
	if _, err := s.store.Users.Update(t.Context(), org.Owners[0], tenant.Upkeep{Reason: "test"}, func(u *tenant.User) error {
		u.PasswordHash = "set by a reset link"
		u.EndSessions("")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	release()
	wantCode(t, <-done, "", "the rename")
	user, err := s.store.Users.Get(t.Context(), org.Owners[0])
	if err != nil || user.PasswordHash != "set by a reset link" || user.Email != eve || user.Pending() || user.Sessions.Except != "" {
		t.Errorf("the owner's account is %+v, %v", user, err)
	}
}

// Of two renames with another address and password at once the second one waits, and by then its session has ended: it changes
// nothing, and not the half that the first one has left.
func TestRenameThatWaitedForAnotherPassword(t *testing.T) {
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	moving, move := f.Block("Places.Rename")
	answers := make(chan error, 2)
	rename := func(me access.Caller, name, email, password string) {
		_, err := s.orgs.Update(t.Context(), me, org.ID, orgs.Change{Name: &name, Email: &email, Password: &password})
		answers <- err
	}
	go rename(owner(org), "Beta", eve, otherPassword)
	<-moving
	beginning, begin := f.Block("Orgs.Update")
	late := owner(org)
	late.Session = "elsewhere"
	go rename(late, "Gamma", "late@example.com", "a third staple of the horse")
	<-beginning
	move()
	wantCode(t, <-answers, "", "the first rename")
	begin()
	wantCode(t, <-answers, tenant.CodeUnauthenticated, "the rename that waited")
	if got := openDesk(t, f.Store()).good(org.ID, login{eve, otherPassword}); len(got) != 1 {
		t.Error("the owner does not sign in as the first rename has it")
	}
	if now, err := s.store.Orgs.Get(t.Context(), org.ID); err != nil || now.Name != "Beta" || !now.AtRest() {
		t.Errorf("the organization is %+v, %v", now, err)
	}
}

// A rename that sets a password keeps other changes of the account out until it has ended, since its own would be lost.
func TestChangeOfAddressDuringARenameWithPassword(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	org := s.create("Acme", ada)
	moving, move := f.Block("Places.Rename")
	done := make(chan error, 1)
	go func() {
		_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta"), Password: new(otherPassword)})
		done <- err
	}()
	<-moving
	_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Email: new(eve)})
	wantCode(t, err, tenant.CodeOperationInProgress, "a change meanwhile")
	move()
	wantCode(t, <-done, "", "the rename")
	if got := openDesk(t, f.Store()).good(org.ID, login{ada, otherPassword}); len(got) != 1 {
		t.Error("the password is lost")
	}
}

// An account that has changed between the record of a rename and its first step is left alone, and so is the name.
func TestRenameOvertakenByAnotherPassword(t *testing.T) {
	for name, change := range map[string]orgs.Change{
		"with password":             {Name: new("Beta"), Password: new(otherPassword)},
		"with address and password": {Name: new("Beta"), Email: new(eve), Password: new(otherPassword)},
	} {
		t.Run(name, func(t *testing.T) {
			inner := open(t)
			f := storetest.NewFaults(inner)
			s := start(t, f.Store())
			org := s.create("Acme", ada)
			reserving, reserve := f.Block("Users.Update")
			done := make(chan error, 1)
			go func() {
				_, err := s.orgs.Update(t.Context(), owner(org), org.ID, change)
				done <- err
			}()
			<-reserving
			if _, err := inner.Users.Update(t.Context(), org.Owners[0], tenant.Upkeep{Reason: "test"}, func(u *tenant.User) error {
				u.PasswordHash = "set by a reset link"
				u.EndSessions("")
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			reserve()
			wantCode(t, <-done, tenant.CodeOperationInProgress, "the rename")
			user, err := inner.Users.Get(t.Context(), org.Owners[0])
			if err != nil || user.PasswordHash != "set by a reset link" || user.Email != ada || user.Pending() {
				t.Errorf("the owner's account is %+v, %v", user, err)
			}
			if now, err := inner.Orgs.Get(t.Context(), org.ID); err != nil || now.Name != "Acme" || !now.AtRest() {
				t.Errorf("the organization is %+v, %v", now, err)
			}
		})
	}
}

package authn_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

func TestMeShowsTheAccountAndWhatIsThere(t *testing.T) {
	w := newWorld(t)
	acme, gone, left := w.organization("Acme Corp"), w.organization("Gone"), w.organization("Left")
	user := w.person("ada@acme.example", acme, gone, left)
	_, caller := w.signIn("ada@acme.example", password, "")
	w.setState(gone.ID, tenant.StateTrashed)
	w.changeUser(user.ID, func(u *tenant.User) { u.Memberships[2].Trashed = true })
	me, err := w.Me(t.Context(), caller)
	w.must(err)
	if me.Kind != tenant.ActorMember || me.UserID != user.ID || me.Email != "ada@acme.example" || len(me.Memberships) != 1 ||
		me.Memberships[0] != (authn.MyMembership{OrgID: acme.ID, OrgName: "Acme Corp", Slug: "acme_corp", Role: tenant.RoleOwner}) {
		t.Errorf("got %+v", me)
	}
	operator := w.operator()
	_, caller = w.signIn("ops@orgd.example", password, "operator")
	me, err = w.Me(t.Context(), caller)
	w.must(err)
	if me.Kind != tenant.ActorOperator || me.OperatorID != operator.ID || me.Email != "ops@orgd.example" || me.UserID != "" {
		t.Errorf("got %+v", me)
	}
	_, err = w.Me(t.Context(), anyone("home"))
	wantCode(t, "a stranger's account", err, tenant.CodeUnauthenticated)
	_, err = w.UpdateMe(t.Context(), anyone("home"), authn.AccountChange{Password: new(second)})
	wantCode(t, "a change by a stranger", err, tenant.CodeUnauthenticated)
}

func TestChangeOfAddressAndPasswordIsOneWriteThatEndsOtherSessions(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	mine, caller := w.signIn("ada@acme.example", password, "")
	other, _ := w.signIn("ada@acme.example", password, "")
	w.must(ignoreFirst(w.ResetLink(t.Context(), access.Console(), "ada@acme.example")))
	me, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{
		Email: new("Ada@New.example"), Password: new(second), CurrentPassword: password,
	})
	w.must(err)
	if me.Email != "ada@new.example" {
		t.Errorf("the address is %s", me.Email)
	}
	if cached, fresh := w.allowed(mine); !cached || !fresh {
		t.Error("the session that asked has ended")
	}
	if cached, fresh := w.allowed(other); cached || fresh {
		t.Error("another session is still good, here and now")
	}
	entries := w.entries(org.ID)
	if len(entries) != 1 {
		t.Fatalf("%d audit entries, want 1", len(entries))
	}
	e := entries[0]
	if e.Action != string(access.AccountUpdate) || e.Target != string(user.ID) || e.Actor.ID != string(user.ID) ||
		e.Detail["email"] != "changed" || e.Detail["password"] != "changed" || e.Address != "home" {
		t.Errorf("the entry is %+v", e)
	}
	stored, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	if stored.Reset != nil {
		t.Error("a reset link outlived the change")
	}
	w.signIn("ada@new.example", second, "")
	for _, c := range [][2]string{{"ada@acme.example", second}, {"ada@new.example", password}} {
		_, err := w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: c[0], Password: c[1]})
		wantCode(t, "the former "+c[0], err, tenant.CodeUnauthenticated)
	}
	w.person("ada@acme.example", org) // the former address is free
}

func ignoreFirst(_ string, _ time.Time, err error) error { return err }

func TestWhatIsNotAcceptedChangesNothing(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	w.person("eve@acme.example", org)
	_, caller := w.signIn("ada@acme.example", password, "")
	before, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	for what, c := range map[string]struct {
		change authn.AccountChange
		code   tenant.Code
		fields int
	}{
		"nothing":              {authn.AccountChange{}, "", 0},
		"the same address":     {authn.AccountChange{Email: new("ADA@acme.example")}, "", 0},
		"no current password":  {authn.AccountChange{Password: new(second)}, tenant.CodeStaleAuthentication, 0},
		"a wrong one":          {authn.AccountChange{Password: new(second), CurrentPassword: "wrong"}, tenant.CodeStaleAuthentication, 0},
		"no address":           {authn.AccountChange{Email: new("ada"), CurrentPassword: password}, tenant.CodeInvalid, 1},
		"two bad fields":       {authn.AccountChange{Email: new("ada"), Password: new("short"), CurrentPassword: password}, tenant.CodeInvalid, 2},
		"the organization":     {authn.AccountChange{Password: new("AcmeCorp1"), CurrentPassword: password}, tenant.CodeInvalid, 1},
		"the product":          {authn.AccountChange{Password: new("orgd12345"), CurrentPassword: password}, tenant.CodeInvalid, 1},
		"the next local part":  {authn.AccountChange{Email: new("lovelace@acme.example"), Password: new("lovelace1"), CurrentPassword: password}, tenant.CodeInvalid, 1},
		"somebody's address":   {authn.AccountChange{Email: new("eve@acme.example"), CurrentPassword: password}, tenant.CodeEmailTaken, 0},
		"too long for bcrypt":  {authn.AccountChange{Password: new(string(make([]byte, 73))), CurrentPassword: password}, tenant.CodeInvalid, 1},
		"the common password1": {authn.AccountChange{Password: new("password123"), CurrentPassword: password}, tenant.CodeInvalid, 1},
	} {
		_, err := w.UpdateMe(t.Context(), caller, c.change)
		wantCode(t, what, err, c.code)
		if e, ok := err.(*tenant.Error); ok && len(e.Fields) != c.fields { //nolint:errorlint // fields stand in the error itself
			t.Errorf("%s: %d fields named, want %d", what, len(e.Fields), c.fields)
		}
	}
	after, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	if after.Version != before.Version || len(w.entries(org.ID)) != 0 {
		t.Errorf("version %d became %d, %d entries", before.Version, after.Version, len(w.entries(org.ID)))
	}
}

func TestWrongCurrentPasswordsAreThrottledLikeLogins(t *testing.T) {
	w := newWorld(t)
	w.ada()
	_, caller := w.signIn("ada@acme.example", password, "")
	change := authn.AccountChange{Password: new(second), CurrentPassword: "wrong"}
	for range throttle.PairFailures {
		_, err := w.UpdateMe(t.Context(), caller, change)
		wantCode(t, "a guess", err, tenant.CodeStaleAuthentication)
	}
	_, err := w.UpdateMe(t.Context(), caller, change)
	wantCode(t, "one guess more", err, tenant.CodeThrottled)
	_, err = w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: "ada@acme.example", Password: password})
	wantCode(t, "a login from there", err, tenant.CodeThrottled)
}

func TestAskingForTakenAddressesIsThrottled(t *testing.T) {
	w := newWorld(t)
	org, _ := w.ada()
	w.person("eve@acme.example", org)
	_, caller := w.signIn("ada@acme.example", password, "")
	change := authn.AccountChange{Email: new("eve@acme.example"), CurrentPassword: password}
	for range throttle.PrefixFailures {
		_, err := w.UpdateMe(t.Context(), caller, change)
		wantCode(t, "a taken address", err, tenant.CodeEmailTaken)
	}
	_, err := w.UpdateMe(t.Context(), caller, change)
	wantCode(t, "one more", err, tenant.CodeThrottled)
}

func TestChangeWaitsForNobodyButSaysWhoIsInTheWay(t *testing.T) {
	hook := &hookedUpdates{}
	w := newWorld(t, func(d *authn.Deps) { hook.Users, d.Users = d.Users, hook })
	org, user := w.ada()
	_, caller := w.signIn("ada@acme.example", password, "")
	w.changeUser(user.ID, func(u *tenant.User) { w.must(u.Reserve("third@acme.example")) })
	_, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{Password: new(second), CurrentPassword: password})
	wantCode(t, "while an operation changes the address", err, tenant.CodeOperationInProgress)
	w.changeUser(user.ID, func(u *tenant.User) { u.Settle(u.Email) })

	// An address that somebody else's change has half: whoever waits sees the outcome.
	eve := w.person("eve@acme.example", org)
	w.changeUser(eve.ID, func(u *tenant.User) { w.must(u.Reserve("half@acme.example")) })
	var ended sync.WaitGroup
	ended.Go(func() { w.changeUser(eve.ID, func(u *tenant.User) { u.Settle("eve@acme.example") }) })
	me, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{Email: new("half@acme.example"), CurrentPassword: password})
	ended.Wait()
	if err != nil || me.Email != "half@acme.example" {
		t.Errorf("got %+v, %v", me, err)
	}
	w.changeUser(eve.ID, func(u *tenant.User) { w.must(u.Reserve("quarter@acme.example")) })
	short, cancel := context.WithCancel(t.Context())
	hook.after = cancel // the caller's time is over while the change waits, and not while the store writes
	_, err = w.UpdateMe(short, caller, authn.AccountChange{Email: new("quarter@acme.example"), CurrentPassword: password})
	wantCode(t, "a change that does not end", err, tenant.CodeUnavailable)
}

// hookedUpdates runs something just before an account is written, or just after.
type hookedUpdates struct {
	store.Users
	before, after func()
}

func (h *hookedUpdates) Update(ctx context.Context, id tenant.UserID, trail tenant.Trail,
	change func(*tenant.User) error,
) (tenant.User, error) {
	if h.before != nil {
		run := h.before
		h.before = nil
		run()
	}
	if h.after != nil {
		defer h.after()
	}
	return h.Users.Update(ctx, id, trail, change)
}

// Between the check of the current password and the write the account may change or go to the trash.
func TestChangeOfAnAccountThatChangedMeanwhileIsRefused(t *testing.T) {
	for what, meanwhile := range map[string]func(*tenant.User){
		"another password": func(u *tenant.User) { u.PasswordHash = "$2a$04$another" },
		"the trash": func(u *tenant.User) {
			u.Memberships[0].Trashed, u.Claims = true, nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			hook := &hookedUpdates{}
			w := newWorld(t, func(d *authn.Deps) { hook.Users, d.Users = d.Users, hook })
			_, user := w.ada()
			_, caller := w.signIn("ada@acme.example", password, "")
			hook.before = func() { w.changeUser(user.ID, meanwhile) }
			_, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{Email: new("new@acme.example"), CurrentPassword: password})
			wantCode(t, "the change", err, tenant.CodeConflict)
			if _, err := w.store.Users.FindByEmail(t.Context(), "new@acme.example"); !tenant.IsCode(err, tenant.CodeNotFound) {
				t.Errorf("the new address is taken: %v", err)
			}
		})
	}
}

// A rename that sets a password as well is recorded before it changes the account. Another change meanwhile would make it lose its own.
func TestChangeWhileAnOperationChangesTheAccount(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	_, caller := w.signIn("ada@acme.example", password, "")
	for _, tc := range []struct {
		name    string
		changes tenant.UserID
		want    tenant.Code
	}{{"the account", user.ID, tenant.CodeOperationInProgress}, {"the name alone", "", ""}} {
		_, err := w.store.Orgs.Update(t.Context(), org.ID, upkeep, func(o *tenant.Organization) error {
			o.State, o.Op = tenant.StateRenaming, &tenant.Operation{
				ID: "op", Kind: tenant.OperationUpdate, Step: tenant.StepPhysical, Args: tenant.Arguments{User: tc.changes},
			}
			return nil
		})
		w.must(err)
		_, err = w.UpdateMe(t.Context(), caller, authn.AccountChange{Email: new("Ada@New.example"), CurrentPassword: password})
		wantCode(t, "a change while a rename changes "+tc.name, err, tc.want)
	}
}

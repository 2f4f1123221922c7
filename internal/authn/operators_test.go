package authn_test

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/tenant"
)

func TestOperatorSignsInAndChangesTheAccount(t *testing.T) {
	w := newWorld(t)
	operator := w.operator()
	if operator.PasswordHash != "" {
		t.Error("AddOperator hands out the hash")
	}
	elsewhere, _ := w.signIn("ops@orgd.example", password, "operator")
	token, caller := w.signIn("ops@orgd.example", password, "operator")
	want := access.Caller{
		Kind: tenant.ActorOperator, Operator: operator.ID, Session: caller.Session, Generation: caller.Generation, AuthTime: w.clock.now(),
		Address: "home", Prefix: "home", RequestID: "r-1",
	}
	if caller != want {
		t.Errorf("got %+v, want %+v", caller, want)
	}
	before := len(w.entries(""))
	_, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{Password: new(second), CurrentPassword: "wrong"})
	wantCode(t, "a wrong password", err, tenant.CodeStaleAuthentication)
	me, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{
		Email: new("root@orgd.example"), Password: new(second), CurrentPassword: password,
	})
	w.must(err)
	if me.Email != "root@orgd.example" || me.OperatorID != operator.ID {
		t.Errorf("got %+v", me)
	}
	entries := w.entries("")[before:]
	if len(entries) != 1 || entries[0].Target != string(operator.ID) || entries[0].Detail["password"] != "changed" {
		t.Errorf("the entries are %+v", entries)
	}
	if cached, fresh := w.allowed(elsewhere); cached || fresh {
		t.Error("another session outlived the change of an operator's password")
	}
	if cached, fresh := w.allowed(token); !cached || !fresh {
		t.Error("an operator's own session ended with the change that it made")
	}
	w.signIn("root@orgd.example", second, "operator")
}

func TestOneAddressMayBeAMemberAndAnOperator(t *testing.T) {
	w := newWorld(t)
	org := w.organization("Acme Corp")
	w.person("ops@orgd.example", org)
	w.operator()
	_, member := w.signIn("ops@orgd.example", password, "")
	_, operator := w.signIn("ops@orgd.example", password, "operator")
	if member.Kind != tenant.ActorMember || operator.Kind != tenant.ActorOperator {
		t.Errorf("got %+v and %+v", member, operator)
	}
	_, err := w.AddOperator(t.Context(), access.Console(), "OPS@orgd.example", second)
	wantCode(t, "a second operator at the address", err, tenant.CodeEmailTaken)
	_, err = w.AddOperator(t.Context(), access.Console(), "ops", second)
	wantCode(t, "no address", err, tenant.CodeInvalid)
	_, err = w.AddOperator(t.Context(), access.Console(), "new@orgd.example", "short")
	wantCode(t, "a short password", err, tenant.CodeInvalid)
}

func TestPurgeRemovesWhatExpired(t *testing.T) {
	w := newWorld(t)
	w.ada()
	_, old := w.signIn("ada@acme.example", password, "")
	w.clock.advance(30 * time.Minute)
	_, young := w.signIn("ada@acme.example", password, "")
	rotated, err := w.RotateKey(t.Context(), access.Console())
	w.must(err)
	w.clock.advance(31 * time.Minute)
	w.must(w.PurgeExpired(t.Context()))
	if _, err := w.store.Sessions.Get(t.Context(), old.Session); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the expired session is there: %v", err)
	}
	if _, err := w.store.Sessions.Get(t.Context(), young.Session); err != nil {
		t.Errorf("a living session was removed: %v", err)
	}
	w.clock.advance(48 * time.Hour)
	w.must(w.PurgeExpired(t.Context()))
	keys, err := w.ListKeys(t.Context(), access.Console())
	w.must(err)
	for _, key := range keys {
		if key.Purpose == tenant.KeySigning && key.ID != rotated.ID {
			t.Errorf("the dead key %s is there", key.ID)
		}
	}
}

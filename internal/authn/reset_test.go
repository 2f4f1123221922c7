package authn_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

func TestResetLinkSetsANewPasswordOnce(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	session, _ := w.signIn("ada@acme.example", password, "")
	before := len(w.entries(""))
	token, expires, err := w.ResetLink(t.Context(), access.Console(), "Ada@acme.example")
	w.must(err)
	if !expires.Equal(w.clock.now().Add(authn.ResetTTL)) {
		t.Errorf("good until %v", expires)
	}
	stored, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	if _, secret, _ := strings.Cut(token, "."); len(secret) != 43 || strings.Contains(stored.Reset.MAC, secret) {
		t.Errorf("the token %q beside the MAC %q", token, stored.Reset.MAC)
	}
	for _, made := range []string{"AcmeCorp1", "ada-ada-ada", "orgd2026"} { // of what guessers know
		wantCode(t, made, w.ResetPassword(t.Context(), anyone("hotel"), token, made), tenant.CodeInvalid)
	}
	w.must(w.ResetPassword(t.Context(), anyone("hotel"), token, second))
	if cached, fresh := w.allowed(session); cached || fresh {
		t.Error("a session outlived the reset")
	}
	err = w.ResetPassword(t.Context(), anyone("hotel"), token, "one more password")
	wantCode(t, "a second use", err, tenant.CodeInvalid)
	w.signIn("ada@acme.example", second, "")
	entries := w.entries("")[before:]
	if len(entries) != 2 || entries[0].Action != string(access.ResetLink) || entries[1].Action != string(access.PasswordReset) ||
		entries[1].Target != string(user.ID) || entries[1].Actor.Kind != tenant.ActorAnonymous {
		t.Errorf("the entries are %+v", entries)
	}
	if n := len(w.entries(org.ID)); n != 0 {
		t.Errorf("%d entries of the organization", n)
	}
}

func TestBadLinksAreOneAnswer(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	eve := w.person("eve@acme.example", org)
	link := func(email string) string {
		token, _, err := w.ResetLink(t.Context(), access.Console(), email)
		w.must(err)
		return token
	}
	replaced, token := link("ada@acme.example"), link("ada@acme.example")
	_, secret, _ := strings.Cut(token, ".")
	other := link("eve@acme.example")
	trashed := w.person("trashed@acme.example", org)
	gone := link("trashed@acme.example")
	w.changeUser(trashed.ID, func(u *tenant.User) { u.Memberships[0].Trashed = true })
	first := ""
	for what, bad := range map[string]string{
		"replaced": replaced, "empty": "", "no secret": string(user.ID), "empty secret": string(user.ID) + ".",
		"another's secret": string(eve.ID) + "." + secret, "unknown person": tenant.NewID() + "." + secret,
		"longer": token + "A", "shorter": token[:len(token)-1], "huge": string(user.ID) + "." + strings.Repeat("A", 1000),
		"the MAC itself": string(user.ID) + "." + w.keyring.MAC("reset link", token), "of a person in the trash": gone,
	} {
		err := w.ResetPassword(t.Context(), anyone("hotel"), bad, second)
		wantCode(t, what, err, tenant.CodeInvalid)
		if first == "" && err != nil {
			first = err.Error()
		}
		if err == nil || err.Error() != first {
			t.Errorf("%s: %v differs from %q", what, err, first)
		}
	}
	for _, weak := range []string{"short", "password123"} {
		for _, link := range []string{token, "nonsense"} {
			err := w.ResetPassword(t.Context(), anyone("hotel"), link, weak)
			if e, ok := err.(*tenant.Error); !ok || e.Fields[0].Location != "body.password" { //nolint:errorlint // the error itself
				t.Errorf("a weak password with the token %.8s: %v", link, err)
			}
		}
	}
	w.clock.advance(authn.ResetTTL)
	wantCode(t, "expired", w.ResetPassword(t.Context(), anyone("hotel"), other, second), tenant.CodeInvalid)
	_, _, err := w.ResetLink(t.Context(), access.Console(), "nobody@acme.example")
	wantCode(t, "a link for nobody", err, tenant.CodeNotFound)
	_, _, err = w.ResetLink(t.Context(), access.Console(), "trashed@acme.example")
	wantCode(t, "a link for the trash", err, tenant.CodeNotFound)
}

func TestOnlyTheConsoleMakesLinks(t *testing.T) {
	w := newWorld(t)
	w.ada()
	w.operator()
	_, member := w.signIn("ada@acme.example", password, "")
	_, operator := w.signIn("ops@orgd.example", password, "operator")
	for what, caller := range map[string]access.Caller{"a member": member, "an operator": operator, "a stranger": anyone("x")} {
		if _, _, err := w.ResetLink(t.Context(), caller, "ada@acme.example"); err == nil {
			t.Errorf("%s made a reset link", what)
		}
		if _, err := w.AddOperator(t.Context(), caller, "evil@orgd.example", second); err == nil {
			t.Errorf("%s added an operator", what)
		}
		if _, err := w.RotateKey(t.Context(), caller); err == nil {
			t.Errorf("%s rotated the key", what)
		}
		if err := w.RevokeKey(t.Context(), caller, "x"); err == nil || tenant.IsCode(err, tenant.CodeNotFound) && what != "a stranger" {
			t.Errorf("%s may revoke keys: %v", what, err)
		}
		if _, err := w.ListKeys(t.Context(), caller); err == nil {
			t.Errorf("%s listed the keys", what)
		}
	}
}

func TestOfManyUsesOfOneLinkOneSucceeds(t *testing.T) {
	w := newWorld(t)
	w.ada()
	token, _, err := w.ResetLink(t.Context(), access.Console(), "ada@acme.example")
	w.must(err)
	before := len(w.entries(""))
	var done atomic.Int64
	var uses sync.WaitGroup
	for i := range 8 {
		uses.Go(func() {
			if w.ResetPassword(t.Context(), anyone(fmt.Sprint(i)), token, second+fmt.Sprint(i)) == nil {
				done.Add(1)
			}
		})
	}
	uses.Wait()
	if n := done.Load(); n != 1 || len(w.entries(""))-before != 1 {
		t.Errorf("%d uses succeeded under %d entries, want 1 and 1", n, len(w.entries(""))-before)
	}
}

func TestGuessingLinksIsThrottled(t *testing.T) {
	w := newWorld(t)
	_, user := w.ada()
	bad := string(user.ID) + "." + strings.Repeat("A", 43)
	for range throttle.PrefixFailures {
		wantCode(t, "a guess", w.ResetPassword(t.Context(), anyone("evil"), bad, second), tenant.CodeInvalid)
	}
	wantCode(t, "one more", w.ResetPassword(t.Context(), anyone("evil"), bad, second), tenant.CodeThrottled)
}

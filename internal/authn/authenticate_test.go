package authn_test

import (
	"context"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// What another server did holds at once for who asks with fresh facts, and within FactTTL for everybody.
func TestRevocationsHoldAtOnceFreshAndWithinASecondElsewhere(t *testing.T) {
	change := func(f func(*tenant.User)) func(*world, access.Caller) {
		return func(w *world, c access.Caller) { w.changeUser(c.User, f) }
	}
	state := func(s tenant.State) func(*world, access.Caller) {
		return func(w *world, c access.Caller) { w.setState(c.Org, s) }
	}
	for what, revoke := range map[string]func(*world, access.Caller){
		"the session was ended": func(w *world, c access.Caller) {
			w.must(w.store.Sessions.End(context.Background(), c.Session, w.clock.now()))
		},
		"the person was removed": func(w *world, c access.Caller) {
			w.must(w.store.Users.Remove(context.Background(), c.User, upkeep))
		},
		"the sessions were ended":     change(func(u *tenant.User) { u.EndSessions("") }),
		"the membership was trashed":  change(func(u *tenant.User) { u.Memberships[0].Trashed = true }),
		"the membership was removed":  change(func(u *tenant.User) { u.Memberships = nil }),
		"the organization is trashed": state(tenant.StateTrashed),
		"it is being restored":        state(tenant.StateRestoring),
		"it is being purged":          state(tenant.StatePurging),
		"it was removed": func(w *world, c access.Caller) {
			org, err := w.store.Orgs.Get(context.Background(), c.Org)
			w.must(err)
			w.must(w.store.Orgs.Remove(context.Background(), c.Org, org.Version, upkeep))
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.ada()
			token, caller := w.signIn("ada@acme.example", password, "")
			if cached, fresh := w.allowed(token); !cached || !fresh {
				t.Fatal("a good token is refused")
			}
			revoke(w, caller)
			_, err := w.Authenticate(t.Context(), token, anyone("home"), true)
			wantCode(t, "at once with fresh facts", err, tenant.CodeUnauthenticated)
			w.clock.advance(authn.FactTTL)
			_, err = w.Authenticate(t.Context(), token, anyone("home"), false)
			wantCode(t, "a second later", err, tenant.CodeUnauthenticated)
		})
	}
}

func TestCachedFactsServeForASecondAndNoLonger(t *testing.T) {
	w := newWorld(t)
	w.ada()
	token, caller := w.signIn("ada@acme.example", password, "")
	w.must(w.store.Sessions.End(t.Context(), caller.Session, w.clock.now()))
	w.clock.advance(authn.FactTTL - time.Millisecond)
	if _, err := w.Authenticate(t.Context(), token, anyone("home"), false); err != nil {
		t.Errorf("a fact of less than a second was not used: %v", err)
	}
	w.clock.advance(time.Millisecond)
	_, err := w.Authenticate(t.Context(), token, anyone("home"), false)
	wantCode(t, "a fact of a second", err, tenant.CodeUnauthenticated)
}

func TestOrganizationThatIsRenamedOrBeingDeletedIsStillThere(t *testing.T) {
	w := newWorld(t)
	org, _ := w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	for _, state := range []tenant.State{tenant.StateRenaming, tenant.StateDeleting, tenant.StateActive} {
		w.setState(org.ID, state)
		w.clock.advance(authn.FactTTL)
		if cached, fresh := w.allowed(token); !cached || !fresh {
			t.Errorf("the token is refused while the organization is %s", state)
		}
	}
}

// What this server did to an organization is known at once: the directory learns it.
func TestTokenOfAnOrganizationThatThisServerTrashedIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	org, _ := w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	if cached, _ := w.allowed(token); !cached {
		t.Fatal("a good token is refused")
	}
	w.setState(org.ID, tenant.StateTrashed)
	org, err := w.store.Orgs.Get(t.Context(), org.ID)
	w.must(err)
	w.directory.Learn(org)
	if cached, _ := w.allowed(token); cached {
		t.Error("the token is good though this server trashed the organization")
	}
}

func TestTokenExpiresWithItsSession(t *testing.T) {
	w := newWorld(t, func(d *authn.Deps) { d.SessionTTL = time.Minute })
	w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	w.clock.advance(time.Minute - time.Millisecond)
	if cached, fresh := w.allowed(token); !cached || !fresh {
		t.Error("refused before its time")
	}
	w.clock.advance(time.Millisecond)
	if cached, fresh := w.allowed(token); cached || fresh {
		t.Error("good after its session expired")
	}
}

// A token names a session; the session, not the token, says whose it is.
func TestTokenMustBeOfItsSession(t *testing.T) {
	w := newWorld(t)
	org, ada := w.ada()
	other := w.organization("Other")
	eve := w.person("eve@acme.example", org)
	_, caller := w.signIn("ada@acme.example", password, "")
	good := tokens.Claims{
		Audience: tokens.AudienceOrg, Subject: string(ada.ID), Session: caller.Session, Org: org.ID, Role: "owner",
		IssuedAt: w.clock.now(), NotBefore: w.clock.now(), ExpiresAt: w.clock.now().Add(time.Hour), AuthTime: w.clock.now(),
	}
	for what, spoil := range map[string]func(*tokens.Claims){
		"another person":       func(c *tokens.Claims) { c.Subject = string(eve.ID) },
		"another organization": func(c *tokens.Claims) { c.Org = other.ID },
		"no session of ours":   func(c *tokens.Claims) { c.Session = tenant.SessionID(tenant.NewID()) },
		"an operator":          func(c *tokens.Claims) { c.Audience, c.Org, c.Role = tokens.AudienceOperator, "", "" },
	} {
		claims := good
		spoil(&claims)
		token, err := w.minter.Mint(t.Context(), claims)
		w.must(err)
		if cached, fresh := w.allowed(token); cached || fresh {
			t.Errorf("%s: the token is good", what)
		}
	}
	// Names and roles in a token are for show: the store's count.
	good.OrgName, good.Role = "Somebody Else", "viewer"
	token, err := w.minter.Mint(t.Context(), good)
	w.must(err)
	got, err := w.Authenticate(t.Context(), token, anyone("home"), true)
	w.must(err)
	if got.Role != tenant.RoleOwner || got.Org != org.ID {
		t.Errorf("the caller is %+v", got)
	}
}

func TestRevokedKeyEndsItsTokens(t *testing.T) {
	w := newWorld(t)
	w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	keys, err := w.ListKeys(t.Context(), access.Console())
	w.must(err)
	for _, key := range keys {
		if key.Purpose == tenant.KeySigning {
			w.must(w.RevokeKey(t.Context(), access.Console(), key.ID))
		}
	}
	if cached, fresh := w.allowed(token); cached || fresh {
		t.Error("a token of a revoked key is good")
	}
	w.signIn("ada@acme.example", password, "")
}

// downSessions is a store whose sessions cannot be read.
type downSessions struct{ store.Sessions }

func (downSessions) Get(context.Context, tenant.SessionID) (tenant.Session, error) {
	return tenant.Session{}, tenant.Errorf(tenant.CodeUnavailable, "the store is down")
}

func TestStoreThatDoesNotAnswerIsUnavailableAndNotARefusal(t *testing.T) {
	w := newWorld(t)
	w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	w.Sessions = downSessions{w.Sessions}
	if _, err := w.Authenticate(t.Context(), token, anyone("home"), false); err != nil {
		t.Errorf("a fact of this second was not used: %v", err)
	}
	_, err := w.Authenticate(t.Context(), token, anyone("home"), true)
	wantCode(t, "fresh", err, tenant.CodeUnavailable)
	w.clock.advance(authn.FactTTL)
	_, err = w.Authenticate(t.Context(), token, anyone("home"), false)
	wantCode(t, "a second later", err, tenant.CodeUnavailable)
}

func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	w.ada()
	token, _ := w.signIn("ada@acme.example", password, "")
	for name, fresh := range map[string]bool{"cached": false, "fresh": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Authenticate(b.Context(), token, anyone("home"), fresh); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

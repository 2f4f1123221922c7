package orgs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// desk is where people sign in: another server of the installation, which is never in trouble itself.
type desk struct {
	*authn.Service
	t *testing.T
}

func openDesk(t *testing.T, s store.Store) *desk {
	t.Helper()
	keyring, err := tokens.NewKeyring(tokens.Options{Keys: s.Keys, TokenTTL: time.Hour, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	limits, checks := checking(t, s)
	d := &desk{t: t, Service: authn.New(authn.Deps{
		Users: s.Users, Operators: s.Operators, Sessions: s.Sessions, Orgs: placement.NewDirectory(s.Orgs, time.Now),
		Guard: access.NewGuard(policy, time.Now), Keyring: keyring, Minter: tokens.NewMinter(keyring, "https://orgd.example"),
		Credentials: checks, Throttle: limits, Now: time.Now, TokenTTL: time.Hour, Log: quiet(),
	})}
	if err := d.LoadKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// login is what somebody enters to sign in.
type login struct{ email, password string }

// signIn returns the token of a new session in the organization, or "" if the organization does not know the login.
func (d *desk) signIn(org tenant.OrgID, in login) string {
	d.t.Helper()
	got, err := d.Login(d.t.Context(), access.Caller{}, authn.LoginRequest{Email: in.email, Password: in.password})
	if err != nil {
		wantCode(d.t, err, tenant.CodeUnauthenticated, "a login that is not good")
		return ""
	}
	if got.OrgID != org {
		return ""
	}
	return got.AccessToken
}

// who returns who is behind a token, and whether it is still good.
func (d *desk) who(token string) (access.Caller, bool) {
	d.t.Helper()
	caller, err := d.Authenticate(d.t.Context(), token, access.Caller{}, true)
	if err != nil {
		wantCode(d.t, err, tenant.CodeUnauthenticated, "a token that is not good")
	}
	return caller, err == nil
}

// good returns those of the logins with which somebody can sign in to the organization.
func (d *desk) good(org tenant.OrgID, logins ...login) []login {
	d.t.Helper()
	return slices.DeleteFunc(logins, func(in login) bool { return d.signIn(org, in) == "" })
}

// session is a login and where it was made.
type session struct{ where, token string }

// look adds to the facts who gets in.
func (d *desk) look(org tenant.OrgID, sessions []session, got *facts) {
	d.t.Helper()
	got.logins = d.good(org, login{ada, goodPassword}, login{ada, otherPassword}, login{eve, goodPassword}, login{eve, otherPassword})
	for _, one := range sessions {
		if _, good := d.who(one.token); good {
			got.sessions = append(got.sessions, one.where)
		}
	}
}

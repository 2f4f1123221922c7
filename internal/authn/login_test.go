package authn_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

func TestOwnerSignsInAndIsRecognised(t *testing.T) {
	w := newWorld(t)
	org, user := w.ada()
	login, err := w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: "Ada@ACME.example", Password: password})
	w.must(err)
	want := authn.Login{
		AccessToken: login.AccessToken, ExpiresIn: time.Hour, UserID: user.ID, OrgID: org.ID, OrgName: "Acme Corp",
		Role: tenant.RoleOwner,
	}
	if login != want || login.AccessToken == "" {
		t.Errorf("got %+v, want %+v", login, want)
	}
	caller, err := w.Authenticate(t.Context(), login.AccessToken, anyone("home"), false)
	w.must(err)
	session, err := w.store.Sessions.Get(t.Context(), caller.Session)
	w.must(err)
	if session.User != user.ID || session.Org != org.ID || !session.ExpiresAt.Equal(w.clock.now().Add(time.Hour)) {
		t.Errorf("the session is %+v", session)
	}
	wantCaller := access.Caller{
		Kind: tenant.ActorMember, User: user.ID, Org: org.ID, Role: tenant.RoleOwner, Session: session.ID,
		AuthTime: w.clock.now(), Address: "home", Prefix: "home", RequestID: "r-1",
	}
	if caller != wantCaller {
		t.Errorf("got %+v, want %+v", caller, wantCaller)
	}
	if n := len(w.entries(org.ID)); n != 0 {
		t.Errorf("a sign-in left %d audit entries", n)
	}
}

// Whatever is wrong, the answer and its cost are the same: counted in jobs of the hashing pool, for a clock would measure the
// machine.
func TestEveryWrongLoginIsOneAnswerAtOneCost(t *testing.T) {
	w := newWorld(t)
	org, _ := w.ada()
	gone := w.organization("Gone")
	w.person("gone@acme.example", gone)
	w.setState(gone.ID, tenant.StateTrashed)
	creating := w.organization("Creating")
	w.person("early@acme.example", creating)
	w.setState(creating.ID, tenant.StateCreating)
	trashed := w.person("trashed@acme.example", org)
	w.changeUser(trashed.ID, func(u *tenant.User) { u.Memberships[0].Trashed = true })
	w.person("nowhere@acme.example")
	moving := w.person("moving@acme.example", org)
	w.changeUser(moving.ID, func(u *tenant.User) { w.must(u.Reserve("next@acme.example")) })
	broken := w.person("broken@acme.example", org)
	w.changeUser(broken.ID, func(u *tenant.User) { u.PasswordHash = "$1$broken" })
	w.operator()

	first := ""
	for i, c := range []struct{ what, email, password, as string }{
		{"wrong password", "ada@acme.example", "wrong password", ""},
		{"unknown address", "nobody@acme.example", password, ""},
		{"no address", "ada", password, ""},
		{"nothing", "", "", ""},
		{"empty password", "ada@acme.example", "", ""},
		{"password with a NUL", "ada@acme.example", password + "\x00" + password, ""},
		{"password above 72 bytes", "ada@acme.example", strings.Repeat("a", 80), ""},
		{"organization in the trash", "gone@acme.example", password, ""},
		{"organization being created", "early@acme.example", password, ""},
		{"membership in the trash", "trashed@acme.example", password, ""},
		{"no membership", "nowhere@acme.example", password, ""},
		{"address claimed for later", "next@acme.example", password, ""},
		{"damaged hash", "broken@acme.example", password, ""},
		{"operator as a member", "ops@orgd.example", password, "member"},
		{"member as an operator", "ada@acme.example", password, "operator"},
		{"operator, wrong password", "ops@orgd.example", "wrong password", "operator"},
		{"no operator's address", "ops", password, "operator"},
	} {
		before := w.hashes()
		_, err := w.Login(t.Context(), anyone(fmt.Sprint(i)), authn.LoginRequest{Email: c.email, Password: c.password, As: c.as})
		spent := w.hashes() - before
		if first == "" && err != nil {
			first = err.Error()
		}
		wantCode(t, c.what, err, tenant.CodeUnauthenticated)
		if err == nil || err.Error() != first {
			t.Errorf("%s: the answer %q differs from %q", c.what, err, first)
		}
		if spent != 1 {
			t.Errorf("%s: cost %d jobs of the pool, want 1", c.what, spent)
		}
	}
	if _, err := w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: "moving@acme.example", Password: password}); err != nil {
		t.Errorf("during a change of address the present one does not sign in: %v", err)
	}
	_, err := w.Login(t.Context(), anyone("home"), authn.LoginRequest{As: "root"})
	wantCode(t, "as root", err, tenant.CodeInvalid)
}

func TestSessionIsForTheFirstOrganizationThatIsThere(t *testing.T) {
	w := newWorld(t)
	one, two, three := w.organization("One"), w.organization("Two"), w.organization("Three")
	user := w.person("ada@acme.example", one, two, three)
	w.changeUser(user.ID, func(u *tenant.User) { u.Memberships[0].Trashed = true })
	w.setState(two.ID, tenant.StateTrashed)
	if _, caller := w.signIn("ada@acme.example", password, "member"); caller.Org != three.ID {
		t.Errorf("signed in to %s, want %s", caller.Org, three.ID)
	}
}

// raiseCost gives the world a pool whose new hashes are dearer.
func (w *world) raiseCost(t *testing.T, spoil ...func(*authn.Deps)) {
	t.Helper()
	dearer, err := passwords.New(passwords.Options{Cost: passwords.MinCost + 1, Now: w.clock.now})
	w.must(err)
	t.Cleanup(dearer.Close)
	w.wire(dearer, spoil...)
	w.must(w.LoadKeys(t.Context()))
}

func TestHashingAnewLeavesAPasswordThatChangedMeanwhile(t *testing.T) {
	w, hook := newWorld(t), &hookedUpdates{}
	_, user := w.ada()
	w.raiseCost(t, func(d *authn.Deps) { hook.Users, d.Users = d.Users, hook })
	changed := hashOf(t, second, passwords.MinCost)
	hook.before = func() { w.changeUser(user.ID, func(u *tenant.User) { u.PasswordHash = changed }) }
	w.signIn("ada@acme.example", password, "")
	user, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	if user.PasswordHash != changed {
		t.Error("the former password was brought back")
	}
}

func TestPasswordIsHashedAnewWhenTheCostRose(t *testing.T) {
	w := newWorld(t)
	_, user := w.ada()
	old, _ := w.signIn("ada@acme.example", password, "")
	before := w.entries("")
	w.raiseCost(t)
	token, _ := w.signIn("ada@acme.example", password, "")
	user, err := w.store.Users.Get(t.Context(), user.ID)
	w.must(err)
	if cost, err := bcrypt.Cost([]byte(user.PasswordHash)); err != nil || cost != passwords.MinCost+1 {
		t.Errorf("the stored hash has cost %d (%v)", cost, err)
	}
	for _, token := range []string{old, token} {
		if cached, fresh := w.allowed(token); !cached || !fresh {
			t.Error("hashing anew ended a session")
		}
	}
	if len(w.entries("")) != len(before) {
		t.Error("hashing anew left an audit entry")
	}
	w.signIn("ada@acme.example", password, "")
}

// hookedUsers runs something between the read of an account and the comparison.
type hookedUsers struct {
	store.Users
	afterFind func()
}

func (h *hookedUsers) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	user, err := h.Users.FindByEmail(ctx, email)
	if h.afterFind != nil {
		h.afterFind()
	}
	return user, err
}

// A login that compares the old password while a new one is set must not yield a session that works.
func TestSessionOfAPasswordThatChangedMeanwhileIsBornDead(t *testing.T) {
	hook := &hookedUsers{}
	w := newWorld(t, func(d *authn.Deps) { hook.Users, d.Users = d.Users, hook })
	w.ada()
	_, caller := w.signIn("ada@acme.example", password, "")
	changed := second
	hook.afterFind = func() {
		hook.afterFind = nil
		_, err := w.UpdateMe(t.Context(), caller, authn.AccountChange{Password: &changed, CurrentPassword: password})
		w.must(err)
	}
	login, err := w.Login(t.Context(), anyone("evil"), authn.LoginRequest{Email: "ada@acme.example", Password: password})
	w.must(err)
	if cached, fresh := w.allowed(login.AccessToken); cached || fresh {
		t.Error("a session of the old password works after the new one was set")
	}
}

func TestGuessesAreBlockedWhereTheyComeFromAndNowhereElse(t *testing.T) {
	w := newWorld(t)
	w.ada()
	w.signIn("ada@acme.example", password, "") // at home, so that nobody waits below
	var err error
	for range throttle.PairFailures {
		_, err = w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: "ada@acme.example", Password: "wrong password"})
		wantCode(t, "a guess", err, tenant.CodeUnauthenticated)
	}
	before := w.hashes()
	_, err = w.Login(t.Context(), anyone("home"), authn.LoginRequest{Email: "ada@acme.example", Password: password})
	wantCode(t, "the right password after ten guesses", err, tenant.CodeThrottled)
	if w.hashes() != before {
		t.Error("a blocked attempt cost a hash")
	}
	w.clock.advance(throttle.PairBlock)
	w.signIn("ada@acme.example", password, "")
}

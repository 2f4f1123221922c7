package authn_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(teststores.Each(m)) }

const (
	password = "correct horse battery"
	second   = "another staple of mine"
	issuer   = "https://orgd.example"
)

// clock is time as an input.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is one installation with one server.
type world struct {
	*authn.Service
	t         testing.TB
	store     store.Store
	clock     *clock
	keyring   *tokens.Keyring
	minter    *tokens.Minter
	directory *placement.Directory
	log       *bytes.Buffer
	// looks counts how often the hashing pool looked at its clock: when a job begins and when it has ended.
	looks atomic.Int64
}

// newWorld wires the rooms as cmd/orgd does; spoil may put something in between.
func newWorld(tb testing.TB, spoil ...func(*authn.Deps)) *world {
	tb.Helper()
	w := &world{t: tb, clock: &clock{at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	w.store = teststores.Open(tb, teststores.Options{Now: w.clock.now})
	pool, err := passwords.New(passwords.Options{Cost: passwords.MinCost, Now: func() time.Time {
		w.looks.Add(1)
		return w.clock.now()
	}})
	w.must(err)
	tb.Cleanup(pool.Close)
	w.wire(pool, spoil...)
	w.must(w.LoadKeys(tb.Context()))
	return w
}

// wire makes a server on the world's store.
func (w *world) wire(pool *passwords.Pool, spoil ...func(*authn.Deps)) {
	w.t.Helper()
	var err error
	w.keyring, err = tokens.NewKeyring(tokens.Options{Keys: w.store.Keys, TokenTTL: time.Hour, Now: w.clock.now})
	w.must(err)
	w.minter = tokens.NewMinter(w.keyring, issuer)
	w.directory = placement.NewDirectory(w.store.Orgs, w.clock.now)
	attempts := throttle.New(throttle.Options{Store: w.store.Throttle, MAC: w.keyring.MAC, Now: w.clock.now})
	deps := authn.Deps{
		Users: w.store.Users, Operators: w.store.Operators, Sessions: w.store.Sessions, Orgs: w.directory,
		Guard:   access.NewGuard(access.Policy{SignupOpen: true, LookupPublic: true}, w.clock.now),
		Keyring: w.keyring, Minter: w.minter, Throttle: attempts, Now: w.clock.now, TokenTTL: time.Hour,
		Credentials: credentials.New(credentials.Options{
			Pool: pool, Policy: passwords.Policy{CheckCommon: true}, Throttle: attempts,
		}),
		Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	}
	for _, change := range spoil {
		change(&deps)
	}
	w.Service = authn.New(deps)
}

// hashes returns how many jobs the hashing pool has done. It may look at its clock just after the last one's answer.
func (w *world) hashes() int64 {
	for {
		if looks := w.looks.Load(); looks%2 == 0 {
			return looks / 2
		}
		runtime.Gosched()
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// wantCode fails unless err is of the code.
func wantCode(tb testing.TB, what string, err error, code tenant.Code) {
	tb.Helper()
	if tenant.CodeOf(err) != code {
		tb.Errorf("%s: got %q (%v), want %q", what, tenant.CodeOf(err), err, code)
	}
}

var upkeep = tenant.Upkeep{Reason: "prepare a test"}

// anyone is somebody at a network address who has proved nothing.
func anyone(prefix string) access.Caller {
	return access.Caller{Kind: tenant.ActorAnonymous, Address: prefix, Prefix: prefix, RequestID: "r-1"}
}

func hashOf(tb testing.TB, password string, cost int) string {
	tb.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		tb.Fatal(err)
	}
	return string(hash)
}

// organization adds one at rest.
func (w *world) organization(name string) tenant.Organization {
	w.t.Helper()
	parsed, err := tenant.ParseName("name", name)
	w.must(err)
	slug, err := parsed.Slug("name")
	w.must(err)
	now := w.clock.now()
	org := tenant.Organization{
		ID: tenant.OrgID(tenant.NewID()), Name: parsed, Slug: slug, State: tenant.StateActive, Version: 1,
		Placement: tenant.Placement{Level: tenant.LevelCollection, Namespace: tenant.NamespaceOf(slug)},
		CreatedAt: now, UpdatedAt: now,
	}
	org.Claims = tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
	w.must(w.store.Orgs.Insert(context.Background(), org, upkeep))
	return org
}

// person adds an owner of the organizations, who signs in with [password].
func (w *world) person(email tenant.Email, orgs ...tenant.Organization) tenant.User {
	w.t.Helper()
	now := w.clock.now()
	user := tenant.User{
		ID: tenant.UserID(tenant.NewID()), PasswordHash: hashOf(w.t, password, passwords.MinCost),
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	user.Settle(email)
	for _, org := range orgs {
		user.Memberships = append(user.Memberships, tenant.Membership{Org: org.ID, Role: tenant.RoleOwner, CreatedAt: now})
	}
	w.must(w.store.Users.Insert(context.Background(), user, upkeep))
	return user
}

func (w *world) setState(id tenant.OrgID, state tenant.State) {
	w.t.Helper()
	_, err := w.store.Orgs.Update(context.Background(), id, upkeep, func(o *tenant.Organization) error {
		o.State = state
		return nil
	})
	w.must(err)
}

func (w *world) changeUser(id tenant.UserID, change func(*tenant.User)) {
	w.t.Helper()
	_, err := w.store.Users.Update(context.Background(), id, upkeep, func(u *tenant.User) error {
		change(u)
		return nil
	})
	w.must(err)
}

// signIn signs somebody in at their usual place and returns the token and who is behind it.
func (w *world) signIn(email, password, as string) (string, access.Caller) {
	w.t.Helper()
	login, err := w.Login(context.Background(), anyone("home"), authn.LoginRequest{Email: email, Password: password, As: as})
	w.must(err)
	caller, err := w.Authenticate(context.Background(), login.AccessToken, anyone("home"), true)
	w.must(err)
	return login.AccessToken, caller
}

func (w *world) ada() (tenant.Organization, tenant.User) {
	w.t.Helper()
	org := w.organization("Acme Corp")
	return org, w.person("ada@acme.example", org)
}

func (w *world) operator() tenant.Operator {
	w.t.Helper()
	operator, err := w.AddOperator(context.Background(), access.Console(), "ops@orgd.example", password)
	w.must(err)
	return operator
}

func (w *world) entries(org tenant.OrgID) []tenant.AuditEntry {
	w.t.Helper()
	entries, err := w.store.Audit.List(context.Background(), org, 0, 1000)
	w.must(err)
	return entries
}

// allowed reports whether the token is good, asking with cached and with fresh facts.
func (w *world) allowed(token string) (cached, fresh bool) {
	w.t.Helper()
	ask := func(fresh bool) bool {
		_, err := w.Authenticate(context.Background(), token, anyone("home"), fresh)
		if err != nil {
			wantCode(w.t, "a token", err, tenant.CodeUnauthenticated)
		}
		return err == nil
	}
	cached = ask(false)
	return cached, ask(true)
}

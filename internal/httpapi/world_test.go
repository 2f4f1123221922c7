package httpapi_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/httpapi"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

func TestMain(m *testing.M) { os.Exit(teststores.Each(m).Run()) }

const (
	goodPassword  = "correct horse battery"
	otherPassword = "staple of another horse"
	issuer        = "https://orgd.example"
)

// clock is the time of a story, which moves only when the story says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is one server with all its rooms over a store of its own.
type world struct {
	door
	t       testing.TB
	clock   *clock
	store   store.Store
	server  *httpapi.Server
	authn   *authn.Service
	keyring *tokens.Keyring
	log     *lockedBuffer
}

// setting changes how a world is set up.
type setting func(*setup)

type setup struct {
	policy    access.Policy
	options   httpapi.Options
	throttled bool
	retention time.Duration
	quota     int64
	maxOrgs   int64
	realTime  bool
	apart     func() bool
}

// realTime lets time pass by itself and throws the log away, as far as it is written at all.
func realTime(s *setup) { s.realTime = true }

func membersOnly(s *setup) { s.policy.LookupPublic = false }

func operatorsOnly(s *setup) { s.policy.SignupOpen = false }

// nowhere is a log that costs what formatting costs.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// lockedBuffer is a log that the test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newWorld opens a store and puts a server before it.
func newWorld(t testing.TB, settings ...setting) *world {
	t.Helper()
	set := setup{
		policy: access.Policy{SignupOpen: true, LookupPublic: true}, options: testOptions(), retention: time.Hour,
	}
	for _, s := range settings {
		s(&set)
	}
	w := &world{t: t, clock: &clock{now: time.Now()}, log: &lockedBuffer{}}
	w.store = teststores.Open(t, teststores.Options{Now: w.clock.Now})
	w.open(set)
	return w
}

// open wires the rooms as cmd/orgd does.
func (w *world) open(set setup) {
	w.t.Helper()
	s, now, log := w.store, w.clock.Now, slog.New(slog.NewJSONHandler(w.log, nil))
	if set.realTime {
		now, log = time.Now, slog.New(slog.NewJSONHandler(nowhere{}, nil))
	}
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	self := tenant.InstanceID(tenant.NewID())
	must(s.Instances.Register(w.t.Context(), tenant.Instance{ID: self, StartedAt: now()}))
	pool, err := passwords.New(passwords.Options{Cost: 4, Workers: 1, Queue: 256})
	must(err)
	w.t.Cleanup(pool.Close)
	w.keyring, err = tokens.NewKeyring(tokens.Options{Keys: s.Keys, TokenTTL: time.Hour, Now: now, Log: log})
	must(err)
	guard := access.NewGuard(set.policy, now)
	limits := throttle.New(throttle.Options{Store: s.Throttle, MAC: w.keyring.MAC, Now: now, Off: !set.throttled})
	secrets := credentials.New(credentials.Options{
		Pool: pool, Policy: passwords.Policy{Min: 8, CheckCommon: true}, Throttle: limits, Log: log,
	})
	directory := placement.NewDirectory(s.Orgs, now)
	gates := placement.NewGates(directory, s.Instances, self)
	w.authn = authn.New(authn.Deps{
		Users: s.Users, Operators: s.Operators, Sessions: s.Sessions, Orgs: directory, Guard: guard, Keyring: w.keyring,
		Minter: tokens.NewMinter(w.keyring, issuer), Credentials: secrets, Throttle: limits, Now: now,
		TokenTTL: time.Hour, Log: log,
	})
	must(w.authn.LoadKeys(w.t.Context()))
	w.server = httpapi.New(httpapi.Deps{
		Orgs: orgs.New(orgs.Deps{
			Orgs: s.Orgs, Users: s.Users, Places: s.Places, Documents: s.Documents, Audit: s.Audit,
			Instances: s.Instances, Health: s.Health,
			Guard: guard, Directory: directory, Gates: gates, Credentials: secrets, Throttle: limits,
			Limits: orgs.Limits{
				MaxOrganizations: set.maxOrgs, Retention: set.retention, Lease: 5 * time.Second,
				Placement: tenant.Placement{Level: tenant.LevelCollection},
			},
			Now: now, Log: log,
		}),
		Documents: documents.New(documents.Deps{Documents: s.Documents, Gates: gates, Guard: guard, Quota: set.quota, Now: now, Log: log}),
		Authn:     w.authn,
		Idempotency: idempotency.New(idempotency.Deps{
			Records: s.Idempotency, Guard: guard, MAC: w.keyring.MAC, Now: now, NewID: tenant.NewID,
		}),
		Health: s.Health, Apart: set.apart, JWKS: w.keyring.JWKS, MAC: w.keyring.MAC, Registry: prometheus.NewRegistry(), Log: log,
	}, set.options)
	w.door = door{w.server}
}

// person is somebody with an access token.
type person struct {
	world *world
	email string
	token string
	// org is the organization that a member is signed in to, as POST /org/create showed it.
	org api.Organization
}

// found creates an organization and signs its owner in.
func (w *world) found(name, email string) *person {
	w.t.Helper()
	p := &person{world: w, email: email}
	w.send(w.t, "POST", "/org/create", body(map[string]any{
		"organization_name": name, "email": email, "password": goodPassword,
	})).want(w.t, http.StatusCreated, &p.org)
	p.token = w.signIn(email, goodPassword).AccessToken
	return p
}

// signIn signs a member in.
func (w *world) signIn(email, password string) api.Token {
	w.t.Helper()
	var token api.Token
	w.send(w.t, "POST", "/admin/login", body(map[string]any{"email": email, "password": password})).want(w.t, http.StatusOK, &token)
	return token
}

// operator makes somebody who runs the installation and signs them in.
func (w *world) operator() *person {
	w.t.Helper()
	const email = "root@orgd.example"
	if _, err := w.authn.AddOperator(w.t.Context(), access.Console(), email, goodPassword); err != nil {
		w.t.Fatal(err)
	}
	var token api.Token
	w.send(w.t, "POST", "/v1/auth/login", body(map[string]any{"email": email, "password": goodPassword, "as": "operator"})).
		want(w.t, http.StatusOK, &token)
	return &person{world: w, email: email, token: token.AccessToken}
}

// do sends a request with the person's token.
func (p *person) do(method, target, body string, headers ...string) answer {
	p.world.t.Helper()
	return p.world.send(p.world.t, method, target, body, append(headers, "Authorization", "Bearer "+p.token)...)
}

func (p *person) get(target string, headers ...string) answer {
	p.world.t.Helper()
	return p.do(http.MethodGet, target, "", headers...)
}

// path is the person's own organization under /v1, with a rest.
func (p *person) path(rest string) string { return "/v1/organizations/" + p.org.ID + rest }

// body is the JSON of a value.
func body(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// want checks the status and reads the answer into v, which may be nil.
func (a answer) want(t testing.TB, status int, v any) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %.400s", a.status, status, a.body)
	}
	if v != nil {
		dec := json.NewDecoder(bytes.NewReader(a.body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(v); err != nil {
			t.Fatalf("%v: %.400s", err, a.body)
		}
	}
	return a
}

// members are the names in a JSON object.
func (a answer) members(t testing.TB) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%v: %.400s", err, a.body)
	}
	return m
}

// tenantOrg is the id of the person's organization.
func tenantOrg(p *person) tenant.OrgID { return tenant.OrgID(p.org.ID) }

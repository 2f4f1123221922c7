package tokens_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(teststores.Each(m)) }

const issuer = "https://orgd.example"

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

func newClock() *clock { return &clock{at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

// house is one installation: a store, and the servers on it.
type house struct {
	t     testing.TB
	store store.Store
	clock *clock
	guard *access.Guard
}

func newHouse(tb testing.TB) *house {
	tb.Helper()
	c := newClock()
	return &house{t: tb, store: teststores.Open(tb, teststores.Options{Now: c.now}), clock: c, guard: access.NewGuard(access.Policy{}, c.now)}
}

func (h *house) authorize() (tenant.AuditEntry, error) {
	return h.guard.Authorize(context.Background(), access.System(), access.KeyRotate, "")
}

func (h *house) entry(action access.Action) tenant.AuditEntry {
	h.t.Helper()
	entry, err := h.guard.Authorize(context.Background(), access.Console(), action, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return entry
}

// server is one running server.
type server struct {
	*tokens.Minter
	keys *tokens.Keyring
}

func (h *house) keyring(keyFile []byte) *tokens.Keyring {
	h.t.Helper()
	keys, err := tokens.NewKeyring(tokens.Options{
		Keys: h.store.Keys, KeyFile: keyFile, TokenTTL: time.Hour, Now: h.clock.now,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

func (h *house) serve(keyFile []byte) server {
	h.t.Helper()
	keys := h.keyring(keyFile)
	if err := keys.Load(context.Background(), h.authorize); err != nil {
		h.t.Fatal(err)
	}
	return server{Minter: tokens.NewMinter(keys, issuer), keys: keys}
}

// claims are those of a member who signs in now.
func (h *house) claims() tokens.Claims {
	now := h.clock.now()
	return tokens.Claims{
		Audience: tokens.AudienceOrg, Subject: tenant.NewID(), Session: tenant.SessionID(tenant.NewID()),
		IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(time.Hour), AuthTime: now,
		Org: tenant.OrgID(tenant.NewID()), OrgName: "Acme Corp", Role: tenant.RoleOwner,
	}
}

func (h *house) mint(s server, claims tokens.Claims) string {
	h.t.Helper()
	token, err := s.Mint(context.Background(), claims)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

func (h *house) accepts(s server, token string) {
	h.t.Helper()
	if _, err := s.Verify(context.Background(), token); err != nil {
		h.t.Errorf("a good token is refused: %v", err)
	}
}

func (h *house) refuses(s server, token string) {
	h.t.Helper()
	if claims, err := s.Verify(context.Background(), token); !tenant.IsCode(err, tenant.CodeUnauthenticated) || claims != (tokens.Claims{}) {
		h.t.Errorf("a bad token yields %+v, %v", claims, err)
	}
}

func (h *house) auditLength() int {
	h.t.Helper()
	entries, err := h.store.Audit.List(context.Background(), "", 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(entries)
}

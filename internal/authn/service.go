// Package authn owns sign-in: logins and their sessions, who is behind a token, the own account, reset links, operators,
// and the server's keys. The doors (internal/httpapi, commands) call it.
//
// The invariants: who a caller is follows from ids that the store confirmed, never from a name, role or address in a token;
// a wrong password, an unknown address and an account whose organization is gone are one answer at one cost; a change of a
// person's account is one write with one audit entry, which ends the sessions that it must end by itself; and no error, log
// line or entry holds a password or a token.
package authn

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

// Organizations answers what an organization is now; placement.Directory does.
type Organizations interface {
	// ByID returns the organization in whatever state it is, from a fact at most a second old. What this server did to it is
	// known at once.
	ByID(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error)
	// Fresh returns it as the store has it now.
	Fresh(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error)
}

// Deps are what a [Service] works with; all but SessionTTL and Log are needed.
type Deps struct {
	Users       store.Users
	Operators   store.Operators
	Sessions    store.Sessions
	Orgs        Organizations
	Guard       *access.Guard
	Keyring     *tokens.Keyring
	Minter      *tokens.Minter
	Credentials *credentials.Credentials
	Throttle    *throttle.Throttle
	Now         func() time.Time
	// TokenTTL is how long an access token lives (ORGD_TOKEN_TTL); SessionTTL is how long its session does, TokenTTL if zero:
	// without refresh tokens nothing can use a session that outlives its token.
	TokenTTL   time.Duration
	SessionTTL time.Duration
	Log        *slog.Logger
}

// Service signs people in and knows who they are. Safe for concurrent use.
type Service struct {
	Deps
	events *events
	facts  *otter.Cache[tenant.SessionID, fact]
	// generation rises when this server changed what facts say; older ones are worth nothing then.
	generation atomic.Uint64
}

// New makes a service.
func New(deps Deps) *Service {
	if deps.SessionTTL == 0 {
		deps.SessionTTL = deps.TokenTTL
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		Deps:   deps,
		events: &events{log: deps.Log, now: deps.Now},
		facts:  otter.Must(&otter.Options[tenant.SessionID, fact]{MaximumSize: maxFacts}),
	}
}

func (s *Service) millis() time.Time { return tenant.Millis(s.Now()) }

// forget makes this server read everything anew, because it has just ended sessions.
func (s *Service) forget() { s.generation.Add(1) }

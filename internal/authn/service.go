// Package authn owns sign-in: logins and their sessions, who is behind a token, the own account, operators, and the
// server's keys.
package authn

import (
	"context"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

// Organizations answers what an organization is now; placement.Directory does.
type Organizations interface {
	// ByID returns the organization in whatever state it is, from a fact at most a second old.
	ByID(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error)
	// Fresh returns it as the store has it now.
	Fresh(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error)
}

// Deps are what a [Service] needs.
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
	// TokenTTL is how long an access token lives (ORGD_TOKEN_TTL); SessionTTL is how long its session does, TokenTTL if zero.
	TokenTTL   time.Duration
	SessionTTL time.Duration
	Log        *slog.Logger
}

// Service signs people in and knows who they are.
type Service struct{ d Deps }

// New makes a service.
func New(d Deps) *Service { return &Service{d: d} }

// LoginRequest is what a person enters.
type LoginRequest struct {
	Email    string
	Password string
	// As is "" or "member", or "operator".
	As string
}

// Login is what a sign-in yields.
type Login struct {
	AccessToken string
	ExpiresIn   time.Duration
	UserID      tenant.UserID
	OrgID       tenant.OrgID
	OrgName     tenant.Name
	Role        tenant.Role
	OperatorID  tenant.OperatorID
}

// Login checks an address and a password and opens a session.
func (s *Service) Login(ctx context.Context, caller access.Caller, in LoginRequest) (Login, error) {
	return Login{}, nil
}

// Authenticate returns who is behind a token; fresh reads everything from the store.
func (s *Service) Authenticate(ctx context.Context, bearer string, caller access.Caller, fresh bool) (access.Caller, error) {
	return caller, nil
}

// Me is the caller's own account.
type Me struct {
	Kind        tenant.ActorKind
	UserID      tenant.UserID
	OperatorID  tenant.OperatorID
	Email       tenant.Email
	Memberships []MyMembership
}

// MyMembership is one organization of the caller's.
type MyMembership struct {
	OrgID   tenant.OrgID
	OrgName tenant.Name
	Slug    tenant.Slug
	Role    tenant.Role
}

// AccountChange is what the caller wants changed; nil fields stay.
type AccountChange struct {
	Email           *string
	Password        *string
	CurrentPassword string
}

// Me returns the caller's account.
func (s *Service) Me(ctx context.Context, caller access.Caller) (Me, error) { return Me{}, nil }

// UpdateMe changes the caller's account.
func (s *Service) UpdateMe(ctx context.Context, caller access.Caller, change AccountChange) (Me, error) {
	return Me{}, nil
}

// ResetLink makes a one-time token with which the person at the address sets a new password.
func (s *Service) ResetLink(ctx context.Context, caller access.Caller, email string) (token string, expires time.Time, err error) {
	return "", time.Time{}, nil
}

// ResetPassword sets a new password by a one-time token.
func (s *Service) ResetPassword(ctx context.Context, caller access.Caller, token, newPassword string) error {
	return nil
}

// AddOperator adds someone who runs the installation.
func (s *Service) AddOperator(ctx context.Context, caller access.Caller, email, password string) (tenant.Operator, error) {
	return tenant.Operator{}, nil
}

// LoadKeys reads the server's keys at start and makes the first ones.
func (s *Service) LoadKeys(ctx context.Context) error { return nil }

// RotateKey publishes a new signing key.
func (s *Service) RotateKey(ctx context.Context, caller access.Caller) (tenant.Key, error) {
	return tenant.Key{}, nil
}

// RevokeKey ends every token of a signing key.
func (s *Service) RevokeKey(ctx context.Context, caller access.Caller, kid tenant.KeyID) error {
	return nil
}

// ListKeys returns the keys without their secrets.
func (s *Service) ListKeys(ctx context.Context, caller access.Caller) ([]tenant.Key, error) {
	return nil, nil
}

// PurgeExpired removes expired sessions and keys whose last token is dead.
func (s *Service) PurgeExpired(ctx context.Context) error { return nil }

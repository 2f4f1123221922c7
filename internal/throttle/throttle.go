// Package throttle owns the limits on attempts: sign-ups, changes of one organization, guesses at passwords.
package throttle

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Options are what a [Throttle] needs.
type Options struct {
	Store store.Throttle
	// MAC makes the stores' keys; see tokens.Keyring.MAC.
	MAC func(label string, parts ...string) string
	Now func() time.Time
	// Off lets everything pass (ORGD_THROTTLE=off, for load tests).
	Off bool
	// SignUps is the bucket of organizations created from one address prefix; zero means 300, then one in 2 s.
	SignUps Rate
}

// Rate is a bucket: so many at once, then so many per second.
type Rate struct{ Burst, PerSecond float64 }

// Throttle counts attempts.
type Throttle struct{ o Options }

// New makes a throttle.
func New(o Options) *Throttle { return &Throttle{o: o} }

// Bucket takes one from the bucket of the kind and key, or fails with CodeThrottled.
func (t *Throttle) Bucket(ctx context.Context, kind, key string, rate Rate) error { return nil }

// SignUp takes one from the address prefix's bucket of new organizations.
func (t *Throttle) SignUp(ctx context.Context, prefix string) error { return nil }

// Organization takes one from the organization's bucket of renames and deletions.
func (t *Throttle) Organization(ctx context.Context, org tenant.OrgID) error { return nil }

// Login is an attempt at a password.
type Login struct {
	// Account names the account, such as "member:<id>"; for an unknown one, what was asked for.
	Account string
	Unknown bool
	// Prefix is the part of the client's address that counts.
	Prefix string
}

// Attempt is an attempt that was counted as a failure in advance.
type Attempt struct{}

// Familiar reports whether the account has signed in from the prefix lately.
func (a *Attempt) Familiar() bool { return false }

// Login counts an attempt at a password before it is compared, waits where the account is under attack, and fails with
// CodeThrottled where there were too many.
func (t *Throttle) Login(ctx context.Context, login Login) (*Attempt, error) { return &Attempt{}, nil }

// Probe counts an attempt that can tell something (a taken address, a link) against the prefix's failures.
func (t *Throttle) Probe(ctx context.Context, prefix string) (*Attempt, error) { return &Attempt{}, nil }

// Succeeded takes the count back and remembers the prefix as one of the account's.
func (a *Attempt) Succeeded(ctx context.Context) error { return nil }

// Refund takes the count back: nothing was learned.
func (a *Attempt) Refund(ctx context.Context) error { return nil }

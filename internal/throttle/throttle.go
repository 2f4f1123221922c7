// Package throttle owns the limits on attempts: new organizations per address, changes per organization, guesses at
// passwords and links. internal/credentials counts logins here, operation rooms the rest, each in one call before the work.
//
// The invariants (OWASP ASVS 5.0 chapter 6.3): an attempt is counted before it is judged, in one atomic
// addition, so that of many at once no more pass than of many in a row; an attempt that was refused, or that taught nothing,
// is taken back; no stranger can lock an account for its owner, because what counts per account alone delays and never
// refuses, and not where the owner usually is; and what is stored is HMACs that expire, in a bounded number.
package throttle

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Rate is a leaky bucket: so many at once, then so many per second.
type Rate struct{ Burst, PerSecond float64 }

// The defaults of [Options].
var (
	// DefaultSignUps lets a script of integration tests pass and stops a flood.
	DefaultSignUps = Rate{Burst: 300, PerSecond: 0.5}
	// DefaultChanges is what one organization may be created, renamed and deleted. Each is several durable writes.
	DefaultChanges = Rate{Burst: 120, PerSecond: 1}
)

// Options are what a [Throttle] needs.
type Options struct {
	Store store.Throttle
	// MAC makes the keys of the store; see tokens.Keyring.MAC.
	MAC func(label string, parts ...string) string
	Now func() time.Time
	// Off lets everything pass (ORGD_THROTTLE=off, for load tests).
	Off bool
	// SignUps is the bucket of organizations created from one address prefix; DefaultSignUps where it is zero.
	SignUps Rate
	// Changes is the bucket of changes of one organization's name and life; DefaultChanges where it is zero.
	Changes Rate
}

// Throttle counts attempts. Safe for concurrent use.
type Throttle struct {
	store   store.Throttle
	mac     func(label string, parts ...string) string
	now     func() time.Time
	off     bool
	signUps Rate
	changes Rate
	// waiting is how many attempts are being delayed now.
	waiting atomic.Int64
}

// Off reports whether everything passes.
func (t *Throttle) Off() bool { return t.off }

// New makes a throttle.
func New(o Options) *Throttle {
	if o.SignUps == (Rate{}) {
		o.SignUps = DefaultSignUps
	}
	if o.Changes == (Rate{}) {
		o.Changes = DefaultChanges
	}
	return &Throttle{store: o.Store, mac: o.MAC, now: o.Now, off: o.Off, signUps: o.SignUps, changes: o.Changes}
}

// SignUp takes one from the address prefix's bucket of new organizations; CodeThrottled if it is empty.
func (t *Throttle) SignUp(ctx context.Context, prefix string) error {
	return t.Bucket(ctx, "sign-up", prefix, t.signUps)
}

// Organization takes one from the organization's bucket of creations, renames and deletions; CodeThrottled if it is empty.
func (t *Throttle) Organization(ctx context.Context, org tenant.OrgID) error {
	return t.Bucket(ctx, "organization", string(org), t.changes)
}

// Bucket takes one from the bucket of the kind and key, or fails with CodeThrottled and the time until there is one again.
// What is refused takes nothing, so that who keeps asking is served at the rate. CodeUnavailable if the store cannot answer.
func (t *Throttle) Bucket(ctx context.Context, kind, key string, rate Rate) error {
	if t.off {
		return nil
	}
	c := t.counter(leakAt(rate), "bucket", kind, key)
	level, err := t.add(ctx, c, 1)
	if err != nil {
		return err
	}
	if level <= rate.Burst {
		return nil
	}
	if _, err := t.add(ctx, c, -1); err != nil {
		return err
	}
	return tooMany("too many requests of this kind", secondsUntil(level-rate.Burst, rate.PerSecond))
}

// counter is one row of the store.
type counter struct {
	key  string
	leak store.Leak
}

func (t *Throttle) counter(leak store.Leak, parts ...string) counter {
	return counter{key: t.mac("throttle", parts...), leak: leak}
}

func (t *Throttle) add(ctx context.Context, c counter, delta float64) (float64, error) {
	return t.store.Add(ctx, c.key, delta, c.leak, t.now())
}

// leakAt returns the leak of a bucket, which is forgotten once it must be empty.
func leakAt(rate Rate) store.Leak {
	return store.Leak{PerSecond: rate.PerSecond, TTL: secondsUntil(rate.Burst+1, rate.PerSecond)}
}

// secondsUntil returns how long a level takes to leak away, in whole seconds, one at least.
func secondsUntil(level, perSecond float64) time.Duration {
	return time.Duration(max(1, level/perSecond+0.999)) * time.Second
}

func tooMany(what string, retryAfter time.Duration) error {
	return &tenant.Error{
		Code:       tenant.CodeThrottled,
		Message:    what + "; try again in " + strconv.Itoa(int(retryAfter/time.Second)) + " seconds",
		RetryAfter: retryAfter,
	}
}

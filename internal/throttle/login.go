package throttle

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// The limits on guesses.
const (
	// PairFailures in a row from one address prefix block this account there for PairBlock, and nowhere else.
	PairFailures = 10
	PairBlock    = 15 * time.Minute
	// PrefixFailures is how many failures over all accounts one prefix may make at once; then one in ten seconds.
	PrefixFailures = 100
	// FreeFailures of an account delay nobody. Each further one doubles the delay of strangers, from FirstDelay to MaxDelay.
	FreeFailures = 5
	FirstDelay   = 250 * time.Millisecond
	MaxDelay     = 10 * time.Second
	// maxFailures is where an account's counter stops, so that a night of attack is forgiven in minutes, one a minute.
	maxFailures = 20
	// FamiliarFor is how long a prefix stays known to an account after its last sign-in there.
	FamiliarFor = 30 * 24 * time.Hour
	// UnknownBuckets is the number of counters that all unknown accounts share, so that guessing names fills no store. To tell
	// known accounts from unknown ones by their delays, somebody must keep every bucket high: 8192 guesses a minute, each of
	// which costs a hash, more than any server makes.
	UnknownBuckets = 8192
	// MaxWaiting is how many delayed attempts wait at once; each is a request with its memory.
	MaxWaiting = 2048
)

var (
	pairLeak    = store.Leak{TTL: PairBlock}
	prefixLeak  = leakAt(Rate{Burst: PrefixFailures, PerSecond: 0.1})
	accountLeak = store.Leak{PerSecond: 1.0 / 60, TTL: (maxFailures + 1) * time.Minute}
	knownLeak   = store.Leak{TTL: FamiliarFor}
)

// Login is an attempt at a password.
type Login struct {
	// Account names the account; for an unknown one, what was asked for.
	Account string
	Unknown bool
	// Prefix is the part of the client's address that counts: an IPv4 address, an IPv6 /64.
	Prefix string
}

// Attempt is an attempt that was counted as a failure in advance. Exactly one of three ends it: Succeeded, Refund, or
// nothing, which leaves it a failure. The zero Attempt counts nothing.
type Attempt struct {
	t        *Throttle
	counted  []counter // each holds one of this attempt
	pair     counter   // of account and prefix; cleared by a success
	known    counter
	familiar bool
}

// Familiar reports whether the account has signed in from the prefix in the last [FamiliarFor].
func (a *Attempt) Familiar() bool { return a.familiar }

// Login counts an attempt at a password before it is compared. CodeThrottled where the prefix made too many failures, or
// this account and prefix did. Where the account alone has many, it waits, [MaxDelay] at most, unless the prefix is
// familiar; an attempt whose ctx would end before that, or that finds [MaxWaiting] others, is CodeThrottled at once. The
// caller therefore gives a login more time than MaxDelay. CodeUnavailable if the store cannot answer. An attempt that was
// not admitted is counted nowhere.
func (t *Throttle) Login(ctx context.Context, login Login) (*Attempt, error) {
	if t.off {
		return &Attempt{}, nil
	}
	a, err := t.Probe(ctx, login.Prefix)
	if err != nil {
		return nil, err
	}
	if err := t.admit(ctx, a, t.account(login), login.Prefix); err != nil {
		return nil, errors.Join(err, a.Refund(context.WithoutCancel(ctx)))
	}
	return a, nil
}

// admit counts the attempt against the pair and the account and waits.
func (t *Throttle) admit(ctx context.Context, a *Attempt, account, prefix string) error {
	a.pair = t.counter(pairLeak, "pair", account, prefix)
	a.known = t.counter(knownLeak, "known", account, prefix)
	blocked := tooMany("too many failed sign-ins to this account from your network", PairBlock)
	// Reading first, because an addition prolongs the block.
	if level, err := t.add(ctx, a.pair, 0); err != nil || level >= PairFailures {
		return cmpErr(err, blocked)
	}
	if level, err := a.count(ctx, a.pair); err != nil || level > PairFailures {
		return cmpErr(err, blocked)
	}
	known, err := t.add(ctx, a.known, 0)
	if err != nil {
		return err
	}
	a.familiar = known > 0
	failures, err := t.countAccount(ctx, a, t.counter(accountLeak, "account", account))
	if err != nil || a.familiar {
		return err
	}
	return t.delay(ctx, delayAfter(failures))
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// countAccount counts against the account, up to maxFailures.
func (t *Throttle) countAccount(ctx context.Context, a *Attempt, c counter) (float64, error) {
	failures, err := a.count(ctx, c)
	if err != nil || failures <= maxFailures {
		return failures, err
	}
	a.counted = a.counted[:len(a.counted)-1]
	_, err = t.add(ctx, c, -1)
	return failures, err
}

// account returns the name under which the account counts.
func (t *Throttle) account(login Login) string {
	if !login.Unknown {
		return login.Account
	}
	// Own bytes of the MAC choose the bucket, so that nobody can compute who shares one.
	sum, err := base64.RawURLEncoding.DecodeString(t.mac("throttle", "unknown", login.Account))
	if err != nil || len(sum) < 8 {
		return "unknown"
	}
	return "unknown:" + strconv.FormatUint(binary.BigEndian.Uint64(sum)%UnknownBuckets, 10)
}

// delayAfter returns how long the attempt that is the n-th failure waits.
func delayAfter(failures float64) time.Duration {
	if failures <= FreeFailures {
		return 0
	}
	return time.Duration(min(float64(MaxDelay), float64(FirstDelay)*math.Pow(2, math.Ceil(failures)-FreeFailures-1)))
}

// delay waits, unless ctx would not last so long: then it says so at once and holds nothing.
func (t *Throttle) delay(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	defer t.waiting.Add(-1)
	deadline, bounded := ctx.Deadline()
	if t.waiting.Add(1) > MaxWaiting || bounded && time.Until(deadline) < d {
		return tooMany("too many failed sign-ins to this account", MaxDelay)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "the request ended while the sign-in was delayed")
	}
}

// Probe counts an attempt that can teach something about others, such as whether an address is taken or a link is good,
// among the failures of the prefix. CodeThrottled where there were too many. End it like a login.
func (t *Throttle) Probe(ctx context.Context, prefix string) (*Attempt, error) {
	if t.off {
		return &Attempt{}, nil
	}
	a := &Attempt{t: t}
	level, err := a.count(ctx, t.counter(prefixLeak, "prefix", prefix))
	if err != nil {
		return nil, err
	}
	if level <= PrefixFailures {
		return a, nil
	}
	if err := a.Refund(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return nil, tooMany("too many failed attempts from your network", secondsUntil(level-PrefixFailures, prefixLeak.PerSecond))
}

// Asking runs an act whose refusal with the code teaches something about others: it is counted as a [Throttle.Probe] before
// and taken back if the act ends otherwise. Where there were too many it is not run, so that CodeThrottled teaches nothing.
func (t *Throttle) Asking(ctx context.Context, prefix string, code tenant.Code, act func() error) error {
	probe, err := t.Probe(ctx, prefix)
	if err != nil {
		return err
	}
	err = act()
	if !tenant.IsCode(err, code) {
		_ = probe.Refund(context.WithoutCancel(ctx)) // a count that cannot be taken back is no failure of the act
	}
	return err
}

// count adds one and remembers it for a refund.
func (a *Attempt) count(ctx context.Context, c counter) (float64, error) {
	level, err := a.t.add(ctx, c, 1)
	if err == nil {
		a.counted = append(a.counted, c)
	}
	return level, err
}

// Refund takes the attempt back: nothing was learned from it.
func (a *Attempt) Refund(ctx context.Context) error {
	for len(a.counted) > 0 {
		last := len(a.counted) - 1
		if _, err := a.t.add(ctx, a.counted[last], -1); err != nil {
			return err
		}
		a.counted = a.counted[:last]
	}
	return nil
}

// Succeeded takes the attempt back, forgives the earlier failures of this account and prefix, and remembers the prefix as
// one of the account's. A prefix's or an account's other failures stay: who can sign in to one account has not thereby
// earned more guesses at others.
func (a *Attempt) Succeeded(ctx context.Context) error {
	if err := a.Refund(ctx); err != nil || a.known.key == "" {
		return err
	}
	if _, err := a.t.add(ctx, a.pair, -PairFailures); err != nil {
		return err
	}
	_, err := a.t.add(ctx, a.known, 1)
	return err
}

// Package credentials is the one place where a password is checked against an account, and where a new one is accepted.
// internal/authn and internal/orgs call it; nothing else compares or hashes.
//
// The invariants: each comparison was counted as a failure before it began ([throttle.Throttle.Login]) and is taken back
// only by a right password or where the pool had no place; an account that does not exist costs what a wrong password costs;
// no hash is made of a password that the policy did not see. Rules: OWASP ASVS 5.0 chapter 6, NIST SP 800-63B section 3.1.
package credentials

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// Product is the product's name, which is no password.
const Product = "orgd"

// Options are what a [Credentials] needs.
type Options struct {
	Pool     *passwords.Pool
	Policy   passwords.Policy
	Throttle *throttle.Throttle
	Log      *slog.Logger
}

// Credentials checks and accepts passwords. Safe for concurrent use.
type Credentials struct {
	pool     *passwords.Pool
	policy   passwords.Policy
	throttle *throttle.Throttle
	log      *slog.Logger
}

// New makes it over a pool, which the caller closes.
func New(o Options) *Credentials {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Credentials{pool: o.Pool, policy: o.Policy, throttle: o.Throttle, log: o.Log}
}

// Attempt is a password offered for an account.
type Attempt struct {
	// Account names the account for throttling: [Member] or [Operator] of its id, and for an unknown one of what was asked
	// for.
	Account string
	// Prefix is the part of the client's address that counts.
	Prefix string
	// Hash is the account's; "" for an unknown account, which costs the same.
	Hash     string
	Password string
}

// Member names a member's account for [Attempt.Account].
func Member(id tenant.UserID) string { return "member:" + string(id) }

// Operator names an operator's account for [Attempt.Account].
func Operator(id tenant.OperatorID) string { return "operator:" + string(id) }

// Result is how an attempt ended.
type Result struct {
	OK bool
	// NeedsRehash says that the password is right and the stored hash cheaper than new ones are.
	NeedsRehash bool
}

// Check counts the attempt, waits where the account is under attack, compares, and takes the count back if the password is
// right. A wrong password is no error. CodeThrottled where there were too many attempts or too many wait for a comparison:
// nothing was compared then. CodeUnavailable where the store or the server cannot answer, or ctx ends.
func (c *Credentials) Check(ctx context.Context, attempt Attempt) (Result, error) {
	counted, err := c.throttle.Login(ctx, throttle.Login{
		Account: attempt.Account, Unknown: attempt.Hash == "", Prefix: attempt.Prefix,
	})
	if err != nil {
		return Result{}, err
	}
	ok, rehash, err := c.compare(ctx, attempt, counted.Familiar())
	switch {
	case errors.Is(err, passwords.ErrBusy), errors.Is(err, passwords.ErrClosed):
		return Result{}, errors.Join(translate(err), counted.Refund(context.WithoutCancel(ctx)))
	case err != nil:
		// Given up by the caller. It stays counted: it may have cost a hash, and nobody gets those without limit.
		return Result{}, translate(err)
	case !ok:
		return Result{}, nil
	}
	if err := counted.Succeeded(ctx); err != nil {
		return Result{}, err
	}
	return Result{OK: true, NeedsRehash: rehash}, nil
}

func (c *Credentials) compare(ctx context.Context, attempt Attempt, familiar bool) (ok, rehash bool, err error) {
	if familiar {
		ctx = passwords.Familiar(ctx)
	}
	if attempt.Hash == "" {
		return false, false, c.pool.Burn(ctx, c.place(attempt.Prefix), attempt.Password)
	}
	ok, rehash, err = c.pool.Compare(ctx, c.place(attempt.Prefix), attempt.Hash, attempt.Password)
	if errors.Is(err, passwords.ErrBadHash) {
		c.log.LogAttrs(ctx, slog.LevelError, "the stored password hash of an account cannot be used; give it a reset link",
			slog.String("account", attempt.Account), slog.Any("error", err))
		return false, false, nil
	}
	return ok, rehash, err
}

// place is what the pool's queue holds one place for: the address prefix, or with the throttle off each request.
func (c *Credentials) place(prefix string) string {
	if c.throttle.Off() {
		return tenant.NewID()
	}
	return prefix
}

// Confirm is Check for a signed-in caller who enters the current password again: CodeStaleAuthentication (RFC 9470) if it is
// missing or wrong. A missing one is not counted.
func (c *Credentials) Confirm(ctx context.Context, attempt Attempt) error {
	if attempt.Password == "" {
		return tenant.Errorf(tenant.CodeStaleAuthentication, "this needs your current password; send it as current_password")
	}
	result, err := c.Check(ctx, attempt)
	if err != nil {
		return err
	}
	if !result.OK {
		return tenant.Errorf(tenant.CodeStaleAuthentication, "the current password is wrong")
	}
	return nil
}

// Acceptable reports whether the policy accepts a new password: nil, or CodeInvalid for the location, such as
// "body.password". It hashes nothing.
func (c *Credentials) Acceptable(location, password string, pctx passwords.Context) error {
	if pctx.Product == "" {
		pctx.Product = Product
	}
	err := c.policy.Check(password, pctx)
	if policy, ok := errors.AsType[*passwords.PolicyError](err); ok {
		return tenant.Invalid(location, string(policy.Rule), policy.Reason)
	}
	return err
}

// Hash returns the hash of a new password that the policy accepts, else CodeInvalid for the location; CodeThrottled where
// too many wait for the hashing pool, for this prefix or in all.
func (c *Credentials) Hash(ctx context.Context, location, prefix, password string, pctx passwords.Context) (string, error) {
	if err := c.Acceptable(location, password, pctx); err != nil {
		return "", err
	}
	hash, err := c.pool.Hash(ctx, c.place(prefix), password)
	if err != nil {
		return "", translate(err)
	}
	return hash, nil
}

// Rehash returns a hash at today's cost of a password that Check has just found right, without asking the policy: who has a
// weak password must still get in. Errors as of Hash.
func (c *Credentials) Rehash(ctx context.Context, prefix, password string) (string, error) {
	hash, err := c.pool.Hash(passwords.Familiar(ctx), c.place(prefix), password)
	if err != nil {
		return "", translate(err)
	}
	return hash, nil
}

// translate gives the pool's errors their codes.
func translate(err error) error {
	var busy *passwords.BusyError
	switch {
	case errors.As(err, &busy):
		return &tenant.Error{
			Code: tenant.CodeThrottled, Message: "too many sign-ins at once; try again in a moment",
			RetryAfter: busy.RetryAfter, Cause: err,
		}
	case errors.Is(err, passwords.ErrClosed):
		return &tenant.Error{Code: tenant.CodeUnavailable, Message: "the server is stopping", RetryAfter: time.Second, Cause: err}
	default:
		return &tenant.Error{
			Code: tenant.CodeUnavailable, Message: "the request ended before the password was checked",
			RetryAfter: time.Second, Cause: err,
		}
	}
}

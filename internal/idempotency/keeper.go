// Package idempotency makes a request with an Idempotency-Key take effect once, however often it is sent. The doors wrap
// an act in [Keeper.Do]; the act uses the ids of the plan, and the door builds its answer from the resource, so that no
// answer is ever stored.
//
// The invariants: who may not do the act, or not any more, is refused before a record is made or looked for. The plan is stored
// before the act begins and is the same for every repetition, so that a repetition after a crash finds what the first request has
// made instead of making it again.
package idempotency

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Limits of the records.
const (
	// TTL is how long a key is remembered.
	TTL = 24 * time.Hour
	// Lease is how long a request may take before a repetition takes it over; longer than any request.
	Lease = 20 * time.Second
	// PerCaller is how many records one caller may have.
	PerCaller = 1000
	// MaxKeyLength is the longest Idempotency-Key, in characters.
	MaxKeyLength = 255
)

// Request is what a door knows of a request with a key.
type Request struct {
	Caller access.Caller
	// Action on Org ("" for the installation) is what the caller must be allowed to do, the first time and each time again.
	Action access.Action
	Org    tenant.OrgID
	// Route is the method and the path with its parameters filled in.
	Route string
	Key   string
	Body  []byte
}

// Plan holds the ids that the act uses.
type Plan struct {
	ResourceID string
	OwnerID    string
	WriteID    string
}

// Deps are what a keeper works with; all fields are needed.
type Deps struct {
	Records store.Idempotency
	Guard   *access.Guard
	// MAC keys what is stored, so that neither bodies nor keys can be guessed from a copy of the store.
	MAC func(label string, parts ...string) string
	Now func() time.Time
	// NewID makes the planned ids.
	NewID func() string
}

// Keeper keeps the records. It is safe for concurrent use.
type Keeper struct{ Deps }

// New makes a keeper.
func New(deps Deps) *Keeper { return &Keeper{Deps: deps} }

// Do runs act once for the key, and returns its plan and whether it had run before. Without a key it just runs it under a
// zero plan. CodeIdempotencyInProgress while the first request runs, CodeIdempotencyMismatch if the key was used with
// another body, CodeLimit if the caller has too many, and the codes of [access.Guard.Authorize]. An act that is refused
// leaves no record, so the same key can be used for a better attempt; one whose outcome is unknown keeps its record, so a
// repetition finds out.
func (k *Keeper) Do(ctx context.Context, request Request, act func(context.Context, Plan) error) (Plan, bool, error) {
	if request.Key == "" {
		return Plan{}, false, act(ctx, Plan{})
	}
	if err := checkKey(request.Key); err != nil {
		return Plan{}, false, err
	}
	if err := k.Guard.Allow(ctx, request.Caller, request.Action, request.Org); err != nil {
		return Plan{}, false, err
	}
	record, fresh, err := k.begin(ctx, request)
	if err != nil {
		return Plan{}, false, err
	}
	plan := Plan{ResourceID: record.ResourceID, OwnerID: record.OwnerID, WriteID: record.WriteID}
	if record.Done {
		return plan, true, nil
	}
	return plan, !fresh, k.run(ctx, record, func(ctx context.Context) error { return act(ctx, plan) })
}

// begin stores the record, or finds the one of the request before and takes it over if nobody works on it.
func (k *Keeper) begin(ctx context.Context, request Request) (store.IdempotencyRecord, bool, error) {
	now := tenant.Millis(k.Now())
	wanted := k.record(request, now)
	record, fresh, err := k.Records.Begin(ctx, wanted, now, PerCaller)
	if err != nil || fresh {
		return record, fresh, err
	}
	if record.Fingerprint != wanted.Fingerprint {
		return record, false, tenant.Errorf(tenant.CodeIdempotencyMismatch,
			"this Idempotency-Key was used with another request; use a new key for a new request")
	}
	if record.Done {
		return record, false, nil
	}
	if record.LeaseUntil.After(now) {
		return record, false, inProgress(record.LeaseUntil.Sub(now))
	}
	err = k.Records.TakeOver(ctx, record.Key, record.LeaseUntil, wanted.LeaseUntil)
	record.LeaseUntil = wanted.LeaseUntil
	if tenant.IsCode(err, tenant.CodeConflict) {
		return record, false, inProgress(Lease)
	}
	return record, false, err
}

func (k *Keeper) record(request Request, now time.Time) store.IdempotencyRecord {
	fingerprint := k.MAC("idempotency.fingerprint", string(request.Body))
	caller := callerScope(request.Caller, fingerprint)
	return store.IdempotencyRecord{
		Key:         k.MAC("idempotency.key", append(caller, request.Route, request.Key)...),
		Caller:      k.MAC("idempotency.caller", caller[:2]...),
		Fingerprint: fingerprint,
		ResourceID:  k.NewID(),
		OwnerID:     k.NewID(),
		WriteID:     k.NewID(),
		LeaseUntil:  now.Add(Lease),
		ExpiresAt:   now.Add(TTL),
	}
}

// callerScope keeps callers' keys apart. Strangers share nothing but their address, so the body counts as well: another
// person behind the same address cannot find out what a key was used for.
func callerScope(c access.Caller, fingerprint string) []string {
	switch c.Kind {
	case tenant.ActorMember:
		return []string{"member", string(c.User)}
	case tenant.ActorOperator:
		return []string{"operator", string(c.Operator)}
	default:
		return []string{"anonymous", c.Address, fingerprint}
	}
}

func (k *Keeper) run(ctx context.Context, record store.IdempotencyRecord, act func(context.Context) error) error {
	err := act(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	switch tenant.CodeOf(err) {
	case "":
		return k.Records.Finish(ctx, record.Key)
	case tenant.CodeUnknownOutcome, tenant.CodeUnavailable, tenant.CodeInternal:
		// Nobody works on it any more: a repetition may find out what happened at once, and not when the lease is over.
		_ = k.Records.TakeOver(ctx, record.Key, record.LeaseUntil, tenant.Millis(k.Now()))
		return err
	default:
		if forgetErr := k.Records.Forget(ctx, record.Key); forgetErr != nil {
			return forgetErr
		}
		return err
	}
}

func inProgress(wait time.Duration) error {
	return &tenant.Error{
		Code: tenant.CodeIdempotencyInProgress, RetryAfter: min(wait, 5*time.Second),
		Message: "the first request with this Idempotency-Key has not ended; try again in a moment",
	}
}

func checkKey(key string) error {
	if len(key) > MaxKeyLength {
		return tenant.Invalid("header.Idempotency-Key", "too_long", "an Idempotency-Key has at most 255 characters")
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return tenant.Invalid("header.Idempotency-Key", "characters", "an Idempotency-Key has visible ASCII characters only")
		}
	}
	return nil
}

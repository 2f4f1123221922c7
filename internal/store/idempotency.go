package store

import (
	"context"
	"time"
)

// IdempotencyRecord remembers one request with an Idempotency-Key, and never its answer.
type IdempotencyRecord struct {
	// Key is an HMAC over caller, route and the client's key.
	Key string
	// Caller is an HMAC that bounds the records of one caller.
	Caller string
	// Fingerprint is an HMAC over the request's body.
	Fingerprint string
	// ResourceID and OwnerID are the ids that the act uses, however often it is repeated.
	ResourceID string
	OwnerID    string
	// WriteID is the id of the act's audit entry or document write.
	WriteID string
	// Done says that the act took effect; until then LeaseUntil says how long its request may take. A backend that knows at
	// its start that no server is left sets it to zero.
	Done       bool
	LeaseUntil time.Time
	ExpiresAt  time.Time
}

// Idempotency keeps the records.
type Idempotency interface {
	// Begin stores the record if there is none with its Key that expires after now, and returns true; else it returns the
	// stored one and false. CodeLimit if the caller has perCaller records that expire after now. Of concurrent calls with one
	// key exactly one returns true.
	Begin(ctx context.Context, record IdempotencyRecord, now time.Time, perCaller int) (IdempotencyRecord, bool, error)
	// TakeOver replaces the lease of a record that is not done, if it is still the given one; else CodeConflict.
	TakeOver(ctx context.Context, key string, lease, next time.Time) error
	// Finish marks the record done.
	Finish(ctx context.Context, key string) error
	// Forget removes the record of an act that did not take effect; nothing there is no error.
	Forget(ctx context.Context, key string) error
	// PurgeExpired removes at most limit records that expired before the time and returns how many.
	PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error)
}

// Package store is the contract between orgd and a backend: what must be kept, and what holds when several callers write
// at once. It has no code but these words; internal/store/sqlite and internal/store/mongo keep it, and
// internal/store/storetest proves that they do, with no opt-outs. Operation rooms take the narrow interfaces they use.
//
// Clauses that hold for every method:
//
//   - Each method is one atomic change of one document (row): after a crash it happened whole or not at all, and once it
//     has returned nil it survives the crash of the process and of the machine.
//   - Errors are *tenant.Error: CodeNotFound where the thing does not exist, CodeUnavailable where the backend cannot
//     answer, CodeUnknownOutcome where a write's answer was lost and reading back did not settle it. A context that is over
//     ends the call with CodeUnavailable. Driver errors never pass as they are.
//   - Update methods read, apply the change function to a copy and write by compare-and-swap on Version, which rises by
//     one. They try again when the swap is lost, so the function may run several times and must depend on its argument
//     alone. An error of the function ends the update without a write and is returned as it is. Id and CreatedAt of the
//     copy are ignored. UpdatedAt is what the function sets. The returned value is what was written.
//   - Times are cut to milliseconds UTC. Strings compare by bytes.
//   - Lists go by keyset: after is the last key of the page before, zero for the first; at most limit (1 or more) come back,
//     in ascending order of the key.
//   - Values that come back share nothing with the store, and values that go in may be changed by the caller afterwards.
//   - A write that takes a tenant.Trail stores an AuditEntry in the same atomic change, with the next Seq of its
//     organization and the hash of the entry before it. An entry whose ID is in the log already is not written twice.
package store

import "context"

// Store is everything that a backend offers, one field per noun.
type Store struct {
	Orgs         Orgs
	Users        Users
	Operators    Operators
	Sessions     Sessions
	Keys         Keys
	Documents    Documents
	Places       Places
	Audit        Audit
	Instances    Instances
	Throttle     Throttle
	Idempotency  Idempotency
	Installation Installation
	Transfer     Transfer
	Health       Health
}

// Health is whether the backend can serve.
type Health interface {
	// Ping returns nil if the store can be read and written now, and CodeUnavailable or CodeStorageFull with the reason
	// otherwise. It writes nothing.
	Ping(ctx context.Context) error
}

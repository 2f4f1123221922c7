package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Transfer is a store as it is, for moving an installation to another one: what the other interfaces change by rules is read and
// written here record by record. Nobody else uses the store meanwhile; its [Standing] keeps everybody out.
type Transfer struct {
	Orgs        Table[tenant.Organization]
	Users       Table[tenant.User]
	Operators   Table[tenant.Operator]
	Sessions    Table[tenant.Session]
	Keys        Table[tenant.Key]
	Idempotency Table[IdempotencyRecord]
	Audit       Table[tenant.AuditEntry]
	Homes       Homes
	Standing    Standing
}

// Table is all records of one noun as they are, versions, claims and times included. A record's key is its id, of an
// idempotency record its Key; entries of the log go by organization ("" first) and Seq.
type Table[T any] interface {
	// Scan returns records in ascending order of their keys: at most limit (1 or more) of those behind the record after, nil for
	// the first ones. Only after's key counts. What waits in an outbox is in the log before the first record comes back.
	Scan(ctx context.Context, after *T, limit int) ([]T, error)
	// Add writes records that are not there as they are, and no entry of the log for them; it is not one atomic change, but no
	// record is ever there by halves. One whose key is there already as it is is left alone, so that an Add that was cut short can
	// be repeated. CodeConflict if it is there and differs in anything but the order of its claims, or if another record has one of
	// its claims; what is there stays as it is then. The id of an entry counts as a claim. CodeStorageFull like an insert.
	Add(ctx context.Context, records []T) error
	// Clear removes all records of the noun, and frees their claims. Those of the log are gone wherever they wait; what waits in
	// the outbox of any other record is in the log before the record goes.
	Clear(ctx context.Context) error
}

// Home is where the documents of one organization are: at their place, or in the trash under an operation.
type Home struct {
	Place tenant.Place
	// Trash is the operation that trashed the documents; empty for those at their place.
	Trash tenant.OperationID
}

// Homes is the tenants' data as it lies.
type Homes interface {
	// All returns every home that there is, in no particular order. A backend without physical names leaves the Placement empty, and
	// so may any for one in the trash.
	All(ctx context.Context) ([]Home, error)
	// Scan returns documents of a home in ascending order of id (bytes), of the default collection: at most limit, and beyond the
	// first only as many as keep the sum of their data within [PageBytes]. CodeNotFound if there is no such home. Nothing is changed
	// or moved by it.
	Scan(ctx context.Context, home Home, after tenant.DocumentID, limit int) ([]tenant.Document, error)
	// Load writes documents as they are, Version, times and WriteID included, to a place that [Places.Create] has made: it inserts those
	// that are not there and replaces the others. It is not one atomic change, has no quota, and takes as long as ctx allows; a
	// call has at most 1,000 documents of distinct ids and four times [PageBytes]. The order of ids is not required. A place that
	// does not exist is CodeNotFound, another organization's CodeUnavailable, a disk that is nearly full CodeStorageFull.
	Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error
	// Remove deletes documents from a place; those that are not there are no error. Places are judged as in Load.
	Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error
}

// Standing is what the store as a whole is for at the moment.
type Standing interface {
	// Get returns the present standing; the zero value is a store in use.
	Get(ctx context.Context) (tenant.Standing, error)
	// Swap replaces the standing if it still is the old one; CodeConflict if not. It is durable before it returns.
	Swap(ctx context.Context, old, next tenant.Standing) error
}

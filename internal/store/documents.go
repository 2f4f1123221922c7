package store

import (
	"context"
	"errors"

	"github.com/orgd/orgd/internal/tenant"
)

// PageBytes bounds the data of one page of documents, so that a few requests for the largest ones cannot fill the memory.
const PageBytes = 4 << 20

// ErrNoPlace is in the chain of the CodeNotFound with which a call on documents says that the place itself is not there, and not
// only what it asked for. An organization at rest always has its place: where one has not, an operator must look for the data.
var ErrNoPlace = errors.New("the store has no such place")

// Documents keeps the tenants' own data. Every method reaches the data of the organization that it is given and no other: a
// place whose file or collection belongs to another organization is CodeUnavailable. A place that does not exist, or was
// moved to the trash, is CodeNotFound with [ErrNoPlace], which nothing else has, and is never created by a write. The
// caller holds the organization's gate (internal/placement) meanwhile.
//
// Writes fail with CodeQuota where the tenant's bytes would grow beyond quota (0 is none) and with CodeStorageFull where
// the disk is nearly full; deletions and reads work then. Where an application has put rules of its own on a collection, writes
// that a unique index refuses are CodeConflict, those that a validator refuses CodeInvalid. Each method is done within one second or fails.
type Documents interface {
	// Insert adds a document at version 1. CodeIDTaken if the id exists, unless the existing document is at version 1 and
	// has the same WriteID: then the insert was done before, and the existing document comes back.
	Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error)
	// Get returns a document.
	Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error)
	// List returns documents in ascending order of id (bytes). Beyond the first it returns only as many as keep the sum of
	// their data within [PageBytes], so a page can be shorter than limit with more behind it.
	List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int) ([]tenant.Document, error)
	// Update changes Data, UpdatedAt and WriteID of a document; see the package's clauses. A document that was deleted and made
	// anew under the id meanwhile is another one, be it at the same version: the function is called again, for that one.
	Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
		change func(*tenant.Document) error) (tenant.Document, error)
	// Delete removes a document if it is in the state wanted, else CodePrecondition; the zero value is any state, and a zero
	// CreatedAt any document of the id at that version. What is compared and what is deleted are one.
	Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error
	// Usage returns how much the tenant stores, without reading the documents.
	Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error)
}

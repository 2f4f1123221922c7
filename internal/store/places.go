package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Places makes, moves and removes the physical homes of tenants' data. Every method is idempotent: called again with the
// same arguments after it succeeded, or after it was cut short at any point, it ends in the same state. The caller has
// recorded the operation and drained the organization (internal/placement). CodeNotFound and CodeConflict are final: nothing
// was moved, and the same call will not do better.
type Places interface {
	// Create makes the empty home of place.Org. One that exists and belongs to place.Org is left as it is; one that belongs to
	// anybody else is CodeConflict and stays untouched.
	Create(ctx context.Context, place tenant.Place) error
	// Rename moves the data from one namespace to another of the same organization, at a cost that does not depend on its
	// size. A target that exists and is not the moved data is CodeConflict.
	Rename(ctx context.Context, from, to tenant.Place) error
	// Trash moves the data where no reader or writer can reach it, under the operation's id. Nothing can reach it there but
	// Restore and Drop.
	Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error
	// Restore moves the data that the operation op trashed back to place. CodeNotFound if it is in neither.
	Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error
	// Sweep clears a namespace that place.Org has left and that something sent earlier may have reached: what stands there goes
	// to the trash under the operation's id, and its documents to place, unless one with the id is there already; such a one
	// stays in the trash and is reported in the log. A place without a namespace takes none, and nothing is kept then. It
	// reports whether anything was there. What another organization has there is left alone and counts as nothing, and so does
	// place itself.
	Sweep(ctx context.Context, namespace string, place tenant.Place, op tenant.OperationID) (found bool, err error)
	// Drop removes for good what the operation op trashed. Nothing there is no error.
	Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error
	// Discard removes the home of a creation that is being taken back. It must be empty of documents, else CodeConflict;
	// nothing there is no error.
	Discard(ctx context.Context, place tenant.Place) error
}

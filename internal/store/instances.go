package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Instances keeps the servers that are running on this store.
type Instances interface {
	// Register adds a server before its first read of anything else. CodeIDTaken if the id exists.
	Register(ctx context.Context, instance tenant.Instance) error
	// Beat stores counter and acks of a registered server, counter being above the stored one. CodeNotFound if the server was
	// removed: it must stop serving.
	Beat(ctx context.Context, id tenant.InstanceID, counter int64, acks map[tenant.OrgID]int64) error
	// List returns all registered servers in ascending order of id.
	List(ctx context.Context) ([]tenant.Instance, error)
	// Remove takes a server off the list. Removing one that is not on it is no error.
	Remove(ctx context.Context, id tenant.InstanceID) error
}

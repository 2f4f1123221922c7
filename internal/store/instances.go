package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Instances keeps the servers that are running on this store.
type Instances interface {
	// Register adds a server before its first read of anything else. CodeIDTaken if the id exists.
	Register(ctx context.Context, instance tenant.Instance) error
	// Beat stores a server's heartbeat if its counter is above the stored one; CodeConflict if not. CodeNotFound if the server
	// was removed or declared dead: it must stop serving.
	Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error
	// DeclareDead marks a server as dead whose counter is still this one; CodeConflict if it has moved, CodeNotFound if the
	// server is not on the list. One that is dead already stays so, whatever the counter.
	DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error
	// List returns all servers on the list in ascending order of id, the dead among them.
	List(ctx context.Context) ([]tenant.Instance, error)
	// Remove takes a server off the list. Removing one that is not on it is no error.
	Remove(ctx context.Context, id tenant.InstanceID) error
}

package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Keys keeps the server's secrets.
type Keys interface {
	// Insert adds a key at version 1. CodeIDTaken if the id exists.
	Insert(ctx context.Context, key tenant.Key, trail tenant.Trail) error
	// List returns all keys in ascending order of id, revoked ones included.
	List(ctx context.Context) ([]tenant.Key, error)
	// Update changes a key; see the package's clauses.
	Update(ctx context.Context, id tenant.KeyID, trail tenant.Trail, change func(*tenant.Key) error) (tenant.Key, error)
	// Remove deletes a key whose last token is dead. Removing one that does not exist is CodeNotFound.
	Remove(ctx context.Context, id tenant.KeyID, trail tenant.Trail) error
}

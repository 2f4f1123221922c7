package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Operators keeps those who run the installation, apart from users: one address may be both.
type Operators interface {
	// Insert adds an operator at version 1. CodeIDTaken if the id exists, CodeEmailTaken if the address does.
	Insert(ctx context.Context, operator tenant.Operator, trail tenant.Trail) error
	// Get returns the operator.
	Get(ctx context.Context, id tenant.OperatorID) (tenant.Operator, error)
	// FindByEmail returns the operator with the address.
	FindByEmail(ctx context.Context, email tenant.Email) (tenant.Operator, error)
	// List returns operators in ascending order of id.
	List(ctx context.Context, after tenant.OperatorID, limit int) ([]tenant.Operator, error)
	// Update changes an operator; see the package's clauses. CodeEmailTaken if the new address belongs to another.
	Update(ctx context.Context, id tenant.OperatorID, trail tenant.Trail,
		change func(*tenant.Operator) error) (tenant.Operator, error)
}

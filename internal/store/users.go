package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Users keeps persons. Only internal/authn and internal/orgs change them (archtest sees to it), so that no act inside an
// organization writes another person's account.
type Users interface {
	// Insert adds a user at version 1. CodeIDTaken if the id exists; *ClaimError (CodeEmailTaken) if another user holds one
	// of its claims. Of concurrent inserts with a common claim exactly one succeeds.
	Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error
	// Get returns the user, in the trash or not.
	Get(ctx context.Context, id tenant.UserID) (tenant.User, error)
	// FindByEmail returns the user who holds the claim on the address. During a change of address that may be one whose
	// Email is still the old one: the caller compares.
	FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error)
	// Members returns users with a membership in the organization, living or trashed, in ascending order of id.
	Members(ctx context.Context, org tenant.OrgID, after tenant.UserID, limit int) ([]tenant.User, error)
	// Update changes a user; see the package's clauses. *ClaimError if another user holds an added claim.
	Update(ctx context.Context, id tenant.UserID, trail tenant.Trail, change func(*tenant.User) error) (tenant.User, error)
	// Remove deletes the user and frees the claims. Removing one that does not exist is CodeNotFound.
	Remove(ctx context.Context, id tenant.UserID, trail tenant.Trail) error
}

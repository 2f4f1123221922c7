package store

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// ClaimError reports that an insert or update wanted a claim that another document holds. It wraps a *tenant.Error with
// the claim's TakenCode.
type ClaimError struct {
	Claim tenant.Claim
	// Holder is the organization that holds the claim; empty where a user or operator does.
	Holder tenant.OrgID
	// Pending says that the holder has an operation under way, so the claim may become free or firm within moments.
	Pending bool
}

// Error is the sentence for people, since commands print errors as they are; it does not tell the claim's value.
func (e *ClaimError) Error() string {
	if e.Pending {
		return e.Unwrap().Error() + " (the holder has an operation under way)"
	}
	return e.Unwrap().Error()
}

// Unwrap returns the *tenant.Error that a caller of the API sees.
func (e *ClaimError) Unwrap() error {
	switch code := e.Claim.TakenCode(); code {
	case tenant.CodeNameTaken:
		return tenant.Errorf(code, "an organization with this name exists already; choose another name")
	case tenant.CodeEmailTaken:
		return tenant.Errorf(code, "this e-mail address is in use already; sign in, or use another address")
	default:
		return tenant.Errorf(code, "another organization's name reads the same in a path; choose a name that differs in more than case, accents and signs")
	}
}

// OrgFilter narrows a list of organizations; zero fields do not narrow.
type OrgFilter struct {
	// States keeps organizations in one of these states.
	States []tenant.State
	// NamePrefix keeps organizations whose name key begins with it.
	NamePrefix tenant.NameKey
	// Unsettled keeps organizations with an operation under way.
	Unsettled bool
	// DeletedBefore keeps organizations in the trash (state trashed) whose DeletedAt is before it.
	DeletedBefore time.Time
	// DueBefore keeps organizations of which a name in quarantine is to be looked at before it.
	DueBefore time.Time
}

// Orgs keeps organizations.
type Orgs interface {
	// Insert adds an organization at version 1 with all its claims. CodeIDTaken if the id exists; *ClaimError if another
	// organization holds one of the claims, in which case nothing is added. Of concurrent inserts with a common claim
	// exactly one succeeds.
	Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error
	// Get returns the organization in whatever state it is, read from the primary and never from a cache.
	Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error)
	// Find returns the organization that holds the claim, in whatever state; at most one does.
	Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error)
	// Versions returns the versions of those of the organizations that exist, in whatever state, read like Get; no other
	// keys. The time that it takes grows with the ids; a thousand of them are one quick call.
	Versions(ctx context.Context, ids []tenant.OrgID) (map[tenant.OrgID]int64, error)
	// List returns organizations in ascending order of id. The cost of a page does not grow with its depth.
	List(ctx context.Context, filter OrgFilter, after tenant.OrgID, limit int) ([]tenant.Organization, error)
	// Update changes an organization; see the package's clauses. Claims that the change adds are taken and those that it
	// leaves out are freed in the same atomic change; *ClaimError if another organization holds an added one.
	Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
		change func(*tenant.Organization) error) (tenant.Organization, error)
	// Remove deletes the organization and frees its claims, if its version is still the given one; else CodeConflict.
	// Removing one that does not exist is CodeNotFound.
	Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error
	// Count returns how many organizations there are outside the trash, but for those that are purged. It may lag behind by the writes under way.
	Count(ctx context.Context) (int64, error)
}

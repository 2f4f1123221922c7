package tenant

import (
	"slices"
	"time"
)

// State is where an organization stands in its life. See docs/organization-states.md for the arrows.
type State string

// The states. Active, trashed and purged are at rest; every other one has an operation recorded in [Organization.Op].
const (
	// StateCreating: claimed, but not yet there for any reader, nor for login.
	StateCreating State = "creating"
	// StateActive: open for everything.
	StateActive State = "active"
	// StateRenaming: its tenant data waits behind the drain barrier while name and place change.
	StateRenaming State = "renaming"
	// StateDeleting: its tenant data is on the way to the trash.
	StateDeleting State = "deleting"
	// StateTrashed: gone for everybody but operators, who can restore it until it is purged.
	StateTrashed State = "trashed"
	// StateRestoring: on the way back from the trash.
	StateRestoring State = "restoring"
	// StatePurging: its data and its people are being removed for good.
	StatePurging State = "purging"
	// StatePurged: gone, but for a shell that holds the claims on the physical names that it has Kept. It is at rest, and nobody
	// sees it.
	StatePurged State = "purged"
)

// KnownStates are those in which an organization exists for operators: all but creating and purged, which exist for nobody.
func KnownStates() []State {
	return []State{StateActive, StateRenaming, StateDeleting, StateTrashed, StateRestoring, StatePurging}
}

// Visible reports whether readers and logins know the organization in this state.
func (s State) Visible() bool {
	switch s {
	case StateActive, StateRenaming, StateDeleting:
		return true
	default:
		return false
	}
}

// Organization is one tenant. It is one document of the store, and the invariants of its life hold in it alone.
type Organization struct {
	ID   OrgID
	Name Name
	Slug Slug
	// State and Op change together; Op is nil at rest.
	State State
	Op    *Operation
	// Owners are the users with role owner; never empty from the end of the creation on.
	Owners    []UserID
	Placement Placement
	// Claims are the names that belong to this organization alone; see [Claim].
	Claims []Claim
	// Quarantine are physical names that nobody uses anew for the time being; the organization claims them.
	Quarantine []Quarantined
	// Home is where the data belongs if that is not org_<slug>; see [Organization.HomeFor].
	Home string
	// DirectWriters says that applications write to the database themselves, past the gate. What they know is a physical name, so
	// those that the organization leaves are never given to another one: they are Kept.
	DirectWriters bool
	Kept          []string
	// Epoch rises with every operation that closes the gate to the tenant's data. A server never goes back behind an
	// epoch that it has acknowledged.
	Epoch int64
	// Version rises by one with every change; the compare-and-swap compares it.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// DeletedAt and Trash (the operation that moved the data there) are set while the organization is in the trash.
	DeletedAt time.Time
	Trash     OperationID
}

// AtRest reports whether no operation is under way.
func (o *Organization) AtRest() bool { return o.Op == nil }

// Changes reports whether the operation under way changes that person's account as well. Whoever else changes the account waits for
// its end, or one of the two is lost: it was recorded before, and is carried out later.
func (o *Organization) Changes(id UserID) bool { return o.Op != nil && o.Op.Args.User == id }

// Place returns where the organization's documents are now.
func (o *Organization) Place() Place { return Place{Org: o.ID, Placement: o.Placement} }

// IsOwner reports whether the user is one of the owners.
func (o *Organization) IsOwner(id UserID) bool { return slices.Contains(o.Owners, id) }

// Clone returns a copy that shares nothing with o.
func (o *Organization) Clone() Organization {
	c := *o
	c.Owners = slices.Clone(o.Owners)
	c.Claims = slices.Clone(o.Claims)
	c.Quarantine = slices.Clone(o.Quarantine)
	c.Kept = slices.Clone(o.Kept)
	if o.Op != nil {
		op := *o.Op
		op.Entry.Detail = cloneDetail(op.Entry.Detail)
		c.Op = &op
	}
	return c
}

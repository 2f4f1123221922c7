package orgs

import (
	"context"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// noOrg stands for an organization that does not exist, so that the guard answers a caller as for a stranger's.
const noOrg tenant.OrgID = "none"

// Lookup returns the organization that bears the name, in any spelling. It answers from facts at most a second old. The
// value is shared: callers must not change it.
func (s *Service) Lookup(ctx context.Context, caller access.Caller, name string) (*tenant.Organization, error) {
	parsed, err := tenant.ParseName("query.organization_name", name)
	if err != nil {
		return nil, err
	}
	org, err := s.Directory.ByName(ctx, parsed.Key())
	return s.disclose(ctx, caller, org, err)
}

// Resolve returns the organization that a path means: an id if it has the form of one, else a slug. Everything after it
// uses the id.
func (s *Service) Resolve(ctx context.Context, caller access.Caller, ref string) (*tenant.Organization, error) {
	if id, err := tenant.ParseOrgID(ref); err == nil {
		org, err := s.Directory.ByID(ctx, id)
		return s.disclose(ctx, caller, org, err)
	}
	slug, err := tenant.ParseSlug("path.org", ref)
	if err != nil || tenant.LooksLikeID(ref) {
		return s.disclose(ctx, caller, nil, access.NotFound())
	}
	org, err := s.Directory.BySlug(ctx, slug)
	return s.disclose(ctx, caller, org, err)
}

// disclose answers with the organization if the caller may know of it, and as if it did not exist otherwise.
func (s *Service) disclose(ctx context.Context, caller access.Caller, org *tenant.Organization, err error) (*tenant.Organization, error) {
	if err != nil && !tenant.IsCode(err, tenant.CodeNotFound) {
		return nil, err
	}
	id, known := noOrg, err == nil
	if known {
		id = org.ID
	}
	if err := s.Guard.Allow(ctx, caller, access.OrgRead, id); err != nil {
		return nil, err
	}
	if !known || !s.sees(ctx, caller, org) {
		return nil, access.NotFound()
	}
	return org, nil
}

// sees reports whether the organization is in a state that the caller may know: readers know living ones, operators those
// in the trash as well.
func (s *Service) sees(ctx context.Context, caller access.Caller, org *tenant.Organization) bool {
	if org.State.Visible() {
		return true
	}
	return slices.Contains(tenant.KnownStates(), org.State) && s.Guard.Allow(ctx, caller, access.OrgRestore, org.ID) == nil
}

// Details are what an organization's own members and operators see beside what everybody does.
type Details struct {
	AdminID    tenant.UserID
	AdminEmail tenant.Email
	// OwnerVersion is that of the owner's record, which holds the address: a change of it leaves the organization's as it is.
	OwnerVersion int64
}

// Details returns nil where the caller may not see them.
func (s *Service) Details(ctx context.Context, caller access.Caller, org *tenant.Organization) (*Details, error) {
	if !s.maySeeDetails(ctx, caller, org) {
		return nil, nil
	}
	user, err := s.Users.Get(ctx, org.Owners[0])
	if err != nil {
		return nil, err
	}
	return &Details{AdminID: user.ID, AdminEmail: user.Email, OwnerVersion: user.Version}, nil
}

// MatchOwner returns CodePrecondition unless the first owner's record is at the version now; an act on the organization comes
// after it. Who may not see the details is not told, and is refused by the act.
//
// That the look comes before the act is enough where the act writes the organization alone: a change of the owner's address
// that comes between the two is not lost by it, and all is as if it had come afterwards. A change of the address itself compares
// once more; see [Change].
func (s *Service) MatchOwner(ctx context.Context, caller access.Caller, org *tenant.Organization, version int64) error {
	details, err := s.Details(ctx, caller, org)
	if err == nil && details != nil && details.OwnerVersion != version {
		err = otherOwner()
	}
	return err
}

// OwnerVersion is for the one who made the organization, and so knows the address, but may not be allowed to look: the version of
// the owner's record while that is the address; 0 if it is not, or cannot be told.
func (s *Service) OwnerVersion(ctx context.Context, org *tenant.Organization, email tenant.Email) int64 {
	if len(org.Owners) == 0 {
		return 0
	}
	user, err := s.Users.Get(ctx, org.Owners[0])
	if err != nil || user.Email != email {
		return 0
	}
	return user.Version
}

func (s *Service) maySeeDetails(ctx context.Context, caller access.Caller, org *tenant.Organization) bool {
	return len(org.Owners) > 0 && s.Guard.Allow(ctx, caller, access.OrgReadMember, org.ID) == nil
}

// Query asks for a page of organizations.
type Query struct {
	// Prefix is the beginning of a name, in any case.
	Prefix string
	// State is one state, or "" for all of them.
	State tenant.State
	After tenant.OrgID
	// Limit is 1 to 200.
	Limit int
}

// wants reports whether the organization is one of those asked for, wherever the page begins.
func (q Query) wants(org *tenant.Organization) bool {
	return (q.State == "" || q.State == org.State) &&
		strings.HasPrefix(string(org.Name.Key()), string(tenant.PrefixKey(q.Prefix)))
}

// Listed is an organization with what it stores.
type Listed struct {
	tenant.Organization
	// Usage is nil where the data cannot be read.
	Usage *tenant.Usage
}

// List returns a page of what the caller may see, in ascending order of id, and whether there is more: all organizations
// for an operator, the own one for a member.
func (s *Service) List(ctx context.Context, caller access.Caller, q Query) (page []Listed, more bool, err error) {
	if err := s.Guard.Allow(ctx, caller, access.OrgList, ""); err != nil {
		return nil, false, err
	}
	orgs, err := s.visibleTo(ctx, caller, q)
	if err != nil {
		return nil, false, err
	}
	if len(orgs) > q.Limit {
		orgs, more = orgs[:q.Limit], true
	}
	page = make([]Listed, len(orgs))
	for i, org := range orgs {
		page[i] = Listed{Organization: org, Usage: s.usage(ctx, org)}
	}
	return page, more, nil
}

func (s *Service) visibleTo(ctx context.Context, caller access.Caller, q Query) ([]tenant.Organization, error) {
	if caller.Kind == tenant.ActorMember {
		org, err := s.known(ctx, caller.Org)
		if err != nil || org.ID <= q.After || !q.wants(&org) {
			return nil, ignore(err, tenant.CodeNotFound)
		}
		return []tenant.Organization{org}, nil
	}
	filter := store.OrgFilter{NamePrefix: tenant.PrefixKey(q.Prefix), States: tenant.KnownStates()}
	switch q.State {
	case "":
	default:
		if !slices.Contains(tenant.KnownStates(), q.State) {
			return nil, nil
		}
		filter.States = []tenant.State{q.State}
	}
	return s.Orgs.List(ctx, filter, q.After, q.Limit+1)
}

// usage is zero for an organization whose data is not in its place at the moment, for an operation moves it; nil where it should
// be there. One whose data cannot be read must not keep the list of all others from those who are to mend it.
func (s *Service) usage(ctx context.Context, org tenant.Organization) *tenant.Usage {
	if !org.State.Visible() {
		return &tenant.Usage{}
	}
	usage, err := s.Documents.Usage(ctx, org.Place())
	switch {
	case err == nil, tenant.IsCode(err, tenant.CodeNotFound) && org.State != tenant.StateActive:
		return &usage
	case ctx.Err() == nil:
		s.Log.Warn("what an organization stores cannot be told", "organization", org.ID, "error", err)
	}
	return nil
}

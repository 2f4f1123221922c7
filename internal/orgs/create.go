package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/tenant"
)

// NewOrganization is what somebody asks for who creates one: its name, and its first owner's address and password.
type NewOrganization struct {
	Name     string
	Email    string
	Password string
	// IDs are planned ids, so that a repeated request makes the same organization; empty ones are made.
	IDs IDs
}

// IDs of an organization and its first owner that were planned before the act.
type IDs struct {
	Org   tenant.OrgID
	Owner tenant.UserID
	Entry tenant.EntryID
}

// Create makes an organization with its first owner and an empty home for its data, and returns it. CodeInvalid names every
// refused field; CodeNameTaken, CodeSlugTaken or CodeEmailTaken if somebody was there first; CodeThrottled, CodeLimit and
// CodeStorageFull as the installation's limits say.
func (s *Service) Create(ctx context.Context, caller access.Caller, in NewOrganization) (tenant.Organization, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.OrgCreate, "")
	if err != nil {
		return tenant.Organization{}, err
	}
	name, slug, email, err := s.parseNew(in)
	if err != nil {
		return tenant.Organization{}, err
	}
	if org, done, err := s.repeated(ctx, in.IDs); done || err != nil {
		return org, err
	}
	in.IDs = in.IDs.planned(entry)
	if err := s.mayCreate(ctx, caller); err != nil {
		return tenant.Organization{}, err
	}
	leave, err := s.line.enter(ctx, slug)
	if err != nil {
		return tenant.Organization{}, err
	}
	defer leave()
	var created tenant.Organization
	err = s.asking(ctx, caller, email, func() error {
		if err := s.looksFree(ctx, name, slug, email); err != nil {
			return err
		}
		hash, err := s.hash(ctx, caller, in.Password, passwordContext(name, email))
		if err != nil {
			return err
		}
		org := s.newborn(in.IDs, name, slug)
		entry.ID, entry.Org = in.IDs.Entry, org.ID
		org.Op = s.newOperation(tenant.OperationCreate, named(entry, "name", name), tenant.Arguments{
			User: org.Owners[0], Email: email, PasswordHash: hash,
		})
		created, err = s.launch(ctx, org)
		return err
	})
	return created, err
}

// planned fills the ids that were not planned; an act that was not planned under an id cannot be a repetition.
func (ids IDs) planned(entry tenant.AuditEntry) IDs {
	if ids.Org == "" {
		return IDs{Org: tenant.OrgID(tenant.NewID()), Owner: tenant.UserID(tenant.NewID()), Entry: entry.ID}
	}
	return ids
}

// repeated returns the organization if this very act was done before, as far as it was done: a request that is sent again
// under its Idempotency-Key has the same ids.
func (s *Service) repeated(ctx context.Context, ids IDs) (tenant.Organization, bool, error) {
	var org tenant.Organization
	if ids.Org == "" {
		return org, false, nil
	}
	err := s.patiently(ctx, func() (err error) {
		if org, err = s.Orgs.Get(ctx, ids.Org); err == nil && !org.AtRest() {
			return &occupiedError{org: org}
		}
		return err
	})
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		was := s.neverWas(ctx, ids.Org)
		if was == nil {
			return org, false, nil
		}
		if _, err := s.Orgs.Get(ctx, ids.Org); err == nil { // it was made between the two looks
			return s.repeated(ctx, ids)
		}
		return org, false, was
	case err == nil && !org.State.Visible():
		return org, false, deletedSince()
	}
	return org, err == nil, err
}

// neverWas refuses an id that an organization had before: its entries outlive it, and so may a session of its owner's.
func (s *Service) neverWas(ctx context.Context, id tenant.OrgID) error {
	entries, err := s.Audit.List(ctx, id, 0, 1)
	if err == nil && len(entries) > 0 {
		return deletedSince()
	}
	return err
}

func deletedSince() error {
	return tenant.Errorf(tenant.CodeNotFound, "the organization that this request made has been deleted")
}

// asking runs an act that wants an address, if there is one. That it is in use tells a stranger something, so the answer is
// counted like a failed login, and who asked too often gets none, whether the address is free or not.
func (s *Service) asking(ctx context.Context, caller access.Caller, email tenant.Email, act func() error) error {
	if email == "" {
		return act()
	}
	return s.Throttle.Asking(ctx, caller.Prefix, tenant.CodeEmailTaken, act)
}

func (s *Service) hash(ctx context.Context, caller access.Caller, password string, pc passwords.Context) (string, error) {
	return s.Credentials.Hash(ctx, "body.password", caller.Prefix, password, pc)
}

// parseNew checks all fields, so that the answer names each that is wrong.
func (s *Service) parseNew(in NewOrganization) (tenant.Name, tenant.Slug, tenant.Email, error) {
	var all fields
	name, err := tenant.ParseName("body.organization_name", in.Name)
	all.add(err)
	var slug tenant.Slug
	if err == nil {
		slug, err = name.Slug("body.organization_name")
		all.add(err)
	}
	email, err := tenant.ParseEmail("body.email", in.Email)
	all.add(err)
	all.add(s.Credentials.Acceptable("body.password", in.Password, passwordContext(name, email)))
	return name, slug, email, all.err()
}

// mayCreate asks the limits of the installation before any work is done.
func (s *Service) mayCreate(ctx context.Context, caller access.Caller) error {
	if err := s.Throttle.SignUp(ctx, caller.Prefix); err != nil {
		return err
	}
	return s.hasRoom(ctx)
}

// hasRoom reports whether the store takes another organization.
func (s *Service) hasRoom(ctx context.Context) error {
	if err := s.Health.Ping(ctx); err != nil {
		return err
	}
	if s.Limits.MaxOrganizations == 0 {
		return nil
	}
	n, err := s.Orgs.Count(ctx)
	if err == nil && n >= s.Limits.MaxOrganizations {
		return tenant.Errorf(tenant.CodeLimit, "this installation takes no more organizations (ORGD_MAX_ORGS)")
	}
	return err
}

// looksFree refuses what is certainly taken before a password is hashed for it. It decides nothing: the claims do.
func (s *Service) looksFree(ctx context.Context, name tenant.Name, slug tenant.Slug, email tenant.Email) error {
	for _, claim := range []tenant.Claim{tenant.NameClaim(name.Key()), tenant.SlugClaim(slug)} {
		org, err := s.Orgs.Find(ctx, claim)
		switch {
		case err == nil && org.AtRest():
			return taken(claim)
		case err != nil && !tenant.IsCode(err, tenant.CodeNotFound):
			return err
		}
	}
	user, err := s.Users.FindByEmail(ctx, email)
	switch {
	case err == nil && !user.Pending():
		return taken(tenant.EmailClaim(email))
	case err != nil && !tenant.IsCode(err, tenant.CodeNotFound):
		return err
	}
	return nil
}

// newborn is the organization as it is inserted, but for its operation.
func (s *Service) newborn(ids IDs, name tenant.Name, slug tenant.Slug) tenant.Organization {
	now := s.millis()
	org := tenant.Organization{
		ID: ids.Org, Name: name, Slug: slug, State: tenant.StateCreating, Placement: s.Limits.Placement,
		Owners: []tenant.UserID{ids.Owner},
		Epoch:  1, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	org.Placement.Namespace = tenant.NamespaceOf(slug)
	org.Claims = tenant.IdentityClaims(name, slug, org.Placement)
	return org
}

// launch inserts the organization with its operation recorded, and drives it.
func (s *Service) launch(ctx context.Context, org tenant.Organization) (tenant.Organization, error) {
	insert := func() error { return s.Orgs.Insert(ctx, org, org.Op.Ref()) }
	err := s.patiently(ctx, insert)
	if org.Op.Kind == tenant.OperationCreate && placeTaken(err, org.Placement.Namespace) {
		org.Placement.Namespace = org.FreeNamespace(org.Slug, org.Op.ID, true)
		s.remind(&org, s.millis())
		org.Claims = org.RestClaims()
		err = s.patiently(ctx, insert)
	}
	if err != nil {
		s.stopped(org.Op.Owner)
		if isFault(err) {
			return org, s.setAdrift(org, err)
		}
		return org, err
	}
	return s.drive(ctx, org)
}

// creation is the plan of Create. Nobody sees an organization in state creating, so every step can be taken back.
func (s *Service) creation() plan {
	return plan{
		reserve:  s.insertOwner,
		physical: func(ctx context.Context, org tenant.Organization) error { return s.Places.Create(ctx, org.Place()) },
		finish: func(org *tenant.Organization, now time.Time) {
			s.putAside(org, now, org.Placement.Namespace)
			rested(org)
		},
		withdraws: true,
		release: func(ctx context.Context, org tenant.Organization) error {
			if err := s.Places.Discard(ctx, org.Place()); err != nil {
				return err
			}
			return s.removeOwner(ctx, org)
		},
	}
}

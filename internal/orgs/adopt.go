package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/tenant"
)

// Adoption is an organization of another service that is taken over in place: its data is where it was found, and stays there.
type Adoption struct {
	// Org is the id under which the data's place was claimed; the same adoption that is begun anew has the same one.
	Org          tenant.OrgID
	Name         tenant.Name
	Email        tenant.Email
	PasswordHash string
	// Placement is where the data is.
	Placement     tenant.Placement
	DirectWriters bool
	// CreatedAt is when the organization was made; zero is now.
	CreatedAt time.Time
}

// Adopt makes an organization around data that is there, with its first owner, whose password goes on working. The data is not
// touched, and where the adoption is taken back neither. An adoption that was done before is done. Errors are those of Create;
// CodeNotFound if the organization has been deleted since, CodeConflict if another one keeps the physical name or it was adopted under another
// name, CodeOperationInProgress if another adoption of it was taken back meanwhile, so that the same call would do it.
func (s *Service) Adopt(ctx context.Context, caller access.Caller, in Adoption) (tenant.Organization, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.OrgAdopt, in.Org)
	if err != nil {
		return tenant.Organization{}, err
	}
	slug, err := in.Name.Slug("organization_name")
	if err != nil {
		return tenant.Organization{}, err
	}
	if err := passwords.CheckStored(in.PasswordHash); err != nil {
		return tenant.Organization{}, tenant.Invalid("password_hash", "form", err.Error())
	}
	if org, done, err := s.adoptedBefore(ctx, in); done || err != nil {
		return org, err
	}
	if err := s.hasRoom(ctx); err != nil {
		return tenant.Organization{}, err
	}
	org := s.found(in, slug)
	org.Op = s.newOperation(tenant.OperationAdopt, named(entry, "name", in.Name).With("collection", in.Placement.Namespace),
		tenant.Arguments{User: org.Owners[0], Email: in.Email, PasswordHash: in.PasswordHash})
	adopted, err := s.launch(ctx, org)
	switch {
	case tenant.IsCode(err, tenant.CodeIDTaken): // by the same adoption, begun twice
		var done bool
		if adopted, done, err = s.adoptedBefore(ctx, in); err == nil && !done {
			err = tenant.Errorf(tenant.CodeOperationInProgress, "another adoption of the same organization was taken back at this moment; try again")
		}
	case placeTaken(err, in.Placement.Namespace):
		return adopted, tenant.Wrap(tenant.CodeConflict, err, "another organization of orgd has the physical name of its data, or keeps it")
	}
	return adopted, err
}

// adoptedBefore returns the organization if it was adopted before. CodeConflict if that was under another name.
func (s *Service) adoptedBefore(ctx context.Context, in Adoption) (tenant.Organization, bool, error) {
	org, done, err := s.repeated(ctx, IDs{Org: in.Org})
	if done && org.Name != in.Name {
		return tenant.Organization{}, false, tenant.Errorf(tenant.CodeConflict, "it was adopted already, as %q; rename it in orgd", org.Name)
	}
	return org, done, err
}

// found is the organization as it is inserted, but for its operation.
func (s *Service) found(in Adoption, slug tenant.Slug) tenant.Organization {
	org := s.newborn(IDs{Org: in.Org, Owner: tenant.UserID(tenant.NewID())}, in.Name, slug)
	org.Placement, org.Home, org.DirectWriters = in.Placement, in.Placement.Namespace, in.DirectWriters
	if org.Home == tenant.NamespaceOf(slug) {
		org.Home = ""
	}
	if !in.CreatedAt.IsZero() {
		org.CreatedAt = tenant.Millis(in.CreatedAt)
	}
	org.Claims = org.RestClaims()
	return org
}

// adoption is the plan of Adopt. The data's place belongs to the organization before its first step, and after its last one back:
// so that whoever begins anew finds it claimed for the same organization.
func (s *Service) adoption() plan {
	return plan{
		reserve: s.insertOwner,
		finish:  func(org *tenant.Organization, _ time.Time) { rested(org) },
		release: s.removeOwner,
	}
}

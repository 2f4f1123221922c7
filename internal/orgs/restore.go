package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// RestoreAs are another name, and another address for the first owner, where the old ones belong to somebody else by now.
type RestoreAs struct {
	Name  *string
	Email *string
}

// Restore brings an organization back from the trash with its data and its people, but with no session. CodeConflict if it
// is not in the trash, or its data is damaged; CodeNotFound if its data is lost; CodeNameTaken, CodeSlugTaken or
// CodeEmailTaken if somebody bears its name or address, until as gives others.
func (s *Service) Restore(ctx context.Context, caller access.Caller, id tenant.OrgID, as RestoreAs) (tenant.Organization, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.OrgRestore, id)
	if err != nil {
		return tenant.Organization{}, err
	}
	org, err := s.Orgs.Get(ctx, id)
	if err == nil && org.State == tenant.StatePurged {
		err = access.NotFound()
	}
	if err != nil {
		return tenant.Organization{}, err
	}
	args, err := s.parseRestore(ctx, org, as)
	if err != nil {
		return org, err
	}
	op := s.newOperation(tenant.OperationRestore, named(entry, "name", args.Name), args)
	begun, err := s.begin(ctx, id, op, returning(org.Trash, false))
	if placeTaken(err, org.HomeFor(args.Slug)) {
		op = s.newOperation(tenant.OperationRestore, named(entry, "name", args.Name), args)
		begun, err = s.begin(ctx, id, op, returning(org.Trash, true))
	}
	if err != nil {
		return begun, err
	}
	return s.drive(ctx, begun)
}

// returning begins a restoration to the data's home, or elsewhere if that is in quarantine, or kept by another organization. What
// was deleted is what the restoration was asked for: since then it may have come back, got another name and been deleted again.
func returning(trash tenant.OperationID, elsewhere bool) func(*tenant.Organization) error {
	return func(o *tenant.Organization) error {
		switch {
		case o.State != tenant.StateTrashed:
			return tenant.Errorf(tenant.CodeConflict, "the organization is not in the trash")
		case o.Trash != trash:
			return tenant.Errorf(tenant.CodeConflict, "the organization was restored and deleted again meanwhile; look at it and repeat the restoration")
		}
		args := &o.Op.Args
		args.Namespace = o.FreeNamespace(args.Slug, o.Op.ID, elsewhere)
		next := o.Placement
		next.Namespace = args.Namespace
		o.State = tenant.StateRestoring
		o.Epoch++
		o.Claims = union(o.Claims, tenant.IdentityClaims(args.Name, args.Slug, next))
		return nil
	}
}

func (s *Service) parseRestore(ctx context.Context, org tenant.Organization, as RestoreAs) (tenant.Arguments, error) {
	var all fields
	args := tenant.Arguments{Name: org.Name, Slug: org.Slug}
	var err error
	if as.Name != nil {
		if args.Name, err = tenant.ParseName("body.organization_name", *as.Name); err == nil {
			args.Slug, err = args.Name.Slug("body.organization_name")
		}
		all.add(err)
	}
	if len(org.Owners) > 0 {
		user, err := s.Users.Get(ctx, org.Owners[0])
		if err != nil {
			return args, err
		}
		args.User, args.Email = user.ID, user.Email
	}
	if as.Email != nil {
		args.Email, err = tenant.ParseEmail("body.email", *as.Email)
		all.add(err)
	}
	return args, all.err()
}

// restoration is the plan of Restore. Nobody sees an organization in state restoring, so there is nothing to drain.
func (s *Service) restoration() plan {
	return plan{
		reserve: s.reserveOwner,
		physical: func(ctx context.Context, org tenant.Organization) error {
			to := org.Place()
			to.Placement.Namespace = org.Op.Args.Namespace
			return s.Places.Restore(ctx, org.Trash, to)
		},
		withdraws: true,
		settle:    s.revivePeople,
		finish: func(org *tenant.Organization, now time.Time) {
			args := org.Op.Args
			takeName(org, args)
			org.Placement.Namespace = args.Namespace
			org.DeletedAt, org.Trash = time.Time{}, ""
			s.putAside(org, now, args.Namespace)
			s.remind(org, now)
			rested(org)
		},
		release: s.releaseOwner,
		back: func(org *tenant.Organization) { // what stands where it wanted to go is somebody else's
			org.State, org.Claims = tenant.StateTrashed, org.QuarantineClaims()
		},
	}
}

// reserveOwner claims the first owner's address; the person stays in the trash until the data is back.
func (s *Service) reserveOwner(ctx context.Context, org tenant.Organization) error {
	args := org.Op.Args
	return s.patiently(ctx, func() error {
		return s.updatePerson(ctx, org, args.User, func(u *tenant.User) error {
			if !u.HasLiving() {
				u.Claims = []tenant.Claim{tenant.EmailClaim(args.Email)}
				return nil
			}
			return u.Reserve(args.Email)
		})
	})
}

// releaseOwner takes reserveOwner back.
func (s *Service) releaseOwner(ctx context.Context, org tenant.Organization) error {
	err := s.updatePerson(ctx, org, org.Op.Args.User, func(u *tenant.User) error {
		u.Claims = nil
		if u.HasLiving() {
			u.Settle(u.Email)
		}
		return nil
	})
	return ignore(err, tenant.CodeNotFound)
}

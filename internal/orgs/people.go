package orgs

import (
	"context"
	"slices"

	"github.com/orgd/orgd/internal/tenant"
)

// peoplePage is how many members are read at once.
const peoplePage = 100

// insertOwner adds the first owner of a new organization. An attempt that finds its own owner there has nothing to do.
func (s *Service) insertOwner(ctx context.Context, org tenant.Organization) error {
	args, now := org.Op.Args, org.CreatedAt
	user := tenant.User{
		ID: args.User, Email: args.Email, PasswordHash: args.PasswordHash,
		Memberships: []tenant.Membership{{Org: org.ID, Role: tenant.RoleOwner, CreatedAt: now}},
		Version:     1, CreatedAt: now, UpdatedAt: now,
	}
	user.Settle(args.Email)
	err := s.patiently(ctx, func() error { return s.Users.Insert(ctx, user, org.Op.Ref()) })
	if !tenant.IsCode(err, tenant.CodeIDTaken) {
		return err
	}
	found, getErr := s.Users.Get(ctx, args.User)
	if getErr != nil {
		return getErr
	}
	if _, ours := found.Living(org.ID); !ours {
		return err
	}
	return nil
}

// removeOwner takes insertOwner back.
func (s *Service) removeOwner(ctx context.Context, org tenant.Organization) error {
	user, err := s.Users.Get(ctx, org.Op.Args.User)
	if err == nil {
		if _, ours := user.Living(org.ID); !ours {
			return nil
		}
		err = s.Users.Remove(ctx, user.ID, org.Op.Ref())
	}
	return ignore(err, tenant.CodeNotFound)
}

// reservePerson takes the claim on the user's next address, if there is one. The operation changes nobody whose credentials have
// changed since it was recorded: of two changes at once one would be lost, or half of each. The account is written in any case, and so
// who read it before that and has not looked at the operation writes nothing.
func (s *Service) reservePerson(ctx context.Context, org tenant.Organization) error {
	args := org.Op.Args
	if args.User == "" {
		return nil
	}
	return s.patiently(ctx, func() error {
		return s.updatePerson(ctx, org, args.User, func(u *tenant.User) error {
			switch {
			case u.Sessions.Generation != args.Generation:
				return tenant.Errorf(tenant.CodeOperationInProgress, "another change of this account came first; try again in a moment")
			case args.Email == "":
				return nil
			}
			return u.Reserve(args.Email)
		})
	})
}

// updatePerson changes a person for the operation, if this attempt still owns it once the person was read. Whoever takes it over
// after that changes the person too, so that the version is another one, and begins before the person was read; so nobody is
// changed for an operation that somebody else has ended. [errSuperseded] otherwise.
func (s *Service) updatePerson(ctx context.Context, org tenant.Organization, id tenant.UserID, change func(*tenant.User) error) error {
	_, err := s.Users.Update(ctx, id, org.Op.Ref(), func(u *tenant.User) error {
		switch now, err := s.Orgs.Get(ctx, org.ID); {
		case err != nil && !tenant.IsCode(err, tenant.CodeNotFound):
			return err
		case err != nil, now.Op == nil, now.Op.Owner != org.Op.Owner:
			return errSuperseded
		}
		return change(u)
	})
	return err
}

// releaseEmail takes reservePerson back.
func (s *Service) releaseEmail(ctx context.Context, org tenant.Organization) error {
	if org.Op.Args.Email == "" {
		return nil
	}
	err := s.updatePerson(ctx, org, org.Op.Args.User, func(u *tenant.User) error {
		u.Settle(u.Email)
		return nil
	})
	return ignore(err, tenant.CodeNotFound)
}

// settleOwner gives the user the address and password of the operation and ends the other sessions. Where the password has
// changed since the operation was recorded (or this has been done before) only the address is left to settle.
func (s *Service) settleOwner(ctx context.Context, org tenant.Organization) error {
	args := org.Op.Args
	if args.User == "" {
		return nil
	}
	now := s.millis()
	return s.updatePerson(ctx, org, args.User, func(u *tenant.User) error {
		switch {
		case u.Sessions.Generation == args.Generation:
			changeCredentials(u, args)
		case args.Email != "":
			u.Settle(args.Email)
		}
		u.UpdatedAt = now
		return nil
	})
}

// changeCredentials is what a change of address or password does to a user, as part of an operation or alone.
func changeCredentials(u *tenant.User, args tenant.Arguments) {
	if args.Email != "" {
		u.Settle(args.Email)
	}
	if args.PasswordHash != "" {
		u.PasswordHash = args.PasswordHash
	}
	u.Reset = nil
	u.EndSessions(args.KeepSession)
}

// trashPeople moves every membership in the organization to the trash, and with the last one the person: the address is
// free, and every session is over.
func (s *Service) trashPeople(ctx context.Context, org tenant.Organization) error {
	now := s.millis()
	return s.eachMember(ctx, org, func(u *tenant.User) {
		setTrashed(u, org.ID, true)
		if !u.HasLiving() {
			u.Claims, u.Reset = nil, nil
			u.EndSessions("")
		}
		u.UpdatedAt = now
	})
}

// revivePeople brings the memberships back. A person whose address belongs to somebody else by now stays in the trash.
func (s *Service) revivePeople(ctx context.Context, org tenant.Organization) error {
	now := s.millis()
	err := s.eachMember(ctx, org, func(u *tenant.User) {
		setTrashed(u, org.ID, false)
		if u.ID == org.Op.Args.User {
			u.Settle(org.Op.Args.Email)
		} else if len(u.Claims) == 0 {
			u.Settle(u.Email)
		}
		u.UpdatedAt = now
	})
	return ignore(err, tenant.CodeEmailTaken)
}

// eachMember applies an idempotent change to everybody with a membership in the organization.
func (s *Service) eachMember(ctx context.Context, org tenant.Organization, change func(*tenant.User)) error {
	var refused error
	var after tenant.UserID
	for {
		page, err := s.Users.Members(ctx, org.ID, after, peoplePage)
		if err != nil {
			return err
		}
		for _, user := range page {
			err := s.updatePerson(ctx, org, user.ID, func(u *tenant.User) error {
				change(u)
				return nil
			})
			switch {
			case tenant.IsCode(err, tenant.CodeEmailTaken):
				refused = err
			case err != nil:
				return err
			}
			after = user.ID
		}
		if len(page) < peoplePage {
			return refused
		}
	}
}

// removePeople removes who has nothing but this organization, for good, and the membership of everybody else.
func (s *Service) removePeople(ctx context.Context, org tenant.Organization) error {
	var after tenant.UserID
	for {
		page, err := s.Users.Members(ctx, org.ID, after, peoplePage)
		if err != nil {
			return err
		}
		for _, user := range page {
			if err := s.removeMember(ctx, org, user); err != nil {
				return err
			}
			after = user.ID
		}
		if len(page) < peoplePage {
			return nil
		}
	}
}

func (s *Service) removeMember(ctx context.Context, org tenant.Organization, user tenant.User) error {
	ofThis := func(m tenant.Membership) bool { return m.Org == org.ID }
	if len(slices.DeleteFunc(slices.Clone(user.Memberships), ofThis)) == 0 {
		return ignore(s.Users.Remove(ctx, user.ID, org.Op.Ref()), tenant.CodeNotFound)
	}
	return s.updatePerson(ctx, org, user.ID, func(u *tenant.User) error {
		u.Memberships = slices.DeleteFunc(u.Memberships, ofThis)
		return nil
	})
}

func setTrashed(u *tenant.User, org tenant.OrgID, trashed bool) {
	for i := range u.Memberships {
		if u.Memberships[i].Org == org {
			u.Memberships[i].Trashed = trashed
		}
	}
}

func ignore(err error, code tenant.Code) error {
	if tenant.IsCode(err, code) {
		return nil
	}
	return err
}

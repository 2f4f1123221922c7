package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// Change is what somebody wants of an organization; nil leaves as it is. Email and Password are those of the caller, who
// must be an owner.
type Change struct {
	Name            *string
	Email           *string
	Password        *string
	CurrentPassword *string
	// IfVersion above 0 is the version that the organization must have, else CodePrecondition. IfOwner above 0 is that of the
	// first owner's record, if the change writes it; see [Service.MatchOwner] for other changes.
	IfVersion int64
	IfOwner   int64
}

// Update changes the organization's name, and its caller's address and password, as one act: all of it or nothing. A
// change that changes nothing leaves no audit entry. Errors are those of Create, CodePrecondition, CodeOperationInProgress,
// CodeForbidden for an address or password of somebody who is no owner, CodeStaleAuthentication, and CodeConflict for who
// sees it in the trash.
func (s *Service) Update(ctx context.Context, caller access.Caller, id tenant.OrgID, in Change) (tenant.Organization, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.OrgUpdate, id)
	if err != nil {
		return tenant.Organization{}, err
	}
	org, err := s.Orgs.Get(ctx, id)
	if err != nil {
		return tenant.Organization{}, asAbsent(err)
	}
	if err := s.present(ctx, caller, &org); err != nil {
		return tenant.Organization{}, err
	}
	if err := checkVersion(&org, in.IfVersion); err != nil {
		return tenant.Organization{}, err
	}
	wanted, err := s.parseChange(ctx, caller, org, in)
	if err != nil {
		return tenant.Organization{}, err
	}
	if wanted.name == "" && wanted.args.User == "" {
		return org, nil
	}
	if err := s.Throttle.Organization(ctx, id); err != nil {
		return tenant.Organization{}, err
	}
	entry = wanted.describe(entry, org)
	err = s.asking(ctx, caller, wanted.args.Email, func() (err error) {
		switch {
		case wanted.name == "":
			err = s.changeOwner(ctx, caller, org, wanted, entry)
		case wanted.args.User == "" && wanted.slug == org.Slug:
			org, err = s.respell(ctx, id, wanted.name, in.IfVersion, entry)
		default:
			wanted.args.Name, wanted.args.Slug = wanted.name, wanted.slug
			op := func() *tenant.Operation { return s.newOperation(tenant.OperationUpdate, entry, wanted.args) }
			org, err = s.startRename(ctx, id, op, s.confirmed(ctx, caller, in.IfVersion, wanted.ifOwner))
		}
		return err
	})
	return org, err
}

// known returns an organization that readers know, read from the store.
func (s *Service) known(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	org, err := s.Orgs.Get(ctx, id)
	if err == nil && !org.State.Visible() {
		err = access.NotFound()
	}
	return org, asAbsent(err)
}

// asAbsent turns what the store says of an organization that does not exist into what strangers hear.
func asAbsent(err error) error {
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return access.NotFound()
	}
	return err
}

// present refuses a change of an organization that readers do not know: as if it did not exist, or with the reason to those who
// see it there.
func (s *Service) present(ctx context.Context, caller access.Caller, o *tenant.Organization) error {
	switch {
	case o.State.Visible():
		return nil
	case !s.sees(ctx, caller, o):
		return access.NotFound()
	case o.State == tenant.StateTrashed:
		return tenant.Errorf(tenant.CodeConflict, "the organization is in the trash; restore it first")
	default:
		return tenant.Errorf(tenant.CodeConflict, "the organization is not in use while it is being restored, or removed for good")
	}
}

func checkVersion(org *tenant.Organization, want int64) error {
	if want > 0 && org.Version != want {
		return tenant.Errorf(tenant.CodePrecondition, "the organization has changed meanwhile; get it again and repeat the change")
	}
	return nil
}

// changeOwner changes the person alone: one write of one document.
func (s *Service) changeOwner(ctx context.Context, caller access.Caller, org tenant.Organization, wanted change,
	entry tenant.AuditEntry,
) error {
	now := s.millis()
	return s.patiently(ctx, func() error {
		_, err := s.Users.Update(ctx, wanted.args.User, entry, func(u *tenant.User) error {
			if m, ok := u.Living(org.ID); !ok || m.Role != tenant.RoleOwner {
				return access.NotFound()
			}
			if err := s.undisturbed(ctx, org.ID, u.ID); err != nil {
				return err
			}
			if err := stillSignedIn(caller, u); err != nil {
				return err
			}
			if err := checkOwner(u, wanted.ifOwner); err != nil {
				return err
			}
			if u.Pending() {
				return tenant.Errorf(tenant.CodeOperationInProgress, "another change of this account is under way; try again in a moment")
			}
			changeCredentials(u, wanted.args)
			u.UpdatedAt = now
			return nil
		})
		return err
	})
}

// checkOwner refuses unless the owner's record has the version wanted.
func checkOwner(u *tenant.User, want int64) error {
	if want > 0 && u.Version != want {
		return otherOwner()
	}
	return nil
}

func otherOwner() error {
	return tenant.Errorf(tenant.CodePrecondition, "the account of the organization's owner has changed meanwhile; get the organization again and repeat the act")
}

// undisturbed waits for an operation that changes the person: its entry comes with its end, and so do acts in the log's order. One
// that begins after this look writes the person before it goes on (reservePerson), so that the swap of who looked is lost.
func (s *Service) undisturbed(ctx context.Context, id tenant.OrgID, user tenant.UserID) error {
	switch org, err := s.Orgs.Get(ctx, id); {
	case tenant.IsCode(err, tenant.CodeNotFound):
		return access.NotFound()
	case err != nil:
		return err
	case org.Changes(user):
		return &occupiedError{org: org}
	}
	return nil
}

// confirmed begins an operation of an organization that has the version, and is checkOwner and stillSignedIn where it changes the
// person. It notes what the account was then: what else changes it meanwhile came later.
func (s *Service) confirmed(ctx context.Context, caller access.Caller, ifVersion, ifOwner int64) func(*tenant.Organization) error {
	return func(o *tenant.Organization) error {
		if err := alive(o, ifVersion); err != nil || o.Op.Args.User == "" {
			return err
		}
		user, err := s.Users.Get(ctx, o.Op.Args.User)
		if err == nil {
			err = checkOwner(&user, ifOwner)
		}
		if err != nil {
			return err
		}
		o.Op.Args.Generation = user.Sessions.Generation
		return stillSignedIn(caller, &user)
	}
}

// stillSignedIn refuses a change of credentials by a session that another one has ended, perhaps while the password was
// being hashed: it would undo what somebody did to get rid of that session.
func stillSignedIn(caller access.Caller, u *tenant.User) error {
	if u.Sessions.Allows(tenant.Session{ID: caller.Session, Generation: caller.Generation}) {
		return nil
	}
	return tenant.Errorf(tenant.CodeUnauthenticated, "the session has ended; sign in again")
}

// respell changes a name that keeps its slug, and with it its place: one write of one document.
func (s *Service) respell(ctx context.Context, id tenant.OrgID, name tenant.Name, ifVersion int64,
	entry tenant.AuditEntry,
) (tenant.Organization, error) {
	now := s.millis()
	var org tenant.Organization
	err := s.patiently(ctx, func() (err error) {
		org, err = s.Orgs.Update(ctx, id, entry, func(o *tenant.Organization) error {
			if !o.AtRest() {
				return &occupiedError{org: o.Clone()}
			}
			if err := alive(o, ifVersion); err != nil {
				return err
			}
			o.Name, o.UpdatedAt = name, now
			o.Claims = o.RestClaims()
			return nil
		})
		return err
	})
	if err == nil {
		s.Directory.Learn(org)
	}
	return org, err
}

// alive refuses unless readers know the organization and it has the version wanted.
func alive(o *tenant.Organization, ifVersion int64) error {
	if o.State != tenant.StateActive {
		return access.NotFound()
	}
	return checkVersion(o, ifVersion)
}

// startRename begins a rename of an organization of which may says nothing against it, and drives it.
func (s *Service) startRename(ctx context.Context, id tenant.OrgID, operation func() *tenant.Operation,
	may func(*tenant.Organization) error,
) (tenant.Organization, error) {
	op := operation()
	begun, err := s.begin(ctx, id, op, s.moving(op, may))
	if placeTaken(err, tenant.NamespaceOf(op.Args.Slug)) {
		begun, err = s.begin(ctx, id, operation(), s.staying(may))
	}
	if err != nil {
		return begun, err
	}
	return s.drive(ctx, begun)
}

// moving begins a rename to the home under the next slug, or to where the data is if that name is in quarantine.
func (s *Service) moving(op *tenant.Operation, may func(*tenant.Organization) error) func(*tenant.Organization) error {
	return s.renaming(may, func(o *tenant.Organization) string {
		if home := o.HomeFor(op.Args.Slug); !o.IsQuarantined(home) {
			return home
		}
		return o.Placement.Namespace
	})
}

// staying begins a rename that leaves the data where it is.
func (s *Service) staying(may func(*tenant.Organization) error) func(*tenant.Organization) error {
	return s.renaming(may, func(o *tenant.Organization) string { return o.Placement.Namespace })
}

// renaming begins a rename to a namespace, and claims what it needs.
func (s *Service) renaming(may func(*tenant.Organization) error, to func(*tenant.Organization) string) func(*tenant.Organization) error {
	return func(o *tenant.Organization) error {
		if err := may(o); err != nil {
			return err
		}
		o.State = tenant.StateRenaming
		o.Epoch++
		o.Op.Args.Namespace = to(o)
		next := o.Placement
		next.Namespace = o.Op.Args.Namespace
		o.Claims = union(o.Claims, tenant.IdentityClaims(o.Op.Args.Name, o.Op.Args.Slug, next))
		return nil
	}
}

// rename is the plan of an Update that changes the place. Data that is lost stays so under any name.
func (s *Service) rename() plan {
	return plan{
		reserve: s.reservePerson,
		drains:  true,
		physical: func(ctx context.Context, org tenant.Organization) error {
			to := org.Place()
			to.Placement.Namespace = org.Op.Args.Namespace
			return ignore(s.Places.Rename(ctx, org.Place(), to), tenant.CodeNotFound)
		},
		withdraws: true,
		settle:    s.settleOwner,
		finish: func(org *tenant.Organization, now time.Time) {
			args, left := org.Op.Args, org.Placement.Namespace
			takeName(org, args)
			org.Placement.Namespace = args.Namespace
			s.vacate(org, now, left)
			s.remind(org, now)
			rested(org)
		},
		release: s.releaseEmail,
		back: func(org *tenant.Organization) {
			s.putAside(org, s.millis(), org.Placement.Namespace) // not where it wanted to go: what stands there is somebody else's
			rested(org)
		},
	}
}

// takeName gives the organization its next name. With another slug its data gets another home.
func takeName(org *tenant.Organization, args tenant.Arguments) {
	if args.Slug != org.Slug {
		org.Home = ""
	}
	org.Name, org.Slug = args.Name, args.Slug
}

// rested makes the organization an active one with the claims of its present name.
func rested(org *tenant.Organization) {
	org.State = tenant.StateActive
	org.Claims = org.RestClaims()
}

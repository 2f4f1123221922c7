package orgs

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// A drain is clean if nothing that was sent before it can still arrive after it. After an unclean one a late write may make the
// old collection again, and a late rename may move what stands under either name; so both physical names stay claimed for
// [Limits.Quarantine], and nothing is created at or moved to them, be it the organization's own. Name and slug are free at once,
// whatever happens to the physical name: who comes meanwhile gets another one (org_<slug>_<8 digits>), or stays where it is.
// Every few minutes what arrived under the name is carried to the organization; when nothing arrives for a minute after the time is
// over the name is free, and data that had to go elsewhere comes home.

const (
	// lookEvery is how often a name in quarantine is looked at, secondLook how long it stays claimed after the first look that came
	// when its time was over.
	lookEvery  = 5 * time.Minute
	secondLook = time.Minute
	// homeComing is how long data waits for another attempt to come home to org_<slug>.
	homeComing = 5 * time.Minute
)

// putAside puts names into quarantine if the organization's operation is an unclean one. The organization's claims follow.
func (s *Service) putAside(org *tenant.Organization, now time.Time, names ...string) {
	if !org.Op.Unclean || s.Limits.Quarantine == 0 {
		return
	}
	for _, name := range names {
		org.PutInQuarantine(name, now.Add(s.Limits.Quarantine), now.Add(secondLook))
	}
}

// vacate is putAside for the name that the organization's data has left for its present one, which stays claimed for
// [Limits.NameQuarantine] in any case. With direct writers it is kept for good, and what they write there meanwhile is carried for
// as long as after an unclean end.
func (s *Service) vacate(org *tenant.Organization, now time.Time, left string) {
	s.putAside(org, now, left, org.Placement.Namespace)
	if left == org.Placement.Namespace && org.State != tenant.StateTrashed {
		return
	}
	aside := s.Limits.NameQuarantine
	if org.DirectWriters {
		org.Keep(left)
		aside = max(aside, s.Limits.Quarantine)
	}
	if aside > 0 {
		org.PutInQuarantine(left, now.Add(aside), now.Add(secondLook))
	}
}

// remind keeps a place that is not the data's home in quarantine, so that it comes due and the data is brought home.
func (s *Service) remind(org *tenant.Organization, now time.Time) {
	if at := org.Placement.Namespace; at != org.HomeFor(org.Slug) && !org.IsQuarantined(at) {
		home := now.Add(max(homeComing, s.Limits.Quarantine))
		org.PutInQuarantine(at, home, home)
	}
}

// placeTaken reports whether the only thing in the way is a physical name that another organization keeps in quarantine.
func placeTaken(err error, namespace string) bool {
	claim, ok := errors.AsType[*store.ClaimError](err)
	return ok && !claim.Pending && claim.Claim == tenant.PlaceClaim(namespace)
}

// SettleDue looks after names in quarantine whose time is over, of about limit organizations, and returns how many it looked
// after. One that fails does not keep the others; the first error comes back.
func (s *Service) SettleDue(ctx context.Context, limit int) (int, error) {
	settled, first := 0, error(nil)
	for after := tenant.OrgID(""); settled < limit; {
		due, err := s.Orgs.List(ctx, store.OrgFilter{DueBefore: s.Now()}, after, limit)
		if err != nil {
			return settled, err
		}
		for _, org := range due {
			after = org.ID
			if err := s.settleNames(ctx, org); err != nil && first == nil {
				first = err
			} else if err == nil {
				settled++
			}
		}
		if len(due) < limit {
			break
		}
	}
	return settled, first
}

// settleNames looks after the names of one organization that are due, and brings its data home if it can.
func (s *Service) settleNames(ctx context.Context, org tenant.Organization) error {
	op := s.newOperation(tenant.OperationSettle, tenant.AuditEntry{}, tenant.Arguments{})
	begun, err := s.begin(ctx, org.ID, op, func(o *tenant.Organization) error {
		if len(s.due(o)) == 0 {
			return tenant.Errorf(tenant.CodeNotFound, "another server was first")
		}
		return nil
	})
	if err != nil {
		return ignore(err, tenant.CodeNotFound)
	}
	rested, err := s.drive(ctx, begun)
	if err != nil || rested.State != tenant.StateActive {
		return err
	}
	return s.comeHome(ctx, rested)
}

// due returns the names in quarantine that are to be looked at.
func (s *Service) due(org *tenant.Organization) (due []tenant.Quarantined) {
	for _, q := range org.Quarantine {
		if q.Look.Before(s.Now()) {
			due = append(due, q)
		}
	}
	return due
}

// settling is the plan of a look at names that are due. What it sweeps goes to the trash under its id, so whoever takes it over goes
// on with what is there. But a move of the one before may be late then, so that the names stay for as long as after any unclean
// end. There is nothing to drain: nobody is at a name that its organization has left.
func (s *Service) settling() plan {
	return plan{
		physical:  s.sweepDue,
		withdraws: true,
		silent:    true,
		finish:    s.reclaim,
		back: func(org *tenant.Organization) {
			for _, q := range s.due(org) {
				s.lookAgain(org, q)
			}
			s.reclaim(org, s.millis())
		},
	}
}

// sweepDue clears the names that are due, and notes which are free: their time is over, and nothing has turned up since an earlier
// look after that.
func (s *Service) sweepDue(ctx context.Context, org tenant.Organization) error {
	free, err := s.sweep(ctx, org)
	if err != nil {
		return err
	}
	_, err = s.Orgs.Update(ctx, org.ID, org.Op.Ref(), owned(org.Op.Owner, func(o *tenant.Organization) {
		for _, q := range s.due(&org) {
			switch is, looked := free[q.Namespace]; {
			case is:
				o.EndQuarantine(q.Namespace)
			case looked: // one that became due meanwhile was not
				s.lookAgain(o, q)
			}
		}
	}))
	return err
}

// lookAgain keeps a name until the next look.
func (s *Service) lookAgain(org *tenant.Organization, q tenant.Quarantined) {
	now := s.millis()
	soon := now.Add(lookEvery)
	switch {
	case org.Op.Unclean:
		org.PutInQuarantine(q.Namespace, now.Add(s.Limits.Quarantine), now.Add(secondLook))
	case q.Until.Before(now):
		org.LookAgain(q.Namespace, now.Add(secondLook), org.Op.Step == tenant.StepPhysical)
	case q.Until.Before(soon):
		org.LookAgain(q.Namespace, q.Until, false)
	default:
		org.LookAgain(q.Namespace, soon, false)
	}
}

// reclaim gives the organization the claims of what it keeps, and reminds of data that is not at home.
func (s *Service) reclaim(org *tenant.Organization, now time.Time) {
	if org.State != tenant.StateActive {
		org.Claims = org.QuarantineClaims()
		return
	}
	s.remind(org, now)
	org.Claims = org.RestClaims()
}

// sweep clears the names that are due, and returns which of them are free. Documents that are carried are written like any others,
// inside the organization's gate: they go where its data is now, and a drain waits for them.
func (s *Service) sweep(ctx context.Context, org tenant.Organization) (free map[string]bool, err error) {
	place := org.Place()
	if org.State == tenant.StateActive {
		visit, err := s.Gates.Enter(ctx, org.ID)
		if err != nil {
			return nil, tenant.Wrap(tenant.CodeUnavailable, err, "the organization's data cannot be reached")
		}
		defer func() { visit.Leave(err) }()
		place = visit.Org.Place()
	} else {
		place.Placement.Namespace = "" // in the trash: what was late goes with it
	}
	free = map[string]bool{}
	for _, q := range s.due(&org) {
		over := q.Until.Before(s.Now())
		if q.Namespace == place.Placement.Namespace {
			free[q.Namespace] = over
			continue
		}
		found, err := s.Places.Sweep(ctx, q.Namespace, place, org.Op.ID)
		if err != nil {
			return nil, err
		}
		quiet := q.Swept && !found && !org.Op.Unclean
		free[q.Namespace] = over && (quiet || org.Keeps(q.Namespace)) // where applications write it never gets quiet, and stays kept
	}
	return free, nil
}

// comeHome moves data to its home that could not go there at first, if nothing is in its way by now. Nobody asked for it and
// nobody sees more of it than another collection_name, so it leaves no audit entry.
func (s *Service) comeHome(ctx context.Context, org tenant.Organization) error {
	home := org.HomeFor(org.Slug)
	if org.Placement.Namespace == home || org.IsQuarantined(home) {
		return nil
	}
	op := s.newOperation(tenant.OperationUpdate, tenant.AuditEntry{}, tenant.Arguments{Name: org.Name, Slug: org.Slug, Namespace: home})
	begun, err := s.begin(ctx, org.ID, op, s.moving(op, func(o *tenant.Organization) error { return alive(o, 0) }))
	switch {
	case placeTaken(err, home):
		return s.feelAtHome(ctx, org, home)
	case err != nil:
		return ignore(err, tenant.CodeNotFound)
	}
	_, err = s.drive(ctx, begun)
	return err
}

// feelAtHome makes the place where the data is its home if another organization keeps the other one for good. Else the reminder
// brings it back here.
func (s *Service) feelAtHome(ctx context.Context, org tenant.Organization, home string) error {
	holder, err := s.Orgs.Find(ctx, tenant.PlaceClaim(home))
	if err != nil || !holder.Keeps(home) {
		return ignore(err, tenant.CodeNotFound)
	}
	_, err = s.Orgs.Update(ctx, org.ID, tenant.Upkeep{Reason: "another organization keeps the name of its home for good"},
		func(o *tenant.Organization) error {
			if !o.AtRest() || o.State != tenant.StateActive || o.Slug != org.Slug {
				return errSuperseded
			}
			o.Home = o.Placement.Namespace
			return nil
		})
	if errors.Is(err, errSuperseded) {
		return nil
	}
	return ignore(err, tenant.CodeNotFound)
}

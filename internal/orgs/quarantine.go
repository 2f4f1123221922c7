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
// When the time is over, what arrived under the name is carried to the organization; when nothing arrives for another minute
// the name is free, and data that had to go elsewhere comes home.

const (
	// secondLook is how long a name that was swept stays claimed until it is looked at once more.
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
		org.PutInQuarantine(name, now.Add(s.Limits.Quarantine))
	}
}

// vacate is putAside for the name that the organization's data has left for its present one, which stays claimed for
// [Limits.NameQuarantine] in any case.
func (s *Service) vacate(org *tenant.Organization, now time.Time, left string) {
	s.putAside(org, now, left, org.Placement.Namespace)
	if s.Limits.NameQuarantine > 0 && (left != org.Placement.Namespace || org.State == tenant.StateTrashed) {
		org.PutInQuarantine(left, now.Add(s.Limits.NameQuarantine))
	}
}

// remind keeps a place that is not the slug's in quarantine, so that it comes due and the data is brought home.
func (s *Service) remind(org *tenant.Organization, now time.Time) {
	if at := org.Placement.Namespace; at != tenant.NamespaceOf(org.Slug) && !org.IsQuarantined(at) {
		org.PutInQuarantine(at, now.Add(max(homeComing, s.Limits.Quarantine)))
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

// settleNames looks after the names of one organization that are due, and brings its data home if it can. A name is free when
// nothing has turned up since it was swept. That it was swept is taken back before the second look, so that one that is cut short
// is begun anew.
func (s *Service) settleNames(ctx context.Context, org tenant.Organization) error {
	var due []tenant.Quarantined
	op := s.newOperation(tenant.OperationSettle, tenant.AuditEntry{}, tenant.Arguments{})
	defer s.stopped(op.Owner)
	begun, err := s.begin(ctx, org.ID, op, func(o *tenant.Organization) error {
		due = nil
		for i := range o.Quarantine {
			if q := &o.Quarantine[i]; q.Until.Before(s.Now()) {
				due = append(due, *q)
				q.Swept = false
			}
		}
		if len(due) == 0 {
			return tenant.Errorf(tenant.CodeNotFound, "another server was first")
		}
		return nil
	})
	if err != nil {
		return ignore(err, tenant.CodeNotFound)
	}
	free, err := s.sweep(ctx, begun, due)
	rested, ended := s.rest(ctx, begun, begun.Op.Ref(), func(o *tenant.Organization) {
		for _, q := range due {
			if free[q.Namespace] {
				o.EndQuarantine(q.Namespace)
			} else {
				o.LookAgain(q.Namespace, s.millis().Add(secondLook), err == nil)
			}
		}
		if o.Claims = o.QuarantineClaims(); o.State == tenant.StateActive {
			s.remind(o, s.millis())
			o.Claims = o.RestClaims()
		}
	})
	if ended != nil {
		return s.setAdrift(begun, ended)
	}
	if err != nil || rested.State != tenant.StateActive {
		return err
	}
	return s.comeHome(ctx, rested)
}

// sweep clears names that are due and returns which of them are free: still empty after an earlier sweep, or where the data is.
func (s *Service) sweep(ctx context.Context, org tenant.Organization, due []tenant.Quarantined) (map[string]bool, error) {
	place := org.Place()
	if org.State != tenant.StateActive {
		place.Placement.Namespace = "" // in the trash: what was late goes with it
	}
	free := map[string]bool{}
	for _, q := range due {
		if q.Namespace == place.Placement.Namespace {
			free[q.Namespace] = true
			continue
		}
		found, err := s.Places.Sweep(ctx, q.Namespace, place, org.Op.ID)
		if err != nil {
			return free, err
		}
		free[q.Namespace] = q.Swept && !found
	}
	return free, nil
}

// settling is the plan by which a look after names that was cut short ends: the names stay, and come due again.
func (s *Service) settling() plan {
	return plan{finish: func(*tenant.Organization, time.Time) {}, back: func(*tenant.Organization) {}}
}

// comeHome moves data to org_<slug> that could not go there at first, if nothing is in its way by now. Nobody asked for it and
// nobody sees more of it than another collection_name, so it leaves no audit entry.
func (s *Service) comeHome(ctx context.Context, org tenant.Organization) error {
	home := tenant.NamespaceOf(org.Slug)
	if org.Placement.Namespace == home || org.IsQuarantined(home) {
		return nil
	}
	op := s.newOperation(tenant.OperationUpdate, tenant.AuditEntry{}, tenant.Arguments{Name: org.Name, Slug: org.Slug, Namespace: home})
	begun, err := s.begin(ctx, org.ID, op, s.moving(op, 0))
	switch {
	case placeTaken(err, home): // the reminder brings it back here
		return nil
	case err != nil:
		return ignore(err, tenant.CodeNotFound)
	}
	_, err = s.drive(ctx, begun)
	return err
}

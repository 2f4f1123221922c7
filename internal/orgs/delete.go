package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Delete moves the organization, its data and its people to the trash. After it has returned nobody reads or writes the
// data, every token is worth nothing, and name and addresses are free. CodePrecondition if ifVersion above 0 is not the
// current version; CodeConflict for who sees it in the trash already.
func (s *Service) Delete(ctx context.Context, caller access.Caller, id tenant.OrgID, ifVersion int64) error {
	entry, err := s.Guard.Authorize(ctx, caller, access.OrgDelete, id)
	if err != nil {
		return err
	}
	if err := s.Throttle.Organization(ctx, id); err != nil {
		return err
	}
	op := s.newOperation(tenant.OperationDelete, entry, tenant.Arguments{})
	begun, err := s.begin(ctx, id, op, func(o *tenant.Organization) error {
		if err := s.present(ctx, caller, o); err != nil {
			return err
		}
		if err := alive(o, ifVersion); err != nil {
			return err
		}
		o.State = tenant.StateDeleting
		o.Epoch++
		o.Op.Entry = named(o.Op.Entry, "name", o.Name)
		return nil
	})
	if err != nil {
		return err
	}
	trashed, err := s.drive(ctx, begun)
	if err == nil && s.Limits.Retention == 0 {
		s.purgeNow(ctx, trashed)
	}
	return err
}

// deletion is the plan of Delete. Data that is lost needs no way to the trash.
func (s *Service) deletion() plan {
	return plan{
		drains: true,
		physical: func(ctx context.Context, org tenant.Organization) error {
			return ignore(s.Places.Trash(ctx, org.Place(), org.Op.ID), tenant.CodeNotFound)
		},
		withdraws: true,
		settle:    s.trashPeople,
		finish: func(org *tenant.Organization, now time.Time) {
			org.State, org.DeletedAt, org.Trash = tenant.StateTrashed, now, org.Op.ID
			s.vacate(org, now, org.Placement.Namespace)
			org.Claims = org.QuarantineClaims()
		},
		back: func(org *tenant.Organization) {
			s.putAside(org, s.millis(), org.Placement.Namespace)
			rested(org)
		},
	}
}

// PurgeDue purges organizations whose retention is over, about limit of them, and returns how many it purged. One that
// cannot be purged does not keep the others; the first error comes back.
func (s *Service) PurgeDue(ctx context.Context, limit int) (int, error) {
	filter := store.OrgFilter{DeletedBefore: s.Now().Add(-s.Limits.Retention)}
	purged, first := 0, error(nil)
	for after := tenant.OrgID(""); purged < limit; {
		due, err := s.Orgs.List(ctx, filter, after, limit)
		if err != nil {
			return purged, err
		}
		for _, org := range due {
			switch err := s.purgeOne(ctx, org.ID); {
			case err == nil:
				purged++
			case first == nil:
				first = err
			}
			after = org.ID
		}
		if len(due) < limit {
			break
		}
	}
	return purged, first
}

// purgeNow purges without retention; what fails is purged by PurgeDue.
func (s *Service) purgeNow(ctx context.Context, org tenant.Organization) {
	if err := s.purgeOne(ctx, org.ID); err != nil {
		s.Log.Warn("purge failed; it is tried again", "organization", org.ID, "error", err)
	}
}

func (s *Service) purgeOne(ctx context.Context, id tenant.OrgID) error {
	entry, err := s.Guard.Authorize(ctx, access.System(), access.OrgPurge, id)
	if err != nil {
		return err
	}
	op := s.newOperation(tenant.OperationPurge, entry, tenant.Arguments{})
	begun, err := s.begin(ctx, id, op, func(o *tenant.Organization) error {
		if o.State != tenant.StateTrashed || len(o.Quarantine) > 0 { // what may still arrive needs somebody to sweep it
			return access.NotFound()
		}
		o.State = tenant.StatePurging
		return nil
	})
	if err != nil {
		return ignore(err, tenant.CodeNotFound) // restored or purged by somebody else meanwhile
	}
	_, err = s.drive(ctx, begun)
	return err
}

// purge is the plan of the end: the data goes first, then the people, then the organization, of which only a shell stays if it keeps
// names for good. Its audit entries stay.
func (s *Service) purge() plan {
	return plan{
		physical: func(ctx context.Context, org tenant.Organization) error {
			return s.Places.Drop(ctx, org.ID, org.Trash)
		},
		settle: s.removePeople,
		remove: true,
		finish: func(org *tenant.Organization, _ time.Time) {
			*org = tenant.Organization{ID: org.ID, State: tenant.StatePurged, Kept: org.Kept, Epoch: org.Epoch, Version: org.Version}
			org.Claims = org.QuarantineClaims()
		},
		back: func(org *tenant.Organization) { org.State = tenant.StateTrashed },
	}
}

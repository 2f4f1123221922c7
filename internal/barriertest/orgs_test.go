package barriertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// catalog is the organizations as one server reaches them. Each change is read, change, compare-and-swap, and a swap without an
// answer is sent once more, as the real store does.
type catalog struct {
	store.Orgs

	*line
}

// outside marks the context of a look at an organization that is made outside its gate, for a path or a login.
type outside struct{}

// Get implements store.Orgs.
func (c catalog) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	k := reading
	if ctx.Value(outside{}) != nil {
		k = finding
	}
	return c.one(ctx, k, func(o *tenant.Organization) bool { return o.ID == id })
}

// Find implements store.Orgs.
func (c catalog) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return c.one(ctx, finding, func(o *tenant.Organization) bool { return slices.Contains(o.Claims, claim) })
}

func (c catalog) one(ctx context.Context, k kind, is func(*tenant.Organization) bool) (tenant.Organization, error) {
	var found tenant.Organization
	err := c.ask(ctx, k, func() error {
		for _, o := range c.orgs {
			if is(&o) {
				found = o.Clone()
				return nil
			}
		}
		return tenant.Errorf(tenant.CodeNotFound, "there is no such organization")
	})
	if err != nil {
		return tenant.Organization{}, err
	}
	return found, nil
}

// Versions implements store.Orgs.
func (c catalog) Versions(ctx context.Context, ids []tenant.OrgID) (map[tenant.OrgID]int64, error) {
	var found map[tenant.OrgID]int64
	err := c.ask(ctx, reading, func() error {
		all := map[tenant.OrgID]int64{}
		for _, id := range ids {
			if o, ok := c.orgs[id]; ok {
				all[id] = o.Version
			}
		}
		found = all
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// List implements store.Orgs.
func (c catalog) List(ctx context.Context, filter store.OrgFilter, after tenant.OrgID, limit int) ([]tenant.Organization, error) {
	var found []tenant.Organization
	err := c.ask(ctx, reading, func() error {
		var all []tenant.Organization
		for _, id := range slices.Sorted(maps.Keys(c.orgs)) {
			o := c.orgs[id]
			due := o.QuarantineDue()
			switch {
			case id <= after, filter.Unsettled && o.AtRest(), len(all) == limit:
			case !filter.DueBefore.IsZero() && (due.IsZero() || !due.Before(filter.DueBefore)):
			default:
				all = append(all, o.Clone())
			}
		}
		found = all
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Update implements store.Orgs.
func (c catalog) Update(ctx context.Context, id tenant.OrgID, _ tenant.Trail, change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	for {
		old, err := c.Get(ctx, id)
		if err != nil {
			return old, err
		}
		next := old.Clone()
		if err := change(&next); err != nil {
			return tenant.Organization{}, err
		}
		next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
		if err = c.swap(ctx, old, next); !errors.Is(err, errSwapLost) {
			return next, err
		}
	}
}

// swap replaces an organization by its next version.
func (c catalog) swap(ctx context.Context, old, next tenant.Organization) error {
	writeID := tenant.NewID()
	try := func() error {
		if now, ok := c.orgs[old.ID]; !ok || now.Version != old.Version {
			return errSwapLost
		}
		if err := c.free(old.ID, next.Claims); err != nil {
			return err
		}
		c.orgs[old.ID], c.writers[old.ID] = next.Clone(), writeID
		return nil
	}
	tell := "writes " + describe(&next)
	err := c.send(ctx, swapping, tell, try)
	if !errors.Is(err, errAnswerLost) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	err = c.send(ctx, swapping, tell, try)
	if !errors.Is(err, errSwapLost) {
		return unsettled(err)
	}
	var version int64
	var by string
	err = c.send(ctx, reading, "", func() error { version, by = c.orgs[old.ID].Version, c.writers[old.ID]; return nil })
	switch {
	case err != nil || version > next.Version:
		return unsettled(errAnswerLost)
	case by == writeID:
		return nil
	default:
		return errSwapLost
	}
}

// unsettled is the error about a write of which nobody knows.
func unsettled(err error) error {
	if errors.Is(err, errAnswerLost) {
		return tenant.Errorf(tenant.CodeUnknownOutcome, "nobody knows whether it is done")
	}
	return err
}

// free returns an error if another organization holds one of the claims; the lock is held.
func (e *engine) free(self tenant.OrgID, claims []tenant.Claim) error {
	for _, claim := range claims {
		for id, o := range e.orgs {
			if id != self && slices.Contains(o.Claims, claim) {
				return &store.ClaimError{Claim: claim, Holder: id, Pending: !o.AtRest()}
			}
		}
	}
	return nil
}

// describe says in a line what an organization is.
func describe(o *tenant.Organization) string {
	text := fmt.Sprintf("%s: %s at %s, epoch %d", o.Name, o.State, o.Placement.Namespace, o.Epoch)
	if o.Op != nil {
		text += fmt.Sprintf(", %s to %s, step %s", o.Op.Kind, o.Op.Args.Namespace, o.Op.Step)
		if o.Op.Unclean {
			text += ", unclean"
		}
	}
	for _, q := range o.Quarantine {
		text += ", keeps " + q.Namespace
	}
	return text
}

// people are nobody.
type people struct{ store.Users }

// Members implements store.Users.
func (people) Members(context.Context, tenant.OrgID, tenant.UserID, int) ([]tenant.User, error) {
	return nil, nil
}

// Package placement knows where each tenant's data is now: a cached directory of organizations, and the gate through which
// every access to tenant data passes. Operation rooms resolve organizations here, and internal/orgs closes and opens gates.
//
// The invariant: between [Gates.Drain] and [Gates.Open] nobody is inside the organization's gate, and after Drain no fact
// about the organization with a lower epoch is ever installed, however late its read returns.
package placement

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// FactTTL is how long a fact about an organization may be used, counted from before its read began.
const FactTTL = time.Second

// maxFacts bounds the directory; an organization takes one to two kilobytes with all that leads to it. A fact is good for a
// second, so more than a server reads of different organizations in that time would only hold memory.
const maxFacts = 10_000

// Directory answers which organization a name, slug or id means, from facts at most [FactTTL] old.
type Directory struct {
	orgs    store.Orgs
	now     func() time.Time
	byID    *otter.Cache[tenant.OrgID, *slot]
	aliases *otter.Cache[tenant.Claim, *slot]
	loads   singleflight.Group
	epochs  epochMemory
	renewal renewal
}

// NewDirectory makes an empty directory over the catalog.
func NewDirectory(orgs store.Orgs, now func() time.Time) *Directory {
	return &Directory{
		orgs:    orgs,
		now:     now,
		byID:    otter.Must(&otter.Options[tenant.OrgID, *slot]{MaximumSize: maxFacts, OnAtomicDeletion: leaveSlot}),
		aliases: otter.Must(&otter.Options[tenant.Claim, *slot]{MaximumSize: 2 * maxFacts}),
		epochs:  epochMemory{now: now, epochs: map[tenant.OrgID]acknowledged{}},
		renewal: renewal{spawn: func(look func()) { go look() }},
	}
}

// ByID returns the organization in whatever state it is. The value is shared: callers must not change it.
//
// What is known already, or was asked for somebody else, refuses nobody: the organization may have come back from the trash on
// another server a moment ago, so one that is not visible is read again for each caller.
func (d *Directory) ByID(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error) {
	if s, ok := d.byID.GetIfPresent(id); ok {
		if f := d.current(s); f != nil && f.org.State.Visible() {
			return f.org, nil
		}
	}
	org, err := d.load(ctx, string(id), func(ctx context.Context) (tenant.Organization, error) { return d.orgs.Get(ctx, id) })
	if tenant.IsCode(err, tenant.CodeNotFound) || err == nil && !org.State.Visible() {
		return d.Fresh(ctx, id)
	}
	return org, err
}

// ByName returns the organization that bears the name now; CodeNotFound while the name is only claimed.
func (d *Directory) ByName(ctx context.Context, key tenant.NameKey) (*tenant.Organization, error) {
	return d.find(ctx, tenant.NameClaim(key), func(f *fact) bool { return f.key == key })
}

// BySlug returns the organization that bears the slug now; CodeNotFound while the slug is only claimed.
func (d *Directory) BySlug(ctx context.Context, slug tenant.Slug) (*tenant.Organization, error) {
	return d.find(ctx, tenant.SlugClaim(slug), func(f *fact) bool { return f.org.Slug == slug })
}

func (d *Directory) find(ctx context.Context, claim tenant.Claim, bears func(*fact) bool) (*tenant.Organization, error) {
	if org := d.recall(ctx, claim, bears); org != nil {
		return org, nil
	}
	org, err := d.load(ctx, string(claim), func(ctx context.Context) (tenant.Organization, error) {
		return d.orgs.Find(ctx, claim)
	})
	if err != nil {
		return nil, err
	}
	if !bears(newFact(org, time.Time{})) {
		return nil, tenant.Errorf(tenant.CodeNotFound, "there is no such organization")
	}
	if s, ok := d.byID.GetIfPresent(org.ID); ok {
		d.aliases.Set(claim, s)
	}
	return org, nil
}

// recall asks first for the organization that bore the claim last: reading it anew by its id is cheaper than looking for the
// claim. It returns nil if that one does not bear the claim now.
func (d *Directory) recall(ctx context.Context, claim tenant.Claim, bears func(*fact) bool) *tenant.Organization {
	s, ok := d.aliases.GetIfPresent(claim)
	if !ok {
		return nil
	}
	f := d.current(s)
	if f == nil {
		stale := s.fact.Load()
		if stale == nil {
			return nil
		}
		org, err := d.ByID(ctx, stale.org.ID)
		if err != nil {
			return nil // whoever looks for the claim is told
		}
		f = newFact(org, time.Time{})
	}
	if !f.org.State.Visible() || !bears(f) {
		return nil
	}
	return f.org
}

// Fresh reads the organization from the store and installs what it read.
func (d *Directory) Fresh(ctx context.Context, id tenant.OrgID) (*tenant.Organization, error) {
	readAt := d.now()
	org, err := d.orgs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.install(&org, readAt), nil
}

// Learn installs what a write to the store has returned, so that this server sees its own changes at once.
func (d *Directory) Learn(org tenant.Organization) {
	for _, key := range []string{
		string(org.ID), string(tenant.NameClaim(org.Name.Key())), string(tenant.SlugClaim(org.Slug)),
	} {
		d.loads.Forget(key) // a flight that began before the write must not answer those who come after it
	}
	copied := org.Clone()
	d.install(&copied, d.now())
}

// Forget drops what is known of an organization that was removed from the store.
func (d *Directory) Forget(id tenant.OrgID) { d.byID.Invalidate(id) }

// load reads through one shared flight per key, so that a thousand readers of an expired fact make one read.
func (d *Directory) load(ctx context.Context, key string,
	read func(context.Context) (tenant.Organization, error),
) (*tenant.Organization, error) {
	flight := d.loads.DoChan(key, func() (any, error) {
		readAt := d.now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FactTTL)
		defer cancel()
		org, err := read(ctx)
		if err != nil {
			return nil, err
		}
		return d.install(&org, readAt), nil
	})
	select {
	case <-ctx.Done():
		return nil, tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "the request ended before the organization was read")
	case result := <-flight:
		if result.Err != nil {
			return nil, result.Err
		}
		org, _ := result.Val.(*tenant.Organization)
		return org, nil
	}
}

// install keeps the fact unless a newer one is known: one of a higher version, or of an epoch that was acknowledged. It
// returns the newest fact; one that must not be kept is returned all the same, since its reader began before the change.
func (d *Directory) install(org *tenant.Organization, readAt time.Time) *tenant.Organization {
	newest := newFact(org, readAt)
	d.byID.Compute(org.ID, func(s *slot, found bool) (*slot, otter.ComputeOp) {
		if org.Epoch < d.epochs.of(org.ID) { // compared under the entry's lock, so that Drain's removal comes after
			return s, otter.CancelOp
		}
		if !found {
			s = &slot{}
		} else if old := s.fact.Load(); old.org.Version > org.Version {
			newest = old
			return s, otter.CancelOp
		}
		s.fact.Store(newest)
		if found {
			return s, otter.CancelOp
		}
		return s, otter.WriteOp
	})
	return newest.org
}

// clear drops every fact.
func (d *Directory) clear() { d.byID.InvalidateAll() }

// acknowledge promises that no fact with a lower epoch will be used from now on, and drops the one that is known.
func (d *Directory) acknowledge(id tenant.OrgID, epoch int64) {
	d.epochs.acknowledge(id, epoch)
	d.byID.Invalidate(id)
}

// expire drops a fact that the caller found to be one of an organization under operation.
func (d *Directory) expire(id tenant.OrgID) {
	d.loads.Forget(string(id))
	d.byID.Invalidate(id)
}

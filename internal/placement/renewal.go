package placement

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/orgd/orgd/internal/tenant"
)

// A fact that is used again and again would be read again each second, a thousand hot organizations a thousand times. So
// before that the directory asks for the versions of all facts in use, with one call for a thousand of them, and those
// whose organization is as it was count as read when the question was sent. Whatever else the answer says of an
// organization, its fact is dropped, and the next who needs it reads it.
const (
	// renewAfter is the age of a fact at which its use has the facts looked after.
	renewAfter = FactTTL / 2
	// renewEvery is the least time from one look to the next, and the least age of the facts that are looked after.
	renewEvery = FactTTL / 4
	// renewAtOnce is how many facts one call asks for.
	renewAtOnce = 1000
)

// renewal is the look at the facts in use. One runs at a time.
type renewal struct {
	spawn   func(func()) // starts a goroutine
	running atomic.Bool
	last    atomic.Int64 // when the last one began, in nanoseconds of Unix time
}

// current returns what the slot holds, or nil if that is too old, and has facts that will soon be too old looked after.
func (d *Directory) current(s *slot) *fact {
	f := s.fact.Load()
	if f == nil {
		return nil
	}
	now := d.now()
	age := now.Sub(f.readAt)
	if age >= FactTTL {
		return nil
	}
	if !s.used.Load() {
		s.used.Store(true)
	}
	if age >= renewAfter {
		d.renew(now)
	}
	return f
}

// renew looks after the facts in use, unless somebody does or just did. It does not wait: the goroutine ends with its calls,
// within [FactTTL].
func (d *Directory) renew(now time.Time) {
	last := d.renewal.last.Load()
	if now.UnixNano()-last < int64(renewEvery) || !d.renewal.running.CompareAndSwap(false, true) {
		return
	}
	d.renewal.last.Store(now.UnixNano())
	d.renewal.spawn(func() {
		defer d.renewal.running.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), FactTTL)
		defer cancel()
		for some := range slices.Chunk(d.inUse(now), renewAtOnce) {
			if d.confirm(ctx, some, now) != nil {
				return // the facts grow too old, and whoever needs one is told what is wrong
			}
		}
	})
}

// inUse returns the facts that were used since they were last looked after.
func (d *Directory) inUse(now time.Time) []*fact {
	var used []*fact
	for s := range d.byID.Values() {
		if f := s.fact.Load(); f != nil && now.Sub(f.readAt) >= renewEvery && s.used.Swap(false) {
			used = append(used, f)
		}
	}
	return used
}

// confirm asks for the versions of the facts' organizations and settles which facts hold.
func (d *Directory) confirm(ctx context.Context, facts []*fact, askedAt time.Time) error {
	ids := make([]tenant.OrgID, len(facts))
	for i, f := range facts {
		ids[i] = f.org.ID
	}
	versions, err := d.orgs.Versions(ctx, ids)
	if err != nil {
		return err
	}
	for _, f := range facts {
		d.byID.Compute(f.org.ID, func(s *slot, found bool) (*slot, otter.ComputeOp) {
			switch {
			case !found || s.fact.Load() != f: // dropped, or read again meanwhile
				return s, otter.CancelOp
			case versions[f.org.ID] != f.org.Version:
				return nil, otter.InvalidateOp
			}
			s.fact.Store(&fact{org: f.org, key: f.key, readAt: askedAt})
			return s, otter.CancelOp
		})
	}
	return nil
}

package migration

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// removal is one organization whose documents are moved.
type removal struct {
	org tenant.OrgID
	// from is where they are on the source.
	from store.Home
	// place is where they are written on the target, and trash the operation under which they go to the trash there afterwards.
	place tenant.Place
	trash tenant.OperationID
	// there and buried say that the target has a home at the place, and in the trash, from an earlier attempt.
	there, buried bool
	// counted says that the documents are part of the total.
	counted bool
}

// grave is the home in the target's trash.
func (r *removal) grave() store.Home { return store.Home{Place: r.place, Trash: r.trash} }

// normal is the placement of an organization on the target: what a store fills in by itself is left out.
func normal(p tenant.Placement) tenant.Placement {
	return tenant.Placement{Level: tenant.LevelCollection, Namespace: p.Namespace}
}

// removalOf returns the work for an organization at rest, nil for one without documents. The physical name of one in the trash may
// be another's by now, so its documents are written under one made of its id, which is nobody's: no slug looks like an id.
func removalOf(o *tenant.Organization) *removal {
	r := &removal{org: o.ID, from: store.Home{Place: o.Place()}, place: tenant.Place{Org: o.ID, Placement: normal(o.Placement)}}
	switch o.State {
	case tenant.StateActive:
		return r
	case tenant.StateTrashed:
		r.from.Trash, r.trash = o.Trash, o.Trash
		r.place.Placement.Namespace = "org_" + strings.ReplaceAll(string(o.ID), "-", "_")
		return r
	default:
		return nil
	}
}

// copyHomes makes the homes on the target what they are on the source.
func (m *mover) copyHomes(ctx context.Context) (report Report, err error) {
	var work []*removal
	var written []tenant.OrgID
	wanted := map[tenant.OrgID]*removal{}
	m.versions = map[tenant.OrgID]int64{}
	for o, err := range records(ctx, m.source.Transfer.Orgs) {
		if err != nil {
			return report, err
		}
		m.versions[o.ID] = o.Version
		if r := removalOf(o); r != nil {
			work, wanted[r.org] = append(work, r), r
		}
		if o.DirectWriters && o.State == tenant.StateActive {
			written = append(written, o.ID)
		}
	}
	m.warnOfWriters(written)
	if err := m.clean(ctx, wanted); err != nil {
		return report, err
	}
	if err := m.count(ctx, work); err != nil {
		return report, err
	}
	var documents, bytes, copied, trashed atomic.Int64
	err = m.each(ctx, work, func(ctx context.Context, r *removal) error {
		done, err := m.copyHome(ctx, r)
		if err != nil {
			return fmt.Errorf("copy the documents of organization %s: %w", r.org, err)
		}
		if r.trash != "" {
			trashed.Add(1)
		}
		documents.Add(done.Documents)
		bytes.Add(done.Bytes)
		copied.Add(done.copied)
		return nil
	})
	return Report{
		Organizations: int64(len(work)), Trashed: trashed.Load(), Documents: documents.Load(), Bytes: bytes.Load(), Copied: copied.Load(),
	}, err
}

// warnOfWriters names organizations to which applications write past orgd: nothing keeps those out of the source, and nobody sees what
// they write behind the copy.
func (m *mover) warnOfWriters(orgs []tenant.OrgID) {
	if len(orgs) == 0 {
		return
	}
	m.Warn(fmt.Sprintf("applications write to %d organizations of %s themselves; stop them until they write to %s, or what they write stays behind:%s",
		len(orgs), m.source.Name, m.target.Name, someOf(orgs, len(orgs))))
}

// named is how many organizations or documents a warning names.
const named = 5

// someOf lists the first of count ids that others chose, and how many more there are.
func someOf[ID ~string](ids []ID, count int) string {
	var names strings.Builder
	shown := ids[:min(len(ids), named)]
	for _, id := range shown {
		names.WriteString(" " + access.CleanClientText(string(id)))
	}
	if count > len(shown) {
		fmt.Fprintf(&names, " and %d more", count-len(shown))
	}
	return names.String()
}

// each does the work, several organizations at once.
func (m *mover) each(ctx context.Context, work []*removal, do func(context.Context, *removal) error) error {
	all, working := errgroup.WithContext(ctx)
	all.SetLimit(max(1, m.Parallel))
	for _, r := range work {
		if working.Err() != nil {
			break
		}
		all.Go(func() error { return do(working, r) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// clean notes which homes an earlier attempt has made, and removes those that are not wanted any more, before their names are
// needed: of organizations that were purged since, renamed, deleted or restored.
func (m *mover) clean(ctx context.Context, wanted map[tenant.OrgID]*removal) error {
	homes, err := m.target.Transfer.Homes.All(ctx)
	if err != nil {
		return err
	}
	op := tenant.OperationID(tenant.NewID())
	for _, h := range homes {
		r := wanted[h.Place.Org]
		switch {
		case r != nil && h.Trash != "" && h.Trash == r.trash:
			r.buried = true
		case r != nil && h.Trash == "" && atPlace(h, r):
			r.there = true
		default:
			if err := m.remove(ctx, h, op); err != nil {
				return fmt.Errorf("remove what an earlier attempt copied of organization %s: %w", h.Place.Org, err)
			}
		}
	}
	return nil
}

// atPlace reports whether a home is where the organization's is to be. A backend without physical names has one place for it.
func atPlace(h store.Home, r *removal) bool {
	return h.Place.Placement.Namespace == "" || h.Place.Placement.Namespace == r.place.Placement.Namespace
}

// remove removes a home from the target.
func (m *mover) remove(ctx context.Context, h store.Home, op tenant.OperationID) error {
	if h.Trash != "" {
		return m.target.Places.Drop(ctx, h.Place.Org, h.Trash)
	}
	if err := m.target.Places.Trash(ctx, h.Place, op); err != nil {
		return err
	}
	return m.target.Places.Drop(ctx, h.Place.Org, op)
}

// count learns how many documents there are to move, for those who wait. Those in the trash count once they are read, and so do those
// of a home so large that the store does not count it in time.
func (m *mover) count(ctx context.Context, work []*removal) error {
	var total, done atomic.Int64
	return m.each(ctx, work, func(ctx context.Context, r *removal) error {
		var found tenant.Usage
		if r.trash == "" {
			var err error
			found, err = m.source.Documents.Usage(ctx, r.from.Place)
			if err != nil && (ctx.Err() != nil || !tenant.IsCode(err, tenant.CodeUnavailable)) {
				return fmt.Errorf("count the documents of organization %s: %w", r.org, err)
			}
			r.counted = err == nil
		}
		m.meter.counted(total.Add(found.Documents), done.Add(1), int64(len(work)))
		return nil
	})
}

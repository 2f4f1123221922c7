package migration

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// moved is what became of one home.
type moved struct {
	tenant.DocumentsDigest

	copied int64
}

// copyHome makes the home of one organization on the target what it is on the source, and proves it.
func (m *mover) copyHome(ctx context.Context, r *removal) (moved, error) {
	if err := m.still(ctx); err != nil {
		return moved{}, err
	}
	if r.buried {
		if done, err := m.buriedBefore(ctx, r); done != nil || err != nil {
			return *orNone(done), err
		}
	}
	if err := m.target.Places.Create(ctx, r.place); err != nil {
		return moved{}, err
	}
	var done moved
	var err error
	if r.there {
		done, err = m.amend(ctx, r, nil)
	} else {
		done, err = m.fill(ctx, r)
	}
	if err != nil {
		return done, err
	}
	if done.copied > 0 {
		if err := m.verify(ctx, r, &done); err != nil {
			return done, err
		}
	} else {
		m.meter.halves(done.Documents)
	}
	if r.trash != "" {
		return done, m.target.Places.Trash(ctx, r.place, r.trash)
	}
	return done, nil
}

func orNone(done *moved) *moved {
	if done == nil {
		return &moved{}
	}
	return done
}

// buriedBefore looks at what an earlier attempt has brought to the trash. Nil says that it has to be copied.
func (m *mover) buriedBefore(ctx context.Context, r *removal) (*moved, error) {
	if r.there { // cut short on the way
		if err := m.target.Places.Trash(ctx, r.place, r.trash); err != nil {
			return nil, err
		}
		r.there = false
	}
	var there, here tenant.DocumentsDigest
	if err := m.read(ctx, m.source, r.from, &here); err != nil {
		return nil, err
	}
	m.meter.more(here.Documents)
	if err := m.read(ctx, m.target, r.grave(), &there); err != nil {
		return nil, err
	}
	if there.Equal(&here) {
		m.meter.halves(2 * here.Documents)
		return &moved{DocumentsDigest: here}, nil
	}
	m.meter.more(-here.Documents)
	return nil, m.target.Places.Drop(ctx, r.org, r.trash)
}

// fill copies everything to a home that is new. The next page is read while the last one is written.
func (m *mover) fill(ctx context.Context, r *removal) (done moved, err error) {
	for page, err := range m.ahead(counted(documents(ctx, m.source.Transfer.Homes, r.from), &done.DocumentsDigest)) {
		if err != nil {
			return done, err
		}
		if err := m.target.Transfer.Homes.Load(ctx, r.place, page); err != nil {
			return done, err
		}
		done.copied += int64(len(page))
		if !r.counted {
			m.meter.more(int64(len(page)))
		}
		m.meter.halves(int64(len(page)))
	}
	return done, nil
}

// verify reads the home back. Where it differs from the source, the documents that do are named and written again, once.
func (m *mover) verify(ctx context.Context, r *removal, done *moved) error {
	var there tenant.DocumentsDigest
	if err := m.read(ctx, m.target, store.Home{Place: r.place}, &there); err != nil {
		return err
	}
	if there.Equal(&done.DocumentsDigest) {
		m.meter.halves(done.Documents)
		return nil
	}
	var wrong []tenant.DocumentID
	count := 0
	again, err := m.amend(ctx, r, func(id tenant.DocumentID) {
		if count++; count <= named {
			wrong = append(wrong, id)
		}
	})
	m.warnOf(r, wrong, count)
	if err != nil {
		return err
	}
	m.meter.halves(-done.Documents) // they count anew
	done.copied += again.copied
	there = tenant.DocumentsDigest{}
	if err := m.read(ctx, m.target, store.Home{Place: r.place}, &there); err != nil {
		return err
	}
	if !there.Equal(&again.DocumentsDigest) {
		return tenant.Errorf(tenant.CodeInternal, "%s does not give back what was written to it, twice; nothing of it is used", m.target.Name)
	}
	done.DocumentsDigest = again.DocumentsDigest
	m.meter.halves(done.Documents)
	return nil
}

func (m *mover) warnOf(r *removal, ids []tenant.DocumentID, count int) {
	m.Warn(fmt.Sprintf("organization %s: %d documents on %s are not what was written, and are written again:%s", r.org, count, m.target.Name, someOf(ids, count)))
}

// read adds a home to a digest.
func (m *mover) read(ctx context.Context, s Side, home store.Home, to *tenant.DocumentsDigest) error {
	for _, err := range m.ahead(counted(documents(ctx, s.Transfer.Homes, home), to)) {
		if err != nil {
			return err
		}
	}
	return nil
}

// counted passes pages on and adds them to a digest.
func counted(pages iter.Seq2[[]tenant.Document, error], to *tenant.DocumentsDigest) iter.Seq2[[]tenant.Document, error] {
	return func(yield func([]tenant.Document, error) bool) {
		for page, err := range pages {
			for i := range page {
				if err == nil {
					err = to.Add(&page[i])
				}
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// ahead has the next page read, by a goroutine of its own, while the caller is at the last one.
func (m *mover) ahead(pages iter.Seq2[[]tenant.Document, error]) iter.Seq2[[]tenant.Document, error] {
	if m.Parallel <= 1 {
		return pages
	}
	type item struct {
		page []tenant.Document
		err  error
	}
	return func(yield func([]tenant.Document, error) bool) {
		items, enough := make(chan item), make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			defer close(items)
			for page, err := range pages {
				select {
				case items <- item{page, err}:
				case <-enough:
					return
				}
			}
		})
		defer reading.Wait()
		defer close(enough)
		for i := range items {
			if !yield(i.page, i.err) {
				return
			}
		}
	}
}

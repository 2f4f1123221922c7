package migration

import (
	"bytes"
	"context"
	"iter"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// amend makes a home that may have documents already what the source's is: both are read side by side in the order of their ids, and
// what differs or is missing is written, what is gone removed. Differs hears of each, if given. The digest is the source's.
func (m *mover) amend(ctx context.Context, r *removal, differs func(tenant.DocumentID)) (done moved, err error) {
	p := &patch{mover: m, place: r.place, differs: differs}
	next, stop := iter.Pull2(single(m.ahead(documents(ctx, m.target.Transfer.Homes, store.Home{Place: r.place}))))
	defer stop()
	there, err := pull(next)
	if err != nil {
		return done, err
	}
	for page, err := range m.ahead(counted(documents(ctx, m.source.Transfer.Homes, r.from), &done.DocumentsDigest)) {
		if err != nil {
			return done, err
		}
		for i := range page {
			if there, err = p.meet(ctx, &page[i], there, next); err != nil {
				return done, err
			}
		}
		m.meter.halves(int64(len(page)))
	}
	for there != nil {
		if err := p.remove(ctx, there.ID); err != nil {
			return done, err
		}
		if there, err = pull(next); err != nil {
			return done, err
		}
	}
	err = p.flush(ctx)
	done.copied = p.copied
	return done, err
}

// meet compares a document of the source with the target's next one, and returns the one after that.
func (p *patch) meet(ctx context.Context, doc, there *tenant.Document, next puller) (_ *tenant.Document, err error) {
	for there != nil && there.ID < doc.ID {
		if err := p.remove(ctx, there.ID); err != nil {
			return nil, err
		}
		if there, err = pull(next); err != nil {
			return nil, err
		}
	}
	if there == nil || there.ID != doc.ID {
		return there, p.write(ctx, doc)
	}
	same, err := p.same(doc, there)
	if err == nil && !same {
		err = p.write(ctx, doc)
	}
	if err != nil {
		return nil, err
	}
	return pull(next)
}

// puller returns one document after the other.
type puller func() (*tenant.Document, error, bool)

// pull returns the next document, nil at the end.
func pull(next puller) (*tenant.Document, error) {
	doc, err, more := next()
	if err != nil || !more {
		return nil, err
	}
	return doc, nil
}

// single are the documents of pages.
func single(pages iter.Seq2[[]tenant.Document, error]) iter.Seq2[*tenant.Document, error] {
	return func(yield func(*tenant.Document, error) bool) {
		for page, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
			}
		}
	}
}

// patch are changes of a home that are gathered for one call.
type patch struct {
	*mover

	place   tenant.Place
	differs func(tenant.DocumentID)

	load        []tenant.Document
	bytes       int
	gone        []tenant.DocumentID
	left, right []byte
	// copied counts the changes that were made.
	copied int64
}

// same reports whether two documents are one on two backends.
func (p *patch) same(a, b *tenant.Document) (bool, error) {
	var err error
	if p.left, err = a.AppendCanonical(p.left[:0]); err != nil {
		return false, err
	}
	p.right, err = b.AppendCanonical(p.right[:0])
	return bytes.Equal(p.left, p.right), err
}

func (p *patch) write(ctx context.Context, doc *tenant.Document) error {
	p.tell(doc.ID)
	p.load = append(p.load, *doc)
	p.bytes += len(doc.Data)
	if len(p.load) < pageSize && p.bytes < store.PageBytes {
		return nil
	}
	return p.flush(ctx)
}

func (p *patch) remove(ctx context.Context, id tenant.DocumentID) error {
	p.tell(id)
	p.gone = append(p.gone, id)
	if len(p.gone) < pageSize {
		return nil
	}
	return p.flush(ctx)
}

func (p *patch) tell(id tenant.DocumentID) {
	if p.differs != nil {
		p.differs(id)
	}
}

// flush makes the changes.
func (p *patch) flush(ctx context.Context) error {
	if len(p.gone) > 0 {
		if err := p.target.Transfer.Homes.Remove(ctx, p.place, p.gone); err != nil {
			return err
		}
	}
	if len(p.load) > 0 {
		if err := p.target.Transfer.Homes.Load(ctx, p.place, p.load); err != nil {
			return err
		}
	}
	p.copied += int64(len(p.gone) + len(p.load))
	p.load, p.bytes, p.gone = nil, 0, nil
	return nil
}

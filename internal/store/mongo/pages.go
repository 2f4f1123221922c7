package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// errPageFull ends a list whose next document would be too much.
var errPageFull = errors.New("the page is full")

// List implements store.Documents. Ids that are text and ids that are ObjectIds lie apart in the index, and are merged.
func (t documents) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int,
) ([]tenant.Document, error) {
	d, ctx, cancel, err := t.at(ctx, in)
	defer cancel()
	if err != nil {
		return nil, err
	}
	return d.list(ctx, after, limit)
}

// list returns the first documents behind an id, up to the bounds of a page.
func (d *desk) list(ctx context.Context, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	var texts, objects page
	var textsErr, objectsErr error
	var both sync.WaitGroup
	both.Go(func() { texts, textsErr = d.page(ctx, bson.M{"$gt": string(after)}, limit) })
	if first, ok := objectAfter(string(after)); ok {
		both.Go(func() { objects, objectsErr = d.page(ctx, bson.M{"$gte": first}, limit) })
	}
	both.Wait()
	if err := errors.Join(textsErr, objectsErr); err != nil {
		return nil, err
	}
	return merge(texts, objects, limit), nil
}

// page is a part of a list.
type page struct {
	docs []tenant.Document
	// cut says that it ended for its bytes, with more behind.
	cut bool
}

// page returns documents with ids in a range of one type, up to the bounds of a page.
func (d *desk) page(ctx context.Context, ids bson.M, limit int) (p page, err error) {
	o := options.Find().SetSort(bson.D{e("_id", 1)}).SetLimit(int64(limit)).SetBatchSize(batch(limit))
	size := 0
	err = d.read(ctx, func(ctx context.Context) error {
		err := each(ctx, d.coll, d.mine(e("_id", ids)), o, func(raw bson.Raw) error {
			doc, err := unpackDocument(raw)
			if size += len(doc.Data); err == nil && len(p.docs) > 0 && size > store.PageBytes {
				return errPageFull
			}
			p.docs = append(p.docs, doc)
			return err
		})
		if p.cut = errors.Is(err, errPageFull); p.cut {
			return nil
		}
		return err
	})
	return p, err
}

// merge returns the first documents of two parts by id, up to the bounds of a page. It ends where a part was cut: what
// follows there was not read.
func merge(a, b page, limit int) []tenant.Document {
	if len(b.docs) == 0 {
		return a.docs
	}
	byID := func(x, y tenant.Document) int { return strings.Compare(string(x.ID), string(y.ID)) }
	all := append(slices.Clip(a.docs), b.docs...)
	slices.SortStableFunc(all, byID)
	size := 0
	for i, doc := range all {
		size += len(doc.Data)
		if i == limit || i > 0 && size > store.PageBytes || a.endsBefore(doc.ID) || b.endsBefore(doc.ID) {
			return all[:i]
		}
	}
	return all
}

// endsBefore reports whether documents that were not read may come before the id.
func (p page) endsBefore(id tenant.DocumentID) bool { return p.cut && id > p.docs[len(p.docs)-1].ID }

// objectAfter returns the first ObjectId whose 24 hex digits come after a text; false if there is none.
func objectAfter(text string) (bson.ObjectID, bool) {
	const digits = "0123456789abcdef"
	shared := min(len(text)-len(strings.TrimLeft(text, digits)), 24)
	head, next := text[:shared], ""
	switch {
	case shared == len(text) && shared < 24: // all that begin with the text are longer
		next = head
	case shared < 24: // the first digit behind the sign that is none
		if i := strings.IndexFunc(digits, func(r rune) bool { return string(r) > text[shared:shared+1] }); i >= 0 {
			next = head + digits[i:i+1]
		}
	}
	for ; next == "" && head != ""; head = head[:len(head)-1] { // raise the last digit that can be
		if i := strings.IndexByte(digits, head[len(head)-1]); i < len(digits)-1 {
			next = head[:len(head)-1] + digits[i+1:i+2]
		}
	}
	if next == "" && text != "" {
		return bson.ObjectID{}, false
	}
	id, err := bson.ObjectIDFromHex(next + strings.Repeat("0", 24-len(next)))
	return id, err == nil
}

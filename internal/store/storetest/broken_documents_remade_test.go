package storetest_test

import (
	"context"
	"errors"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var remadeTwins = []twin{
	{"a delete looks at the version alone", "Documents/DeleteOfAnEarlierDocument", spoilDocuments(func(d store.Documents) store.Documents { return timelessDelete{d} })},
	{"an update swaps by the version alone", "Documents/UpdateMeetsALaterDocument", spoilDocuments(func(d store.Documents) store.Documents { return timelessUpdate{d} })},
}

// timelessDelete does not look at when the document was created.
type timelessDelete struct{ store.Documents }

func (b timelessDelete) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	return b.Documents.Delete(ctx, in, id, tenant.Revision{Version: want.Version})
}

// timelessUpdate writes what it has made of a document over whatever has the version that it read.
type timelessUpdate struct{ store.Documents }

func (b timelessUpdate) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64, change func(*tenant.Document) error) (tenant.Document, error) {
	lost := errors.New("another change came first")
	for {
		next, err := b.Get(ctx, in, id)
		if err != nil {
			return next, err
		}
		if err := change(&next); err != nil {
			return tenant.Document{}, err
		}
		got, err := b.Documents.Update(ctx, in, id, quota, func(doc *tenant.Document) error {
			if doc.Version != next.Version {
				return lost
			}
			doc.Data, doc.UpdatedAt, doc.WriteID = next.Data, next.UpdatedAt, next.WriteID
			return nil
		})
		if !errors.Is(err, lost) {
			return got, err
		}
	}
}

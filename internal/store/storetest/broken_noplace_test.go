package storetest_test

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var noPlaceTwins = []twin{
	{"a missing place looks like a missing document", "Documents/MissingPlaceIsToldFromMissingDocument", spoilDocuments(func(d store.Documents) store.Documents {
		return retoldGet{d, tenant.Errorf(tenant.CodeNotFound, "there is no such document")}
	})},
	{"a missing document looks like a missing place", "Documents/MissingPlaceIsToldFromMissingDocument", spoilDocuments(func(d store.Documents) store.Documents {
		return retoldGet{d, tenant.Wrap(tenant.CodeNotFound, store.ErrNoPlace, "there is no such place")}
	})},
}

// retoldGet has one sentence for all that it does not find.
type retoldGet struct {
	store.Documents
	missing error
}

func (b retoldGet) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error) {
	doc, err := b.Documents.Get(ctx, in, id)
	if tenant.IsCode(err, tenant.CodeNotFound) {
		err = b.missing
	}
	return doc, err
}

package teststores

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// naming returns a store that hands the organizations which the arguments of a call name on in its context. Only the nouns
// that are about tenants' own data do: no other has any business in a tenant's collection.
func naming(inner store.Store) store.Store {
	inner.Documents = namedDocuments{inner.Documents}
	inner.Places = namedPlaces{inner.Places}
	inner.Transfer.Homes = namedHomes{inner.Transfer.Homes}
	return inner
}

type namesKey struct{}

// name returns a context of a call that names the organization.
func name(ctx context.Context, org tenant.OrgID) context.Context {
	return context.WithValue(ctx, namesKey{}, org)
}

// named returns the organization that the call names, if it names one.
func named(ctx context.Context) (tenant.OrgID, bool) {
	org, ok := ctx.Value(namesKey{}).(tenant.OrgID)
	return org, ok
}

// namedDocuments are documents of the place's organization.
type namedDocuments struct{ inner store.Documents }

// Insert implements [store.Documents].
func (n namedDocuments) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document,
	quota int64,
) (tenant.Document, error) {
	return n.inner.Insert(name(ctx, in.Org), in, doc, quota)
}

// Get implements [store.Documents].
func (n namedDocuments) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID,
) (tenant.Document, error) {
	return n.inner.Get(name(ctx, in.Org), in, id)
}

// List implements [store.Documents].
func (n namedDocuments) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int,
) ([]tenant.Document, error) {
	return n.inner.List(name(ctx, in.Org), in, after, limit)
}

// Update implements [store.Documents].
func (n namedDocuments) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
	change func(*tenant.Document) error,
) (tenant.Document, error) {
	return n.inner.Update(name(ctx, in.Org), in, id, quota, change)
}

// Delete implements [store.Documents].
func (n namedDocuments) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID,
	want tenant.Revision,
) error {
	return n.inner.Delete(name(ctx, in.Org), in, id, want)
}

// Usage implements [store.Documents].
func (n namedDocuments) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	return n.inner.Usage(name(ctx, place.Org), place)
}

// namedPlaces are places of one organization. A move from one organization to another names nobody.
type namedPlaces struct{ inner store.Places }

// Create implements [store.Places].
func (n namedPlaces) Create(ctx context.Context, place tenant.Place) error {
	return n.inner.Create(name(ctx, place.Org), place)
}

// Rename implements [store.Places].
func (n namedPlaces) Rename(ctx context.Context, from, to tenant.Place) error {
	if from.Org == to.Org {
		ctx = name(ctx, from.Org)
	}
	return n.inner.Rename(ctx, from, to)
}

// Trash implements [store.Places].
func (n namedPlaces) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	return n.inner.Trash(name(ctx, place.Org), place, op)
}

// Restore implements [store.Places].
func (n namedPlaces) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	return n.inner.Restore(name(ctx, place.Org), op, place)
}

// Sweep implements [store.Places].
func (n namedPlaces) Sweep(ctx context.Context, namespace string, place tenant.Place, op tenant.OperationID) (bool, error) {
	return n.inner.Sweep(name(ctx, place.Org), namespace, place, op)
}

// Drop implements [store.Places].
func (n namedPlaces) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	return n.inner.Drop(name(ctx, org), org, op)
}

// Discard implements [store.Places].
func (n namedPlaces) Discard(ctx context.Context, place tenant.Place) error {
	return n.inner.Discard(name(ctx, place.Org), place)
}

// namedHomes are homes of one organization each. A look at all of them names nobody.
type namedHomes struct{ inner store.Homes }

// All implements [store.Homes].
func (n namedHomes) All(ctx context.Context) ([]store.Home, error) { return n.inner.All(ctx) }

// Scan implements [store.Homes].
func (n namedHomes) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	return n.inner.Scan(name(ctx, home.Place.Org), home, after, limit)
}

// Load implements [store.Homes].
func (n namedHomes) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return n.inner.Load(name(ctx, place.Org), place, docs)
}

// Remove implements [store.Homes].
func (n namedHomes) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	return n.inner.Remove(name(ctx, place.Org), place, ids)
}

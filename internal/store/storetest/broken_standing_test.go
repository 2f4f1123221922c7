package storetest_test

import (
	"context"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// settles makes the place that a load is for.
type settles struct {
	store.Homes
	places store.Places
}

func (b settles) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	if err := b.places.Create(ctx, place); err != nil {
		return err
	}
	return b.Homes.Load(ctx, place, docs)
}

// byName reaches the home that has the physical name, whoever asks.
type byName struct {
	store.Homes
	mu     sync.Mutex
	owners map[string]tenant.OrgID
}

func (b *byName) owner(place tenant.Place) tenant.Place {
	b.mu.Lock()
	defer b.mu.Unlock()
	if org, ok := b.owners[place.Placement.Namespace]; ok {
		place.Org = org
	}
	return place
}

func (b *byName) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return b.Homes.Load(ctx, b.owner(place), docs)
}

func (b *byName) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	return b.Homes.Remove(ctx, b.owner(place), ids)
}

// byNamePlaces notes whose each name is.
type byNamePlaces struct {
	store.Places
	names *byName
}

func (b byNamePlaces) Create(ctx context.Context, place tenant.Place) error {
	b.names.mu.Lock()
	b.names.owners[place.Placement.Namespace] = place.Org
	b.names.mu.Unlock()
	return b.Places.Create(ctx, place)
}

type fussyRemoval struct {
	store.Homes
	documents store.Documents
}

func (b fussyRemoval) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	for _, id := range ids {
		if err := b.documents.Delete(ctx, place.In(tenant.DefaultCollection), id, tenant.Revision{}); err != nil {
			return err
		}
	}
	return nil
}

type lazyRemoval struct{ store.Homes }

func (b lazyRemoval) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	return b.Homes.Remove(ctx, place, ids[:max(0, len(ids)-1)])
}

type blindSwap struct{ store.Standing }

func (b blindSwap) Swap(ctx context.Context, _, next tenant.Standing) error {
	old, err := b.Get(ctx)
	if err != nil {
		return err
	}
	return b.Standing.Swap(ctx, old, next)
}

type phaseSwap struct{ store.Standing }

func (b phaseSwap) Swap(ctx context.Context, old, next tenant.Standing) error {
	now, err := b.Get(ctx)
	if err != nil {
		return err
	}
	if now.Phase == old.Phase {
		old = now
	}
	return b.Standing.Swap(ctx, old, next)
}

type noPeer struct{ store.Standing }

func (b noPeer) Get(ctx context.Context) (tenant.Standing, error) {
	now, err := b.Standing.Get(ctx)
	now.Peer = ""
	return now, err
}

// memory keeps a standing that it compares and then sets, with time between.
type memory struct {
	rivals *gathering
	mu     sync.Mutex
	now    tenant.Standing
}

func (b *memory) Get(context.Context) (tenant.Standing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now, nil
}

func (b *memory) Swap(ctx context.Context, old, next tenant.Standing) error {
	now, err := b.Get(ctx)
	if err != nil || now != old {
		return tenant.Errorf(tenant.CodeConflict, "it changed meanwhile")
	}
	b.rivals.join(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = next
	return nil
}

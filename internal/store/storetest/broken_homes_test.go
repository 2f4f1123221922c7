package storetest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var homeTwins = []twin{
	{"the trash is no home", "Transfer.Homes/AllTellsWhereDataLies", spoilHomes(func(s store.Store) store.Homes {
		return tellsWithout{s.Transfer.Homes, func(h store.Home) bool { return h.Trash != "" }}
	})},
	{"what is in use is no home", "Transfer.Homes/AllTellsWhereDataLies", spoilHomes(func(s store.Store) store.Homes {
		return tellsWithout{s.Transfer.Homes, func(h store.Home) bool { return h.Trash == "" }}
	})},
	{"the trash of an organization is one", "Transfer.Homes/AllTellsOfEachTrash", spoilHomes(func(s store.Store) store.Homes { return oneEach{s.Transfer.Homes} })},
	{"a scan does not go on", "Transfer.Homes/ScanReadsHomesInOrder", spoilHomes(func(s store.Store) store.Homes {
		return scansWith{s.Transfer.Homes, func(_ tenant.DocumentID, limit int) (tenant.DocumentID, int) { return "", limit }}
	})},
	{"a scan has no limit", "Transfer.Homes/ScanReadsHomesInOrder", spoilHomes(func(s store.Store) store.Homes {
		return scansWith{s.Transfer.Homes, func(after tenant.DocumentID, limit int) (tenant.DocumentID, int) { return after, 2 * limit }}
	})},
	{"a page is bounded in number only", "Transfer.Homes/ScanPageIsBoundedInBytes", spoilHomes(func(s store.Store) store.Homes { return heavyPages{s.Transfer.Homes} })},
	{"a scan of the trash takes it out", "Transfer.Homes/ScanOfTheTrashLeavesItThere", spoilHomes(func(s store.Store) store.Homes { return digs{s.Transfer.Homes, s.Places} })},
	{"a place that is not there is empty", "Transfer.Homes/ScanOfNothing", spoilHomes(func(s store.Store) store.Homes { return meekScan{s.Transfer.Homes} })},
	{"a trash is known by its operation", "Transfer.Homes/ScanOfAnothersTrash", spoilHomes(func(s store.Store) store.Homes { return anyTrash{s.Transfer.Homes} })},
	{"a document that is loaded is at version 1", "Transfer.Homes/LoadKeepsEveryField", spoilLoads(func(d *tenant.Document) { d.Version = 1 })},
	{"a document that is loaded is new", "Transfer.Homes/LoadKeepsEveryField", spoilLoads(func(d *tenant.Document) { d.CreatedAt = d.UpdatedAt })},
	{"a document that is loaded loses its data", "Transfer.Homes/LoadKeepsDataExactly", spoilLoads(func(d *tenant.Document) { d.Data = tenant.Data(`{}`) })},
	{"a document that is loaded forgets who wrote it", "Transfer.Homes/LoadedOnesGoOn", spoilLoads(func(d *tenant.Document) { d.WriteID = tenant.NewID() })},
	{"a load replaces nothing", "Transfer.Homes/LoadInsertsAndReplaces", spoilHomes(func(s store.Store) store.Homes { return onlyInserts{s.Transfer.Homes} })},
	{"a load inserts nothing", "Transfer.Homes/LoadInsertsAndReplaces", spoilHomes(func(s store.Store) store.Homes { return onlyReplaces{s.Transfer.Homes} })},
	{"a load clears the place first", "Transfer.Homes/LoadInsertsAndReplaces", spoilHomes(func(s store.Store) store.Homes { return clearsFirst{s.Transfer.Homes} })},
	{"a load takes a hundred at most", "Transfer.Homes/LoadTakesTheLargest", spoilHomes(func(s store.Store) store.Homes { return smallLoads{s.Transfer.Homes} })},
	{"what is loaded is not counted", "Transfer.Homes/LoadTakesTheLargest", func(s store.Store) store.Store {
		s.Documents = neverWeighs{s.Documents}
		return s
	}},
	{"a scan gives away what the store keeps", "Transfer.Homes/LoadSharesNothing", spoilHomes(func(s store.Store) store.Homes { return &remembersHome{Homes: s.Transfer.Homes} })},
	{"a load makes the place", "Transfer.Homes/LoadOfAMissingPlace", spoilHomes(func(s store.Store) store.Homes { return settles{s.Transfer.Homes, s.Places} })},
	{"a load goes to whom the name belongs", "Transfer.Homes/LoadOfAnothersPlace", func(s store.Store) store.Store {
		b := &byName{Homes: s.Transfer.Homes, owners: map[string]tenant.OrgID{}}
		s.Transfer.Homes, s.Places = b, byNamePlaces{s.Places, b}
		return s
	}},
	{"a removal of what is not there is an error", "Transfer.Homes/RemoveTakesThoseThatAreThere", spoilHomes(func(s store.Store) store.Homes { return fussyRemoval{s.Transfer.Homes, s.Documents} })},
	{"a removal leaves the last", "Transfer.Homes/RemoveTakesThoseThatAreThere", spoilHomes(func(s store.Store) store.Homes { return lazyRemoval{s.Transfer.Homes} })},
	{"a new store is retired", "Transfer.Standing/InUseAtFirst", spoilStanding(func(store.Standing) store.Standing { return &memory{now: tenant.Standing{Phase: tenant.PhaseRetired}} })},
	{"a swap compares nothing", "Transfer.Standing/SwapComparesEveryField", spoilStanding(func(b store.Standing) store.Standing { return blindSwap{b} })},
	{"a swap compares the phase", "Transfer.Standing/SwapComparesEveryField", spoilStanding(func(b store.Standing) store.Standing { return phaseSwap{b} })},
	{"a standing forgets its peer", "Transfer.Standing/SwapComparesEveryField", spoilStanding(func(b store.Standing) store.Standing { return noPeer{b} })},
	{"a standing is compared and then set", "Transfer.Standing/SwapsHaveOneWinner", spoilStanding(func(store.Standing) store.Standing { return &memory{rivals: gather(crowd)} })},
}

func spoilHomes(spoil func(store.Store) store.Homes) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Transfer.Homes = spoil(s)
		return s
	}
}

// spoilLoads bends each document on its way in.
func spoilLoads(edit func(*tenant.Document)) func(store.Store) store.Store {
	return spoilHomes(func(s store.Store) store.Homes { return loadsWith{s.Transfer.Homes, edit} })
}

func spoilStanding(spoil func(store.Standing) store.Standing) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Transfer.Standing = spoil(s.Transfer.Standing)
		return s
	}
}

type tellsWithout struct {
	store.Homes
	hidden func(store.Home) bool
}

func (b tellsWithout) All(ctx context.Context) ([]store.Home, error) {
	all, err := b.Homes.All(ctx)
	return slices.DeleteFunc(all, b.hidden), err
}

type oneEach struct{ store.Homes }

func (b oneEach) All(ctx context.Context) ([]store.Home, error) {
	all, err := b.Homes.All(ctx)
	seen := map[tenant.OrgID]bool{}
	return slices.DeleteFunc(all, func(h store.Home) bool {
		again := seen[h.Place.Org]
		seen[h.Place.Org] = true
		return again
	}), err
}

type scansWith struct {
	store.Homes
	bend func(tenant.DocumentID, int) (tenant.DocumentID, int)
}

func (b scansWith) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	after, limit = b.bend(after, limit)
	return b.Homes.Scan(ctx, home, after, limit)
}

// heavyPages fills each page up to its limit.
type heavyPages struct{ store.Homes }

func (b heavyPages) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) (all []tenant.Document, err error) {
	for {
		page, err := b.Homes.Scan(ctx, home, after, limit-len(all))
		all = append(all, page...)
		if err != nil || len(page) == 0 || len(all) == limit {
			return all, err
		}
		after = all[len(all)-1].ID
	}
}

// digs restores what is in the trash to read it.
type digs struct {
	store.Homes
	places store.Places
}

func (b digs) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	if home.Trash != "" {
		if err := b.places.Restore(ctx, home.Trash, home.Place); err != nil {
			return nil, err
		}
	}
	return b.Homes.Scan(ctx, store.Home{Place: home.Place}, after, limit)
}

type meekScan struct{ store.Homes }

func (b meekScan) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	page, err := b.Homes.Scan(ctx, home, after, limit)
	return page, forgive(tenant.CodeNotFound, err)
}

// anyTrash finds whose trash an operation made.
type anyTrash struct{ store.Homes }

func (b anyTrash) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	all, err := b.All(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		if home.Trash != "" && h.Trash == home.Trash {
			home = h
		}
	}
	return b.Homes.Scan(ctx, home, after, limit)
}

type loadsWith struct {
	store.Homes
	edit func(*tenant.Document)
}

func (b loadsWith) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	docs = slices.Clone(docs)
	for i := range docs {
		b.edit(&docs[i])
	}
	return b.Homes.Load(ctx, place, docs)
}

// known returns which of the documents are at the place.
func known(ctx context.Context, homes store.Homes, place tenant.Place) (map[tenant.DocumentID]bool, error) {
	page, err := homes.Scan(ctx, store.Home{Place: place}, "", 1000)
	ids := map[tenant.DocumentID]bool{}
	for _, doc := range page {
		ids[doc.ID] = true
	}
	return ids, err
}

type onlyInserts struct{ store.Homes }

func (b onlyInserts) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	there, err := known(ctx, b.Homes, place)
	if err != nil {
		return err
	}
	return b.Homes.Load(ctx, place, slices.DeleteFunc(slices.Clone(docs), func(d tenant.Document) bool { return there[d.ID] }))
}

type onlyReplaces struct{ store.Homes }

func (b onlyReplaces) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	there, err := known(ctx, b.Homes, place)
	if err != nil {
		return err
	}
	return b.Homes.Load(ctx, place, slices.DeleteFunc(slices.Clone(docs), func(d tenant.Document) bool { return !there[d.ID] }))
}

type clearsFirst struct{ store.Homes }

func (b clearsFirst) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	there, err := known(ctx, b.Homes, place)
	if err != nil {
		return err
	}
	for id := range there {
		if err := b.Remove(ctx, place, []tenant.DocumentID{id}); err != nil {
			return err
		}
	}
	return b.Homes.Load(ctx, place, docs)
}

type smallLoads struct{ store.Homes }

func (b smallLoads) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return b.Homes.Load(ctx, place, docs[:min(100, len(docs))])
}

type neverWeighs struct{ store.Documents }

func (neverWeighs) Usage(context.Context, tenant.Place) (tenant.Usage, error) {
	return tenant.Usage{}, nil
}

// remembersHome answers a scan from the beginning with the page of the first one.
type remembersHome struct {
	store.Homes
	mu   sync.Mutex
	page []tenant.Document
}

func (b *remembersHome) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) (page []tenant.Document, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if after == "" && b.page != nil {
		return slices.Clone(b.page), nil
	}
	page, err = b.Homes.Scan(ctx, home, after, limit)
	if after == "" {
		b.page = slices.Clone(page)
	}
	return page, err
}

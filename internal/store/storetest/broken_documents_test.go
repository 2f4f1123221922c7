package storetest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var documentTwins = []twin{
	{"documents are in order of their letters", "Documents/ListIsInOrderOfIDByBytes", spoilDocuments(func(d store.Documents) store.Documents { return alphabetical{d} })},
	{"a page holds whatever there is", "Documents/PageIsBoundedInBytes", spoilDocuments(func(d store.Documents) store.Documents { return endless{d} })},
	{"an insert that was done before is refused", "Documents/InsertAgainWithItsWriteID", spoilDocuments(func(d store.Documents) store.Documents { return forgetsWriteIDs{d} })},
	{"any insert under the id counts as done before", "Documents/InsertAgainWithItsWriteID", spoilDocuments(func(d store.Documents) store.Documents { return trustsInserts{d} })},
	{"a delete does not look at the version", "Documents/DeleteOfTheNamedVersion", spoilDocuments(func(d store.Documents) store.Documents { return blindDelete{d} })},
	{"a delete compares the version and then deletes", "Documents/DeleteOrUpdateWins", spoilDocuments(func(d store.Documents) store.Documents {
		return lateDelete{d, make(chan struct{}), make(chan struct{})}
	})},
	{"a delete of nothing succeeds", "Documents/DeleteOfNothing", spoilDocuments(func(d store.Documents) store.Documents { return meekDelete{d} })},
	{"numbers are doubles", "Documents/DataComesBackExactly", spoilDocuments(func(d store.Documents) store.Documents { return rewrites{d, throughDoubles} })},
	{"text is escaped for markup", "Documents/DataComesBackExactly", spoilDocuments(func(d store.Documents) store.Documents { return rewrites{d, throughMarkup} })},
	{"an update merges", "Documents/UpdateReplacesTheWholeData", spoilDocuments(func(d store.Documents) store.Documents { return merges{d} })},
	{"a write makes a missing place", "Documents/MissingPlaceIsNotFoundAndNotMade", func(s store.Store) store.Store {
		s.Documents = makesPlaces{s.Documents, s.Places}
		return s
	}},
	{"a place is its namespace", "Documents/PlaceOfAnotherOrganizationIsRefused", byNamespace},
	{"all organizations share one collection", "Documents/OrganizationsAreApart", func(s store.Store) store.Store {
		s.Documents = &pooled{inner: s.Documents}
		return s
	}},
}

var quotaTwins = []twin{
	{"the quota is not for updates", "Documents/QuotaBoundsTheGrowthOfUpdates", spoilDocuments(func(d store.Documents) store.Documents { return quotaWith{d, noQuota} })},
	{"nothing shrinks in a full place", "Documents/QuotaBoundsTheGrowthOfUpdates", spoilDocuments(func(d store.Documents) store.Documents { return quotaWith{d, strictQuota} })},
	{"the quota is for each document", "Documents/QuotaBoundsInserts", spoilDocuments(func(d store.Documents) store.Documents { return quotaEach{d} })},
	{"what is deleted still counts", "Documents/UsageIsExact", spoilDocuments(func(d store.Documents) store.Documents { return &hoards{Documents: d} })},
	{"usage is in characters", "Documents/UsageIsExact", spoilDocuments(func(d store.Documents) store.Documents { return countsRunes{d} })},
	{"usage is read and then written", "Documents/UsageIsExactAfterManyWriters", spoilDocuments(func(d store.Documents) store.Documents { return &losesCounts{Documents: d, inserts: gather(writers)} })},
}

func spoilDocuments(spoil func(store.Documents) store.Documents) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Documents = spoil(s.Documents)
		return s
	}
}

type endless struct{ store.Documents }

func (b endless) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	var all []tenant.Document
	for len(all) < limit {
		page, err := b.Documents.List(ctx, in, after, limit-len(all))
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), page[len(page)-1].ID
	}
	return all, nil
}

type alphabetical struct{ store.Documents }

func (b alphabetical) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	all, err := b.Documents.List(ctx, in, "", 1000)
	letters := func(id tenant.DocumentID) string { return strings.ToLower(string(id)) }
	slices.SortFunc(all, func(x, y tenant.Document) int { return cmp.Compare(letters(x.ID), letters(y.ID)) })
	all = slices.DeleteFunc(all, func(d tenant.Document) bool { return letters(d.ID) <= letters(after) })
	return head(all, limit), err
}

type forgetsWriteIDs struct{ store.Documents }

func (b forgetsWriteIDs) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	if _, err := b.Get(ctx, in, doc.ID); err == nil {
		return tenant.Document{}, tenant.Errorf(tenant.CodeIDTaken, "the id is taken")
	}
	return b.Documents.Insert(ctx, in, doc, quota)
}

type trustsInserts struct{ store.Documents }

func (b trustsInserts) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	if there, err := b.Get(ctx, in, doc.ID); err == nil {
		return there, nil
	}
	return b.Documents.Insert(ctx, in, doc, quota)
}

type blindDelete struct{ store.Documents }

func (b blindDelete) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, _ tenant.Revision) error {
	return b.Documents.Delete(ctx, in, id, tenant.Revision{})
}

// lateDelete lets an update come between the look at the version and the delete.
type lateDelete struct {
	store.Documents
	compared, updated chan struct{}
}

func (b lateDelete) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	doc, err := b.Get(ctx, in, id)
	if err != nil {
		return err
	}
	if err := want.Demand(doc.Revision()); err != nil {
		return err
	}
	meet(ctx, b.compared)
	meet(ctx, b.updated)
	return b.Documents.Delete(ctx, in, id, tenant.Revision{})
}

func (b lateDelete) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64, change func(*tenant.Document) error) (tenant.Document, error) {
	meet(ctx, b.compared)
	doc, err := b.Documents.Update(ctx, in, id, quota, change)
	meet(ctx, b.updated)
	return doc, err
}

type meekDelete struct{ store.Documents }

func (b meekDelete) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	return forgive(tenant.CodeNotFound, b.Documents.Delete(ctx, in, id, want))
}

// rewrites stores another text than it was given.
type rewrites struct {
	store.Documents
	through func(tenant.Data) tenant.Data
}

func (b rewrites) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	doc.Data = b.through(doc.Data)
	return b.Documents.Insert(ctx, in, doc, quota)
}

func throughDoubles(data tenant.Data) tenant.Data {
	var v map[string]any
	if json.Unmarshal(data, &v) != nil {
		return data
	}
	out, err := json.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

func throughMarkup(data tenant.Data) tenant.Data {
	return tenant.Data(strings.ReplaceAll(string(data), "<", "&lt;"))
}

type merges struct{ store.Documents }

func (b merges) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64, change func(*tenant.Document) error) (tenant.Document, error) {
	return b.Documents.Update(ctx, in, id, quota, func(doc *tenant.Document) error {
		before := doc.Data
		if err := change(doc); err != nil {
			return err
		}
		merged, err := tenant.MergePatch(before, doc.Data)
		doc.Data = merged
		return err
	})
}

type makesPlaces struct {
	store.Documents
	places store.Places
}

func (b makesPlaces) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	if err := b.places.Create(ctx, in.Place); err != nil {
		return tenant.Document{}, err
	}
	return b.Documents.Insert(ctx, in, doc, quota)
}

// owners knows whose each namespace is, and lets nobody else in: whoever comes is taken for the owner.
type owners struct {
	store.Documents
	store.Places
	mu sync.Mutex
	of map[string]tenant.OrgID
}

func byNamespace(s store.Store) store.Store {
	b := &owners{Documents: s.Documents, Places: s.Places, of: map[string]tenant.OrgID{}}
	s.Documents, s.Places = b, b
	return s
}

func (b *owners) Create(ctx context.Context, place tenant.Place) error {
	b.mu.Lock()
	b.of[place.Placement.Namespace] = place.Org
	b.mu.Unlock()
	return b.Places.Create(ctx, place)
}

func (b *owners) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error) {
	b.mu.Lock()
	in.Org = b.of[in.Placement.Namespace]
	b.mu.Unlock()
	return b.Documents.Get(ctx, in, id)
}

// pooled keeps everybody's documents in the first place that it sees.
type pooled struct {
	inner store.Documents
	first atomic.Pointer[tenant.Place]
}

func (b *pooled) pool(place tenant.Place) tenant.Place {
	b.first.CompareAndSwap(nil, &place)
	return *b.first.Load()
}

func (b *pooled) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	return b.inner.Insert(ctx, b.pool(in.Place).In(in.Collection), doc, quota)
}

func (b *pooled) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error) {
	return b.inner.Get(ctx, b.pool(in.Place).In(in.Collection), id)
}

func (b *pooled) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	return b.inner.List(ctx, b.pool(in.Place).In(in.Collection), after, limit)
}

func (b *pooled) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64, change func(*tenant.Document) error) (tenant.Document, error) {
	return b.inner.Update(ctx, b.pool(in.Place).In(in.Collection), id, quota, change)
}

func (b *pooled) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	return b.inner.Delete(ctx, b.pool(in.Place).In(in.Collection), id, want)
}

func (b *pooled) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	return b.inner.Usage(ctx, b.pool(place))
}

// quotaWith looks at the quota of updates in a way of its own.
type quotaWith struct {
	store.Documents
	quota func(usage tenant.Usage, quota int64) (int64, error)
}

func (b quotaWith) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64, change func(*tenant.Document) error) (tenant.Document, error) {
	usage, err := b.Usage(ctx, in.Place)
	if err != nil {
		return tenant.Document{}, err
	}
	if quota, err = b.quota(usage, quota); err != nil {
		return tenant.Document{}, err
	}
	return b.Documents.Update(ctx, in, id, quota, change)
}

func noQuota(tenant.Usage, int64) (int64, error) { return 0, nil }

func strictQuota(usage tenant.Usage, quota int64) (int64, error) {
	if quota > 0 && usage.Bytes > quota {
		return 0, tenant.Errorf(tenant.CodeQuota, "the place is full")
	}
	return quota, nil
}

type quotaEach struct{ store.Documents }

func (b quotaEach) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	if quota > 0 && int64(len(doc.Data)) > quota {
		return tenant.Document{}, tenant.Errorf(tenant.CodeQuota, "the document is too large")
	}
	return b.Documents.Insert(ctx, in, doc, 0)
}

// hoards counts what was deleted as if it were there.
type hoards struct {
	store.Documents
	deleted atomic.Int64
}

func (b *hoards) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	err := b.Documents.Delete(ctx, in, id, want)
	if err == nil {
		b.deleted.Add(1)
	}
	return err
}

func (b *hoards) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	usage, err := b.Documents.Usage(ctx, place)
	usage.Documents += b.deleted.Load()
	return usage, err
}

type countsRunes struct{ store.Documents }

func (b countsRunes) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	usage, err := b.Documents.Usage(ctx, place)
	if err != nil {
		return usage, err
	}
	all, err := b.List(ctx, place.In(tenant.DefaultCollection), "", 1000)
	usage.Bytes = 0
	for _, doc := range all {
		usage.Bytes += int64(len([]rune(string(doc.Data))))
	}
	return usage, err
}

// losesCounts keeps the number of documents beside them, reads it, and writes it when the insert is done.
type losesCounts struct {
	store.Documents
	inserts *gathering
	count   atomic.Int64
}

func (b *losesCounts) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64) (tenant.Document, error) {
	count := b.count.Load()
	got, err := b.Documents.Insert(ctx, in, doc, quota)
	b.inserts.join(ctx)
	b.count.Store(count + 1)
	return got, err
}

func (b *losesCounts) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	b.count.Add(-1)
	return b.Documents.Delete(ctx, in, id, want)
}

func (b *losesCounts) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	usage, err := b.Documents.Usage(ctx, place)
	usage.Documents = b.count.Load()
	return usage, err
}

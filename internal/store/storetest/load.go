package storetest

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func loadCases() []Case {
	return about("Transfer.Homes",
		clause{name: "LoadKeepsEveryField", check: loadKeepsEveryField},
		clause{name: "LoadKeepsDataExactly", check: loadKeepsDataExactly},
		clause{name: "LoadInsertsAndReplaces", check: loadInsertsAndReplaces},
		clause{name: "LoadTakesTheLargest", check: loadTakesTheLargest},
		clause{name: "LoadedOnesGoOn", check: loadedOnesGoOn},
		clause{name: "LoadSharesNothing", check: loadSharesNothing},
		clause{name: "LoadOfAMissingPlace", check: loadOfAMissingPlace},
		clause{name: "LoadOfAnothersPlace", check: loadOfAnothersPlace},
		clause{name: "RemoveTakesThoseThatAreThere", check: removeTakesThoseThatAreThere},
	)
}

// loadedDocument returns a document as one lies in a store: changed often.
func loadedDocument(id tenant.DocumentID) tenant.Document {
	doc := newDocument(id)
	doc.Version = 41
	return doc
}

// load writes documents as they are.
func (d *desk) load(place tenant.Place, docs ...tenant.Document) {
	d.Helper()
	d.need(d.Transfer.Homes.Load(d.Context(), place, docs), "load %d documents", len(docs))
}

// keeps complains unless the place has exactly the documents, and counts as much.
func (d *desk) keeps(place tenant.Place, docs []tenant.Document, what string) {
	d.Helper()
	var want []tenant.Document
	bytes := 0
	for _, doc := range docs {
		want = append(want, cut(doc))
		bytes += len(doc.Data)
	}
	slices.SortFunc(want, func(a, b tenant.Document) int { return strings.Compare(string(a.ID), string(b.ID)) })
	d.stores(place, len(docs), bytes, what)
	d.same(d.scanHome(store.Home{Place: place}, 100), want, "the documents %s", what)
	d.stores(place, len(docs), bytes, what+", again")
}

func loadKeepsEveryField(d *desk) {
	place := d.home()
	docs := []tenant.Document{
		loadedDocument("full"),
		{ID: "bare", Data: tenant.Data(`{}`), Version: 1},
		newDocument("0"),
		withTimes(loadedDocument("1970"), func(time.Time) time.Time { return time.UnixMilli(0) }),
		withTimes(loadedDocument("1969"), func(time.Time) time.Time { return time.UnixMilli(-1) }),
	}
	for _, path := range blanks(docs[0]) {
		d.Errorf("the case leaves %s empty: a field of the vocabulary is not tested", path)
	}
	docs[2].Version = 1
	largest := maximal(loadedDocument(tenant.DocumentID(strings.Repeat("~", 128))))
	largest.Version = math.MaxInt64
	docs = append(docs, largest)
	d.load(place)
	d.keeps(place, nil, "after nothing was loaded")
	d.load(place, docs...)
	d.keeps(place, docs, "after they were loaded")
	for _, doc := range docs {
		d.reads(place, cut(doc), "what everybody reads of a document that was loaded")
	}
}

func loadKeepsDataExactly(d *desk) {
	place := d.home()
	var docs []tenant.Document
	bytes := 0
	for i, what := range slices.Sorted(maps.Keys(texts)) {
		data, err := tenant.ParseData([]byte(texts[what]))
		d.need(err, "the case's text %q", what)
		doc := loadedDocument(tenant.DocumentID(fmt.Sprintf("doc%03d", i)))
		doc.Data = data
		docs = append(docs, doc)
		bytes += len(data)
	}
	check := func(when string) {
		d.Helper()
		d.stores(place, len(docs), bytes, when)
		found := d.scanHome(store.Home{Place: place}, 10)
		d.same(len(found), len(docs), "how many a scan finds %s", when)
		for i := range min(len(found), len(docs)) {
			d.exact(found[i].Data, docs[i].Data, "scan", string(docs[i].Data))
		}
	}
	d.load(place, shuffled(docs)...)
	check("after documents of all kinds were loaded")
	blank := slices.Clone(docs)
	for i := range blank {
		blank[i].Data = tenant.Data(`{"other":1}`)
	}
	d.load(place, blank...)
	d.stores(place, len(docs), len(docs)*len(`{"other":1}`), "after others were loaded in their place")
	d.load(place, docs...)
	check("after they were loaded again")
}

func loadInsertsAndReplaces(d *desk) {
	h := d.settle()
	neighbour := d.settle()
	replaced := loadedDocument("doc1")
	replaced.Data, replaced.CreatedAt = tenant.Data(sized(500)), noon.Add(-time.Hour)
	shrunk := loadedDocument("doc2")
	shrunk.Data, shrunk.Version = tenant.Data(`{}`), 1
	fresh := loadedDocument("fresh")
	batch := []tenant.Document{fresh, shrunk, replaced}
	d.load(h.place, batch...)
	d.keeps(h.place, []tenant.Document{h.docs[0], replaced, shrunk, fresh}, "after an insert and two replacements")
	d.load(h.place, batch...)
	d.keeps(h.place, []tenant.Document{h.docs[0], replaced, shrunk, fresh}, "after the same again")
	older := replaced
	older.Version, older.WriteID, older.Data = 2, tenant.NewID(), tenant.Data(sized(20))
	d.load(h.place, older)
	d.keeps(h.place, []tenant.Document{h.docs[0], older, shrunk, fresh}, "after an older version was loaded")
	d.lives(neighbour, "beside one that is loaded")
	d.load(h.place, documentOf("beyond", 100))
	_, err := d.Documents.Insert(d.Context(), h.place.In(""), newDocument("quota"), 100)
	d.want(tenant.CodeQuota, err, "insert with a quota into what was loaded without one")
}

func loadTakesTheLargest(d *desk) {
	place := d.home()
	large := []tenant.Document{documentOf("large1", tenant.MaxDataBytes), documentOf("large2", 4*store.PageBytes-tenant.MaxDataBytes)}
	d.load(place, large...)
	d.stores(place, 2, 4*store.PageBytes, "after the most bytes that one call may have")
	for _, want := range large {
		got := d.document(place, want.ID)
		d.same(string(got.Data) == string(want.Data), true, "whether the largest document is as it was loaded")
	}
	d.need(d.Transfer.Homes.Remove(d.Context(), place, []tenant.DocumentID{"large1", "large2"}), "remove")
	var many []tenant.Document
	bytes := 0
	for i := range 1000 {
		many = append(many, documentOf(tenant.DocumentID(fmt.Sprintf("doc%03d", i)), 20+i%7))
		bytes += 20 + i%7
	}
	for _, batch := range [][]tenant.Document{shuffled(many), many[500:], many} {
		d.load(place, batch...)
	}
	d.stores(place, 1000, bytes, "after the most documents that one call may have")
	d.same(len(d.scanHome(store.Home{Place: place}, 300)), 1000, "how many a scan finds")
}

func loadedOnesGoOn(d *desk) {
	place := d.home()
	first, later := newDocument("first"), loadedDocument("later")
	first.Version = 1
	d.load(place, first, later)
	again, err := d.Documents.Insert(d.Context(), place.In(""), first, 0)
	d.need(err, "insert once more what was inserted before it was moved")
	d.same(again, cut(first), "what comes back from it")
	stranger := first
	stranger.WriteID = tenant.NewID()
	_, err = d.Documents.Insert(d.Context(), place.In(""), stranger, 0)
	d.want(tenant.CodeIDTaken, err, "insert under its id with another write id")
	_, err = d.Documents.Insert(d.Context(), place.In(""), later, 0)
	d.want(tenant.CodeIDTaken, err, "insert once more of one that has changed since")
	d.need(d.change(place.In(""), "later", `{"n":2}`, 0), "update")
	d.same(d.document(place, "later").Version, int64(42), "the version after one update")
	d.want(tenant.CodePrecondition, d.Documents.Delete(d.Context(), place.In(""), "later", tenant.Revision{Version: 41}), "delete of the version that was loaded")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "later", tenant.Revision{Version: 42}), "delete")
	d.stores(place, 1, len(first.Data), "after the delete")
	op := tenant.OperationID(tenant.NewID())
	d.need(d.Places.Trash(d.Context(), place, op), "trash")
	d.need(d.Places.Restore(d.Context(), op, place), "restore")
	d.keeps(place, []tenant.Document{first}, "after what was loaded was trashed and restored")
}

func loadSharesNothing(d *desk) {
	place := d.home()
	given := []tenant.Document{loadedDocument("a"), loadedDocument("b")}
	want := copyOf(given)
	d.load(place, given...)
	got := d.scanHome(store.Home{Place: place}, 9)
	scribble(reflect.ValueOf(&given))
	scribble(reflect.ValueOf(&got))
	d.keeps(place, want, "after what went in and what came back were overwritten")
}

func loadOfAMissingPlace(d *desk) {
	trashed, missing := d.settle(), newPlace()
	op := d.throwAway(trashed)
	for what, place := range map[string]tenant.Place{"that was never made": missing, "in the trash": trashed.place} {
		for range 2 {
			err := d.Transfer.Homes.Load(d.Context(), place, []tenant.Document{loadedDocument("doc0")})
			d.want(tenant.CodeNotFound, err, "load to a place %s", what)
			err = d.Transfer.Homes.Remove(d.Context(), place, []tenant.DocumentID{"doc0"})
			d.want(tenant.CodeNotFound, err, "removal from a place %s", what)
		}
	}
	d.same(len(d.homesOf(missing.Org)), 0, "homes after loads to a place that was never made")
	d.unreachable(trashed.place, "in the trash after a load to its place")
	d.need(d.Places.Restore(d.Context(), op, trashed.place), "restore")
	d.lives(trashed, "after a load to it while it was in the trash")
}

func loadOfAnothersPlace(d *desk) {
	h, stranger, resident := d.settle(), newPlace(), d.settle()
	stranger.Placement = h.place.Placement
	settler := resident.place
	settler.Placement = h.place.Placement
	refusal := []tenant.Code{tenant.CodeUnavailable, tenant.CodeNotFound}
	err := d.Transfer.Homes.Load(d.Context(), stranger, []tenant.Document{loadedDocument("doc0"), loadedDocument("intruder")})
	d.wantOneOf(refusal, err, "load to another organization's place")
	err = d.Transfer.Homes.Remove(d.Context(), stranger, []tenant.DocumentID{"doc0"})
	d.wantOneOf(refusal, err, "removal from another organization's place")
	d.lives(h, "after a load and a removal of another organization")
	// Where files carry an organization's id, a namespace is but a word: what one with a home of its own does stays there.
	_ = d.Transfer.Homes.Load(d.Context(), settler, []tenant.Document{loadedDocument("doc0"), loadedDocument("intruder")})
	_ = d.Transfer.Homes.Remove(d.Context(), settler, []tenant.DocumentID{"doc1"})
	d.lives(h, "after a load and a removal of one with a home elsewhere")
}

func removeTakesThoseThatAreThere(d *desk) {
	h, other := d.settle(), d.settle()
	remove := func(ids ...tenant.DocumentID) {
		d.Helper()
		d.twice(func() error { return d.Transfer.Homes.Remove(d.Context(), h.place, ids) }, "remove")
	}
	remove()
	d.lives(h, "after nothing was removed")
	remove("nobody", "doc9")
	d.lives(h, "after removals of what is not there")
	remove("doc1", "nobody")
	d.keeps(h.place, []tenant.Document{h.docs[0], h.docs[2]}, "after one was removed")
	d.load(h.place, h.docs[1])
	d.lives(h, "after it was loaded again")
	remove("doc0", "doc1", "doc2")
	d.keeps(h.place, nil, "after all were removed")
	d.need(d.Places.Discard(d.Context(), h.place), "discard of the home that was emptied")
	d.lives(other, "beside it")
}

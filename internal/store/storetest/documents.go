package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func documentCases() []Case {
	return about("Documents",
		clause{name: "ListIsInOrderOfIDByBytes", check: documentListIsInOrder},
		clause{name: "PageIsBoundedInBytes", check: documentPageIsBounded},
		clause{name: "EmptyHomeHasNothing", check: documentsOfAnEmptyHome},
		clause{name: "IDsThatLookLikeSomethingElse", check: documentIDsThatLookLikeSomethingElse},
		clause{name: "FurtherCollectionIsNotMadeByAWrite", check: documentFurtherCollection},
		clause{name: "OrganizationsAreApart", check: documentOrganizationsAreApart},
		clause{name: "InsertAgainWithItsWriteID", check: documentInsertAgain},
		clause{name: "InsertsWithOneWriteIDAllSucceed", check: documentInsertsWithOneWriteID},
		clause{name: "DeleteOfTheNamedVersion", check: documentDeleteOfVersion},
		clause{name: "DeleteOfNothing", check: documentDeleteOfNothing},
		clause{name: "DeleteHasOneWinner", check: documentDeleteHasOneWinner},
		clause{name: "DeleteOrUpdateWins", check: documentDeleteOrUpdateWins},
		clause{name: "AfterADeleteTheIDIsFree", check: documentAfterADelete},
		clause{name: "MissingPlaceIsNotFoundAndNotMade", check: documentMissingPlace},
		clause{name: "MissingPlaceIsToldFromMissingDocument", check: documentMissingPlaceIsTold},
		clause{name: "PlaceOfAnotherOrganizationIsRefused", check: documentForeignPlace},
	)
}

// documentID is the key by which documents are listed.
func documentID(doc tenant.Document) tenant.DocumentID { return doc.ID }

// write inserts a document without quota and returns it as it is stored.
func (d *desk) write(place tenant.Place, doc tenant.Document) tenant.Document {
	d.Helper()
	got, err := d.Documents.Insert(d.Context(), place.In(""), doc, 0)
	d.need(err, "insert document %q", doc.ID)
	d.same(got, settled(doc), "what the insert returns")
	return got
}

// reads complains unless the document is read as it was stored.
func (d *desk) reads(place tenant.Place, want tenant.Document, what string) {
	d.Helper()
	got, err := d.Documents.Get(d.Context(), place.In(""), want.ID)
	if err != nil {
		d.Errorf("%s: get %q: %v", what, want.ID, err)
		return
	}
	d.same(got, want, "%s", what)
}

// gone complains unless the document is not there.
func (d *desk) gone(place tenant.Place, id tenant.DocumentID, what string) {
	d.Helper()
	_, err := d.Documents.Get(d.Context(), place.In(""), id)
	d.want(tenant.CodeNotFound, err, "%s: get %q", what, id)
}

// stores complains unless the place holds so many documents of so many bytes.
func (d *desk) stores(place tenant.Place, documents, bytes int, what string) {
	d.Helper()
	got, err := d.Documents.Usage(d.Context(), place)
	d.need(err, "usage")
	d.same(got, tenant.Usage{Documents: int64(documents), Bytes: int64(bytes)}, "usage %s", what)
}

// change updates a document without quota to new data.
func (d *desk) change(in tenant.CollectionRef, id tenant.DocumentID, data string, quota int64) error {
	_, err := d.Documents.Update(d.Context(), in, id, quota, func(doc *tenant.Document) error {
		doc.Data, doc.WriteID, doc.UpdatedAt = tenant.Data(data), tenant.NewID(), noon.Add(time.Hour)
		return nil
	})
	return err
}

func documentListIsInOrder(d *desk) {
	place := d.home()
	ids := []tenant.DocumentID{
		"-1", "-a", "0", "1", "10", "2", "9", "A", "AB", "Ab", "Z", "_", "_a", "a", "a-b", "a.b", "a0b", "aB", "a_b", "ab", "a~b",
		tenant.DocumentID(strings.Repeat("b", 128)), "~",
	}
	for _, id := range shuffled(ids) {
		d.write(place, newDocument(id))
	}
	list := func(after tenant.DocumentID, limit int) ([]tenant.Document, error) {
		return d.Documents.List(d.Context(), place.In(""), after, limit)
	}
	all := pages(d, documentID, list)
	d.same(keys(all, documentID, ids), ids, "all documents, by pages")
	d.reads(place, all[3], "the row of a list")
	for after, want := range map[tenant.DocumentID][]tenant.DocumentID{
		"B": {"Z", "_", "_a"}, "a": {"a-b", "a.b", "a0b"}, "a-": {"a-b", "a.b", "a0b"}, "ab": {"a~b", ids[21], "~"}, "~": nil,
	} {
		page, err := list(after, 3)
		d.need(err, "list after %q", after)
		d.same(keys(page, documentID, ids), want, "the page after %q", after)
	}
	whole, err := list("", len(ids)+1)
	d.need(err, "list")
	d.same(keys(whole, documentID, ids), ids, "all documents, in one page")
}

func documentsOfAnEmptyHome(d *desk) {
	place := d.home()
	page, err := d.Documents.List(d.Context(), place.In(""), "", 2)
	d.need(err, "list an empty home")
	d.same(len(page), 0, "rows in an empty home")
	d.gone(place, "doc", "an empty home")
	d.stores(place, 0, 0, "of an empty home")
}

func documentIDsThatLookLikeSomethingElse(d *desk) {
	place := d.home()
	ids := []tenant.DocumentID{
		"65a1b2c3d4e5f60718293a4b", "0", "00", "1e3", "-0", "NaN", "null", "true", "0x10", "notes", "sqlite_master", "_id",
		tenant.DocumentID(tenant.NewID()),
	}
	for _, id := range ids {
		doc := d.write(place, newDocument(id))
		d.reads(place, doc, "a document by an id that looks like something else")
		d.need(d.change(place.In(""), id, `{"n":2}`, 0), "update %q", id)
		d.need(d.Documents.Delete(d.Context(), place.In(""), id, tenant.Revision{Version: 2}), "delete %q", id)
		d.gone(place, id, "after the delete")
	}
}

// A further collection is made by an explicit act, which the contract does not have yet, and never by a write.
func documentFurtherCollection(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	for _, when := range []string{"before anything was tried", "after all writes were tried"} {
		for act, err := range d.collectionActs(place.In("notes")) {
			d.want(tenant.CodeNotFound, err, "%s in a collection that was never made, %s", act, when)
		}
	}
	d.stores(place, 1, len(newDocument("").Data), "after writes to a collection that was never made")
}

func documentOrganizationsAreApart(d *desk) {
	places := []tenant.Place{d.home(), d.home()}
	doc := d.write(places[0], newDocument("doc"))
	d.gone(places[1], "doc", "another organization")
	other := d.write(places[1], newDocument("doc"))
	d.need(d.Documents.Delete(d.Context(), places[1].In(""), "doc", tenant.Revision{}), "delete in another organization")
	d.reads(places[0], doc, "the document after writes of another organization")
	d.gone(places[1], other.ID, "after the delete")
	d.stores(places[0], 1, len(doc.Data), "of the one")
	d.stores(places[1], 0, 0, "of the other")
}

// An insert whose answer was lost is sent again and finds that it was done; any other insert under the id is refused.
func documentInsertAgain(d *desk) {
	place := d.home()
	given := newDocument("doc")
	doc := d.write(place, given)
	again := given
	again.Data, again.UpdatedAt = tenant.Data(`{"n":2,"longer":true}`), noon.Add(time.Hour)
	for _, quota := range []int64{0, int64(len(doc.Data)), 1} {
		got, err := d.Documents.Insert(d.Context(), place.In(""), again, quota)
		d.need(err, "insert again, with its write id and quota %d", quota)
		d.same(got, doc, "what comes back from an insert that was done before")
	}
	stranger := given
	stranger.WriteID = tenant.NewID()
	_, err := d.Documents.Insert(d.Context(), place.In(""), stranger, 0)
	d.want(tenant.CodeIDTaken, err, "insert under the id with another write id")
	d.stores(place, 1, len(doc.Data), "after inserts that added nothing")
	d.reads(place, doc, "the document after them")
	_, err = d.Documents.Update(d.Context(), place.In(""), "doc", 0, func(*tenant.Document) error { return nil })
	d.need(err, "update to version 2 under the same write id")
	_, err = d.Documents.Insert(d.Context(), place.In(""), given, 0)
	d.want(tenant.CodeIDTaken, err, "insert again when the document is at version 2")
}

func documentInsertsWithOneWriteID(d *desk) {
	place, given := d.home(), newDocument("doc")
	errs := together(crowd, func(int) error {
		got, err := d.Documents.Insert(d.Context(), place.In(""), given, 0)
		if err == nil && !equal(got, settled(given)) {
			d.Errorf("an insert returns %+v", got)
		}
		return err
	})
	d.allDone(errs, "one insert, sent many times")
	d.stores(place, 1, len(given.Data), "after one insert, sent many times")
}

func documentDeleteOfVersion(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	d.need(d.change(place.In(""), "doc", `{"n":2}`, 0), "update to version 2")
	for _, version := range []int64{1, 3} {
		err := d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{Version: version})
		d.want(tenant.CodePrecondition, err, "delete of version %d", version)
	}
	d.stores(place, 1, len(`{"n":2}`), "after deletes that were refused")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{Version: 2}), "delete of version 2")
	d.gone(place, "doc", "after the delete")
}

func documentDeleteOfNothing(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	for _, version := range []int64{0, 1} {
		err := d.Documents.Delete(d.Context(), place.In(""), "nobody", tenant.Revision{Version: version})
		d.want(tenant.CodeNotFound, err, "delete of version %d of nothing", version)
	}
}

func documentDeleteHasOneWinner(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	errs := together(crowd, func(i int) error {
		return d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{Version: int64(i % 2)}) // some name the version, some do not
	})
	d.winner(errs, tenant.CodeNotFound, "deletes of one document")
	d.stores(place, 0, 0, "after all of them")
}

// An update and a delete of version 1 at the same moment: one of them comes first, and the other one is told.
func documentDeleteOrUpdateWins(d *desk) {
	place := d.home()
	for i := range 8 {
		id := tenant.DocumentID(fmt.Sprint("doc", i))
		d.write(place, newDocument(id))
		errs := together(2, func(i int) error {
			if i == 0 {
				return d.Documents.Delete(d.Context(), place.In(""), id, tenant.Revision{Version: 1})
			}
			return d.change(place.In(""), id, `{"n":2}`, 0)
		})
		if errs[0] == nil {
			d.want(tenant.CodeNotFound, errs[1], "the update after the delete")
			d.gone(place, id, "after the delete")
			continue
		}
		d.want(tenant.CodePrecondition, errs[0], "the delete after the update")
		d.need(errs[1], "the update that came first")
		d.same(d.document(place, id).Version, int64(2), "the version after the update")
	}
}

func documentAfterADelete(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	d.need(d.change(place.In(""), "doc", `{"n":2}`, 0), "update")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{}), "delete")
	d.want(tenant.CodeNotFound, d.change(place.In(""), "doc", `{}`, 0), "update after the delete")
	next := d.write(place, newDocument("doc"))
	d.reads(place, next, "the next document under the id, at version 1")
}

func documentPageIsBounded(d *desk) {
	place := d.home()
	for i, size := range []int{store.PageBytes / 2, store.PageBytes / 4, store.PageBytes + 1, 1} {
		doc := newDocument(tenant.DocumentID("doc" + strconv.Itoa(i)))
		doc.Data = tenant.Data(`{"fill":"` + strings.Repeat("x", size) + `"}`)
		d.write(place, doc)
	}
	for after, want := range map[tenant.DocumentID]int{"": 2, "doc0": 1, "doc1": 1, "doc2": 1, "doc3": 0} {
		page, err := d.Documents.List(d.Context(), place.In(""), after, 10)
		d.need(err, "list after %q", after)
		if len(page) != want {
			d.Errorf("the page after %q has %d documents, want %d", after, len(page), want)
		}
	}
}

// collectionActs are all calls on the documents of one collection, and what came of them.
func (d *desk) collectionActs(in tenant.CollectionRef) map[string]error {
	ctx := d.Context()
	return map[string]error{
		"insert": errOf(d.Documents.Insert(ctx, in, newDocument("intruder"), 0)),
		"get":    errOf(d.Documents.Get(ctx, in, "doc")),
		"list":   errOf(d.Documents.List(ctx, in, "", 2)),
		"update": d.change(in, "doc", `{"n":666}`, 0),
		"delete": d.Documents.Delete(ctx, in, "doc", tenant.Revision{}),
	}
}

// documentActs are all calls on documents, none of which may reach a place that is not there.
func (d *desk) documentActs(place tenant.Place) map[string]error {
	all := d.collectionActs(place.In(tenant.DefaultCollection))
	for act, err := range d.collectionActs(place.In("notes")) {
		all[act+" in a further collection"] = err
	}
	_, all["usage"] = d.Documents.Usage(d.Context(), place)
	return all
}

func documentMissingPlace(d *desk) {
	place := newPlace()
	for _, when := range []string{"before anything was tried", "after all writes were tried"} {
		for act, err := range d.documentActs(place) {
			d.want(tenant.CodeNotFound, err, "%s in a place that was never made, %s", act, when)
		}
	}
	d.need(d.Places.Create(d.Context(), place), "make the home after all")
	d.stores(place, 0, 0, "of the home that was made then")
}

// A document or a further collection that is not there is the caller's mistake, a place that is not there may be a loss.
func documentMissingPlaceIsTold(d *desk) {
	for act, err := range d.documentActs(newPlace()) {
		if !errors.Is(err, store.ErrNoPlace) {
			d.Errorf("%s in a place that was never made is not told by ErrNoPlace: %v", act, err)
		}
	}
	home := d.home()
	for act, err := range d.documentActs(home) {
		if errors.Is(err, store.ErrNoPlace) {
			d.Errorf("%s in a place that is there is told as if it were not: %v", act, err)
		}
	}
}

// A place that names another organization's namespace is refused whatever is tried, be it that the backend finds a stranger's
// data there or that it keeps data by organization and finds none. The owner's data stays as it is.
func documentForeignPlace(d *desk) {
	home, stranger := d.home(), newPlace()
	doc := d.write(home, newDocument("doc"))
	stranger.Placement = home.Placement
	for act, err := range d.documentActs(stranger) {
		d.wantOneOf([]tenant.Code{tenant.CodeUnavailable, tenant.CodeNotFound}, err, "%s in another organization's place", act)
	}
	d.reads(home, doc, "the owner's document")
	d.stores(home, 1, len(doc.Data), "of the owner")
	resident := d.home()
	resident.Placement = home.Placement
	for _, act := range []error{
		errOf(d.Documents.Get(d.Context(), resident.In(""), "doc")), d.Documents.Delete(d.Context(), resident.In(""), "doc", tenant.Revision{}),
	} {
		d.wantOneOf([]tenant.Code{tenant.CodeUnavailable, tenant.CodeNotFound}, act, "an act of one with a home elsewhere")
	}
	d.reads(home, doc, "the owner's document in the end")
}

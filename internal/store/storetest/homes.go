package storetest

import (
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func homeCases() []Case {
	return about("Transfer.Homes",
		clause{name: "AllTellsWhereDataLies", check: allTellsWhereDataLies},
		clause{name: "AllTellsOfEachTrash", check: allTellsOfEachTrash},
		clause{name: "ScanReadsHomesInOrder", check: scanReadsHomesInOrder},
		clause{name: "ScanPageIsBoundedInBytes", check: scanPageIsBounded},
		clause{name: "ScanOfTheTrashLeavesItThere", check: scanOfTheTrash},
		clause{name: "ScanOfNothing", check: scanOfNothing},
		clause{name: "ScanOfAnothersTrash", check: scanOfAnothersTrash},
	)
}

// homesOf returns the homes of an organization.
func (d *desk) homesOf(org tenant.OrgID) []store.Home {
	d.Helper()
	all, err := d.Transfer.Homes.All(d.Context())
	d.need(err, "all homes")
	return slices.DeleteFunc(all, func(h store.Home) bool { return h.Place.Org != org })
}

// housed complains unless the organization has one home, at its place or in the trash under the operation, and returns it.
func (d *desk) housed(place tenant.Place, op tenant.OperationID, what string) store.Home {
	d.Helper()
	homes := d.homesOf(place.Org)
	if len(homes) != 1 {
		d.Fatalf("%s: the organization has the homes %+v, want one", what, homes)
	}
	home := homes[0]
	d.same(home.Trash, op, "%s: the operation that trashed it", what)
	if op == "" && home.Place.Placement != (tenant.Placement{}) {
		d.same(home.Place.Placement.Namespace, place.Placement.Namespace, "%s: the physical name", what)
	}
	return home
}

// scanHome reads a whole home by pages.
func (d *desk) scanHome(home store.Home, limit int) (all []tenant.Document) {
	d.Helper()
	var after tenant.DocumentID
	for {
		page, err := d.Transfer.Homes.Scan(d.Context(), home, after, limit)
		d.need(err, "scan after %q", after)
		if len(page) > limit {
			d.Errorf("a page has %d documents, want at most %d", len(page), limit)
		}
		if len(page) == 0 {
			return all
		}
		for _, doc := range page {
			if strings.Compare(string(doc.ID), string(after)) <= 0 {
				d.Fatalf("%q comes after %q", doc.ID, after)
			}
			after = doc.ID
		}
		all = append(all, page...)
	}
}

func allTellsWhereDataLies(d *desk) {
	place := newPlace()
	d.same(len(d.homesOf(place.Org)), 0, "homes of an organization that has none")
	d.need(d.Places.Create(d.Context(), place), "create")
	d.housed(place, "", "after create")
	d.need(d.Places.Discard(d.Context(), place), "discard")
	d.same(len(d.homesOf(place.Org)), 0, "homes after discard")
	h := d.settle()
	d.same(d.scanHome(d.housed(h.place, "", "with documents"), 9), h.docs, "documents of the home that is told of")
	to := moved(h.place)
	d.need(d.Places.Rename(d.Context(), h.place, to), "rename")
	h.place = to
	d.same(d.scanHome(d.housed(h.place, "", "after rename"), 9), h.docs, "documents after rename")
	op := d.throwAway(h)
	d.same(d.scanHome(d.housed(h.place, op, "in the trash"), 9), h.docs, "documents in the trash")
	d.need(d.Places.Restore(d.Context(), op, h.place), "restore")
	d.housed(h.place, "", "after restore")
	op = d.throwAway(h)
	d.need(d.Places.Drop(d.Context(), h.place.Org, op), "drop")
	d.same(len(d.homesOf(h.place.Org)), 0, "homes after drop")
}

// An organization may have a home and several that are in the trash, which share nothing.
func allTellsOfEachTrash(d *desk) {
	h := d.settle()
	ops := []tenant.OperationID{d.throwAway(h)}
	d.need(d.Places.Create(d.Context(), h.place), "create")
	d.write(h.place, newDocument("second"))
	ops = append(ops, d.throwAway(h))
	d.need(d.Places.Create(d.Context(), h.place), "create")
	d.write(h.place, newDocument("third"))
	found := map[tenant.OperationID][]tenant.DocumentID{}
	for _, home := range d.homesOf(h.place.Org) {
		for _, doc := range d.scanHome(home, 9) {
			found[home.Trash] = append(found[home.Trash], doc.ID)
		}
	}
	d.same(found, map[tenant.OperationID][]tenant.DocumentID{
		ops[0]: {"doc0", "doc1", "doc2"}, ops[1]: {"second"}, "": {"third"},
	}, "documents by the home that they are in")
}

func scanReadsHomesInOrder(d *desk) {
	place := d.home()
	d.same(len(d.scanHome(store.Home{Place: place}, 2)), 0, "documents of an empty home")
	ids := []tenant.DocumentID{"-1", "0", "10", "9", "A", "Z", "_", "a", "a-b", "a_b", "~"}
	var want []tenant.Document
	for _, id := range ids {
		want = append(want, settled(newDocument(id)))
	}
	for _, doc := range shuffled(want) {
		d.write(place, doc)
	}
	for _, limit := range []int{1, 2, 100} {
		d.same(d.scanHome(store.Home{Place: place}, limit), want, "the home by pages of %d", limit)
	}
	page, err := d.Transfer.Homes.Scan(d.Context(), store.Home{Place: place}, "a.", 2)
	d.need(err, "scan after an id that none has")
	d.same(page, want[9:], "what comes after an id that none has")
	d.need(d.change(place.In(""), "A", `{"n":2}`, 0), "update")
	want[4] = d.document(place, "A")
	d.same(d.scanHome(store.Home{Place: place}, 100), want, "the home after one was changed")
}

func scanPageIsBounded(d *desk) {
	h := &household{place: d.home()}
	for i, size := range []int{store.PageBytes / 2, store.PageBytes / 4, store.PageBytes + 1, 8} {
		d.write(h.place, documentOf(tenant.DocumentID("doc"+string(rune('0'+i))), size))
	}
	bounded := func(home store.Home) {
		d.Helper()
		for after, want := range map[tenant.DocumentID]int{"": 2, "doc0": 1, "doc1": 1, "doc2": 1, "doc3": 0} {
			page, err := d.Transfer.Homes.Scan(d.Context(), home, after, 10)
			d.need(err, "scan after %q", after)
			d.same(len(page), want, "documents on the page after %q", after)
		}
	}
	bounded(store.Home{Place: h.place})
	bounded(store.Home{Place: h.place, Trash: d.throwAway(h)})
}

func scanOfTheTrash(d *desk) {
	h := d.settle()
	op := d.throwAway(h)
	whole := store.Home{Place: h.place, Trash: op}
	homes := []store.Home{whole, {Place: tenant.Place{Org: h.place.Org}, Trash: op}, d.housed(h.place, op, "in the trash")}
	for _, home := range homes {
		d.same(d.scanHome(home, 2), h.docs, "documents in the trash")
		d.unreachable(h.place, "in the trash that is read")
	}
	all := together(crowd, func(int) []tenant.Document {
		page, err := d.Transfer.Homes.Scan(d.Context(), whole, "", 9)
		if err != nil {
			d.Errorf("scan: %v", err)
		}
		return page
	})
	for _, page := range all {
		d.same(page, h.docs, "documents that one of many readers finds in the trash")
	}
	d.need(d.Places.Trash(d.Context(), h.place, op), "trash again")
	d.need(d.Places.Restore(d.Context(), op, h.place), "restore what was read")
	d.lives(h, "after its trash was read and restored")
	d.want(tenant.CodeNotFound, errOf(d.Transfer.Homes.Scan(d.Context(), whole, "", 9)), "scan of the trash after restore")
	op = d.throwAway(h)
	d.same(d.scanHome(store.Home{Place: h.place, Trash: op}, 9), h.docs, "documents in the trash again")
	d.need(d.Places.Drop(d.Context(), h.place.Org, op), "drop what was read")
	d.same(len(d.homesOf(h.place.Org)), 0, "homes after drop")
}

func scanOfNothing(d *desk) {
	place, op := newPlace(), tenant.OperationID(tenant.NewID())
	h := d.settle()
	gone := d.settle()
	last := d.throwAway(gone)
	d.need(d.Places.Drop(d.Context(), gone.place.Org, last), "drop")
	for what, home := range map[string]store.Home{
		"a place that was never made": {Place: place}, "a trash of a place that was never made": {Place: place, Trash: op},
		"a trash of what is in use": {Place: h.place, Trash: op}, "a place that was dropped": {Place: gone.place},
		"a trash that was dropped": {Place: gone.place, Trash: last},
	} {
		d.want(tenant.CodeNotFound, errOf(d.Transfer.Homes.Scan(d.Context(), home, "", 2)), "scan of %s", what)
	}
	d.same(len(d.homesOf(place.Org)), 0, "homes after scans of nothing")
	d.lives(h, "beside scans of nothing")
}

// The trash of one organization is nothing of another, whatever operation is named.
func scanOfAnothersTrash(d *desk) {
	h, other := d.settle(), d.settle()
	op := d.throwAway(h)
	stranger := h.place
	stranger.Org = other.place.Org
	for _, place := range []tenant.Place{stranger, other.place} {
		err := errOf(d.Transfer.Homes.Scan(d.Context(), store.Home{Place: place, Trash: op}, "", 2))
		d.wantOneOf([]tenant.Code{tenant.CodeNotFound, tenant.CodeUnavailable}, err, "scan of another organization's trash")
	}
	stranger.Org = newPlace().Org
	err := errOf(d.Transfer.Homes.Scan(d.Context(), store.Home{Place: stranger}, "", 2))
	d.wantOneOf([]tenant.Code{tenant.CodeNotFound, tenant.CodeUnavailable}, err, "scan of a place that was another organization's")
	d.lives(other, "beside them")
}

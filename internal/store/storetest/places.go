package storetest

import (
	"fmt"

	"github.com/orgd/orgd/internal/tenant"
)

func placeCases() []Case {
	return append(about("Places",
		clause{name: "CreateLeavesWhatIsThere", check: placeCreateLeavesWhatIsThere},
		clause{name: "CreatesAtOnceMakeOneHome", check: placeCreatesAtOnce},
		clause{name: "CreateInAnothersNamespaceTouchesNothing", check: placeCreateInAnothersNamespace},
		clause{name: "DiscardTakesAnEmptyHome", check: placeDiscard},
		clause{name: "DiscardLeavesAHomeWithDocuments", check: placeDiscardLeavesDocuments},
		clause{name: "TrashOfNothingIsNotFound", check: placeTrashOfNothing},
		clause{name: "RenameMovesEverything", check: placeRename},
		clause{name: "RenameLosesNoWriteToTheOldPlace", check: placeRenameLosesNoWrite},
		clause{name: "RenameOntoAnothersHomeTouchesNothing", check: placeRenameOntoAnothersHome},
	), trashCases()...)
}

// household is a home with documents.
type household struct {
	place tenant.Place
	docs  []tenant.Document
	usage tenant.Usage
}

// settle makes a home and fills it.
func (d *desk) settle() *household {
	d.Helper()
	h := &household{place: d.home()}
	for i := range 3 {
		h.docs = append(h.docs, d.write(h.place, newDocument(tenant.DocumentID(fmt.Sprint("doc", i)))))
	}
	changed, err := d.Documents.Update(d.Context(), h.place.In(""), "doc1", 0, func(doc *tenant.Document) error {
		doc.Data = tenant.Data(`{"changed":true}`)
		return nil
	})
	d.need(err, "update")
	h.docs[1] = changed
	h.usage, err = d.Documents.Usage(d.Context(), h.place)
	d.need(err, "usage")
	return h
}

// lives complains unless the household is all there, to the version and the write id.
func (d *desk) lives(h *household, what string) {
	d.Helper()
	got, err := d.Documents.List(d.Context(), h.place.In(""), "", 9)
	d.need(err, "%s: list", what)
	d.same(got, h.docs, "%s: the documents", what)
	usage, err := d.Documents.Usage(d.Context(), h.place)
	d.need(err, "%s: usage", what)
	d.same(usage, h.usage, "%s: usage", what)
}

// unreachable complains if anything is to be had from the place, or can be put there.
func (d *desk) unreachable(place tenant.Place, what string) {
	d.Helper()
	for act, err := range d.documentActs(place) {
		d.want(tenant.CodeNotFound, err, "%s: %s", what, act)
	}
}

// twice makes a call that must be as good the second time as the first.
func (d *desk) twice(call func() error, what string) {
	d.Helper()
	d.need(call(), "%s", what)
	d.need(call(), "%s, again", what)
}

func placeCreateLeavesWhatIsThere(d *desk) {
	h := d.settle()
	d.twice(func() error { return d.Places.Create(d.Context(), h.place) }, "create a home that is there")
	d.lives(h, "after create")
	place := newPlace()
	d.twice(func() error { return d.Places.Create(d.Context(), place) }, "create")
	d.stores(place, 0, 0, "of a new home")
}

func placeCreatesAtOnce(d *desk) {
	const callers = 8
	place := newPlace()
	errs := together(callers, func(i int) error {
		if err := d.Places.Create(d.Context(), place); err != nil {
			return err
		}
		return errOf(d.Documents.Insert(d.Context(), place.In(""), newDocument(tenant.DocumentID(fmt.Sprint("doc", i))), 0))
	})
	d.allDone(errs, "create and insert")
	usage, err := d.Documents.Usage(d.Context(), place)
	d.need(err, "usage")
	d.same(usage.Documents, int64(callers), "the documents of all who made the home")
}

// Where the namespace is what counts, another organization's is in the way; where the organization is, nothing is. In
// neither case does anything of the owner's change hands.
func placeCreateInAnothersNamespace(d *desk) {
	h, stranger := d.settle(), newPlace()
	stranger.Placement = h.place.Placement
	err := d.Places.Create(d.Context(), stranger)
	d.lives(h, "after another organization tried to settle there")
	if err != nil {
		d.want(tenant.CodeConflict, err, "create in another's namespace")
		return
	}
	d.stores(stranger, 0, 0, "of the stranger")
	d.gone(stranger, "doc1", "the stranger")
	d.need(d.Places.Discard(d.Context(), stranger), "discard the stranger's home")
	d.lives(h, "after the stranger's home was discarded")
}

func placeDiscard(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	d.need(d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{}), "delete the only document")
	d.twice(func() error { return d.Places.Discard(d.Context(), place) }, "discard an empty home")
	d.unreachable(place, "after discard")
	d.need(d.Places.Discard(d.Context(), newPlace()), "discard of what was never there")
	d.need(d.Places.Create(d.Context(), place), "create after discard")
	d.stores(place, 0, 0, "of the home that was made again")
}

func placeDiscardLeavesDocuments(d *desk) {
	place := d.home()
	doc := d.write(place, newDocument("doc"))
	for range 2 {
		d.want(tenant.CodeConflict, d.Places.Discard(d.Context(), place), "discard of a home with a document")
	}
	d.reads(place, doc, "the document after that")
	h, stranger := d.settle(), newPlace()
	stranger.Placement = h.place.Placement
	_ = d.Places.Discard(d.Context(), stranger) // refused, or nothing there
	d.lives(h, "after a stranger's discard")
}

// moved returns the place of the same organization in another namespace.
func moved(place tenant.Place) tenant.Place {
	place.Placement.Namespace = newPlace().Placement.Namespace
	return place
}

func placeTrashOfNothing(d *desk) {
	place := d.home()
	d.need(d.Places.Discard(d.Context(), place), "discard")
	op := tenant.OperationID(tenant.NewID())
	for range 2 {
		d.want(tenant.CodeNotFound, d.Places.Trash(d.Context(), place, op), "trash of nothing")
	}
	d.need(d.Places.Create(d.Context(), place), "create in the place that nothing was moved from")
}

func placeRename(d *desk) {
	h := d.settle()
	from, to := h.place, moved(h.place)
	d.twice(func() error { return d.Places.Rename(d.Context(), from, to) }, "rename")
	h.place = to
	d.lives(h, "after rename")
	neighbour := d.neighbour(from)
	d.need(d.Places.Rename(d.Context(), from, to), "rename once more, when another organization lives in the old namespace")
	d.lives(h, "after a late rename")
	d.reads(neighbour, settled(d.document(neighbour, "doc1")), "the next owner's document after a late rename")
	d.stores(neighbour, 1, len(newDocument("").Data), "of the next owner")
	back := moved(h.place)
	d.twice(func() error { return d.Places.Rename(d.Context(), to, back) }, "rename a second time")
	h.place = back
	d.lives(h, "after the second rename")
}

// neighbour makes the home of a new organization in a namespace that another one has left, with one document.
func (d *desk) neighbour(left tenant.Place) tenant.Place {
	d.Helper()
	place := newPlace()
	place.Placement = left.Placement
	d.need(d.Places.Create(d.Context(), place), "make a home in a namespace that was left")
	d.stores(place, 0, 0, "of a new home in a namespace that was left")
	d.gone(place, "doc1", "a new home in a namespace that was left")
	d.write(place, newDocument("doc1"))
	return place
}

// A write that comes to the old place after the rename is refused, or is there in the new place; it makes no home of its own.
func placeRenameLosesNoWrite(d *desk) {
	h := d.settle()
	from, to := h.place, moved(h.place)
	d.need(d.Places.Rename(d.Context(), from, to), "rename")
	late, err := d.Documents.Insert(d.Context(), from.In(""), newDocument("late"), 0)
	if err != nil {
		d.want(tenant.CodeNotFound, err, "insert into the old place")
		d.gone(to, "late", "the new place after the insert was refused")
	} else {
		d.reads(to, late, "the late document in the new place")
	}
	d.neighbour(from)
}

func placeRenameOntoAnothersHome(d *desk) {
	h, other := d.settle(), d.settle()
	from, onto := h.place, h.place
	onto.Placement = other.place.Placement
	err := d.Places.Rename(d.Context(), from, onto)
	d.lives(other, "the organization whose namespace it is")
	if err == nil { // the backend keeps data by organization, and the namespace is a word
		h.place = onto
	} else {
		d.want(tenant.CodeConflict, err, "rename onto another's home")
	}
	d.lives(h, "the organization that was to move")
}

package storetest

import "github.com/orgd/orgd/internal/tenant"

func trashCases() []Case {
	return about("Places",
		clause{name: "TrashMakesUnreachable", check: trashMakesUnreachable},
		clause{name: "RestoreBringsEverythingBack", check: restoreBringsEverythingBack},
		clause{name: "RestoreOfNothing", check: restoreOfNothing},
		clause{name: "TrashAndRestoreInTurn", check: trashAndRestoreInTurn},
		clause{name: "TrashAgainLeavesTheNextOwnerAlone", check: trashAgainLeavesTheNextOwner},
		clause{name: "RestoreBesideTheNextOwner", check: restoreBesideTheNextOwner},
		clause{name: "DropIsForGood", check: dropIsForGood},
		clause{name: "DropTakesNothingElse", check: dropTakesNothingElse},
		clause{name: "SweepLeavesHomesAlone", check: sweepLeavesHomesAlone},
	)
}

// A name that was left has nothing, and neither another's home nor one's own is swept.
func sweepLeavesHomesAlone(d *desk) {
	h, other, op := d.settle(), d.settle(), tenant.OperationID(tenant.NewID())
	nowhere := h.place
	nowhere.Placement.Namespace = ""
	for _, place := range []tenant.Place{h.place, nowhere} {
		for _, name := range []string{tenant.NamespaceOf(newOrg().Slug), other.place.Placement.Namespace} {
			found, err := d.Places.Sweep(d.Context(), name, place, op)
			d.need(err, "sweep")
			d.same(found, false, "whether there was anything at %s", name)
		}
	}
	found, err := d.Places.Sweep(d.Context(), h.place.Placement.Namespace, h.place, op)
	d.need(err, "sweep of the home")
	d.same(found, false, "whether there was anything but the home")
	d.lives(h, "after the sweeps")
	d.lives(other, "after the sweeps of another one")
}

// throwAway puts the household into the trash and returns the operation's id.
func (d *desk) throwAway(h *household) tenant.OperationID {
	d.Helper()
	op := tenant.OperationID(tenant.NewID())
	d.need(d.Places.Trash(d.Context(), h.place, op), "trash")
	return op
}

func trashMakesUnreachable(d *desk) {
	h, other, op := d.settle(), d.settle(), tenant.OperationID(tenant.NewID())
	d.twice(func() error { return d.Places.Trash(d.Context(), h.place, op) }, "trash")
	d.unreachable(h.place, "in the trash")
	d.need(d.Places.Trash(d.Context(), h.place, op), "trash once more, after writes were refused")
	d.lives(other, "beside the one in the trash")
}

func restoreBringsEverythingBack(d *desk) {
	h := d.settle()
	op := d.throwAway(h)
	d.twice(func() error { return d.Places.Restore(d.Context(), op, h.place) }, "restore")
	d.lives(h, "after restore")
	doc := d.write(h.place, newDocument("new"))
	d.need(d.Places.Restore(d.Context(), op, h.place), "restore once more, after a write")
	d.reads(h.place, doc, "what was written after the restore")
}

func restoreOfNothing(d *desk) {
	place := newPlace()
	err := d.Places.Restore(d.Context(), tenant.OperationID(tenant.NewID()), place)
	d.want(tenant.CodeNotFound, err, "restore of what is in neither place")
	d.unreachable(place, "after a restore of nothing")
	h := d.settle()
	d.throwAway(h)
	err = d.Places.Restore(d.Context(), tenant.OperationID(tenant.NewID()), h.place)
	d.want(tenant.CodeNotFound, err, "restore of another operation's")
	d.unreachable(h.place, "after a restore of another operation's")
}

func trashAndRestoreInTurn(d *desk) {
	h := d.settle()
	for range 3 {
		op := d.throwAway(h)
		d.unreachable(h.place, "in the trash")
		h.place = moved(h.place) // the name was given away meanwhile
		d.need(d.Places.Restore(d.Context(), op, h.place), "restore in another namespace")
		d.lives(h, "after restore")
	}
}

// A repeated trash is late: the namespace may have another owner by now, whom it must not meet.
func trashAgainLeavesTheNextOwner(d *desk) {
	h := d.settle()
	op := d.throwAway(h)
	next := d.neighbour(h.place)
	doc := d.document(next, "doc1")
	d.need(d.Places.Trash(d.Context(), h.place, op), "trash again")
	d.reads(next, doc, "the next owner's document")
	d.need(d.Places.Drop(d.Context(), h.place.Org, op), "drop")
	d.reads(next, doc, "the next owner's document after the drop")
}

func restoreBesideTheNextOwner(d *desk) {
	h := d.settle()
	op := d.throwAway(h)
	next := d.neighbour(h.place)
	doc := d.document(next, "doc1")
	h.place = moved(h.place)
	d.need(d.Places.Restore(d.Context(), op, h.place), "restore in another namespace")
	d.lives(h, "after restore")
	d.reads(next, doc, "the next owner's document")
	d.stores(next, 1, len(doc.Data), "of the next owner")
}

func dropIsForGood(d *desk) {
	h := d.settle()
	op := d.throwAway(h)
	d.twice(func() error { return d.Places.Drop(d.Context(), h.place.Org, op) }, "drop")
	d.want(tenant.CodeNotFound, d.Places.Restore(d.Context(), op, h.place), "restore after drop")
	d.unreachable(h.place, "after drop")
	d.need(d.Places.Create(d.Context(), h.place), "make the home again")
	d.stores(h.place, 0, 0, "of the home that was made again")
}

// A drop takes what its operation trashed: nothing of another operation, of another organization, or that is back in use.
func dropTakesNothingElse(d *desk) {
	h, restored := d.settle(), d.settle()
	op, undone := d.throwAway(h), d.throwAway(restored)
	d.need(d.Places.Drop(d.Context(), h.place.Org, tenant.OperationID(tenant.NewID())), "drop of another operation's")
	d.need(d.Places.Drop(d.Context(), newPlace().Org, op), "drop of another organization's")
	d.need(d.Places.Restore(d.Context(), op, h.place), "restore after drops that were not its own")
	d.lives(h, "after drops that were not its own")
	d.need(d.Places.Restore(d.Context(), undone, restored.place), "restore")
	d.need(d.Places.Drop(d.Context(), restored.place.Org, undone), "drop of what was restored")
	d.lives(restored, "after a late drop")
}

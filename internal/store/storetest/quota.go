package storetest

import (
	"fmt"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

func quotaCases() []Case {
	return about("Documents",
		clause{name: "UsageIsExact", check: usageIsExact},
		clause{name: "UsageIsExactAfterManyWriters", check: usageAfterManyWriters},
		clause{name: "QuotaBoundsInserts", check: quotaBoundsInserts},
		clause{name: "QuotaBoundsTheGrowthOfUpdates", check: quotaBoundsUpdates},
	)
}

// sized returns data of so many bytes, at least 8.
func sized(bytes int) string { return `{"a":"` + strings.Repeat("x", bytes-8) + `"}` }

// documentOf returns a document with data of so many bytes.
func documentOf(id tenant.DocumentID, bytes int) tenant.Document {
	doc := newDocument(id)
	doc.Data = tenant.Data(sized(bytes))
	return doc
}

func usageIsExact(d *desk) {
	place := d.home()
	d.write(place, documentOf("a", 100))
	d.write(place, documentOf("b", 50))
	d.stores(place, 2, 150, "of two documents")
	d.need(d.change(place.In(""), "a", sized(120), 0), "grow one")
	d.stores(place, 2, 170, "after it grew")
	d.need(d.change(place.In(""), "b", sized(10), 0), "shrink the other")
	d.stores(place, 2, 130, "after it shrank")
	_, err := d.Documents.Insert(d.Context(), place.In(""), documentOf("a", 30), 0)
	d.want(tenant.CodeIDTaken, err, "insert under a taken id")
	d.want(tenant.CodePrecondition, d.Documents.Delete(d.Context(), place.In(""), "a", tenant.Revision{Version: 1}), "delete of an old version")
	refusal := tenant.Errorf(tenant.CodeForbidden, "not you")
	_, err = d.Documents.Update(d.Context(), place.In(""), "a", 0, func(doc *tenant.Document) error {
		doc.Data = tenant.Data(sized(500))
		return refusal
	})
	d.want(tenant.CodeForbidden, err, "update that is refused")
	d.stores(place, 2, 130, "after writes that were refused")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "a", tenant.Revision{Version: 2}), "delete the one")
	d.stores(place, 1, 10, "after the delete")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "b", tenant.Revision{}), "delete the other")
	d.stores(place, 0, 0, "in the end")
	unicode := newDocument("c")
	unicode.Data = tenant.Data(`{"ü":"€😀"}`)
	d.write(place, unicode)
	d.stores(place, 1, 16, "in bytes, not characters")
}

func usageAfterManyWriters(d *desk) {
	const writers = 12
	place := d.home()
	errs := together(writers, func(i int) error {
		id := tenant.DocumentID(fmt.Sprint("doc", i))
		if _, err := d.Documents.Insert(d.Context(), place.In(""), documentOf(id, 20), 0); err != nil {
			return err
		}
		if err := d.change(place.In(""), id, sized(20+i), 0); err != nil {
			return err
		}
		if i%2 == 0 {
			return nil
		}
		return d.Documents.Delete(d.Context(), place.In(""), id, tenant.Revision{})
	})
	d.allDone(errs, "insert, grow and delete")
	d.stores(place, writers/2, writers/2*20+(0+2+4+6+8+10), "after many writers at once")
}

func quotaBoundsInserts(d *desk) {
	const quota = 100
	place := d.home()
	insert := func(id tenant.DocumentID, bytes int) error {
		return errOf(d.Documents.Insert(d.Context(), place.In(""), documentOf(id, bytes), quota))
	}
	d.want(tenant.CodeQuota, insert("a", quota+1), "insert of more than the quota")
	d.gone(place, "a", "after the insert that was refused")
	d.need(insert("a", 60), "insert of less")
	d.want(tenant.CodeQuota, insert("b", 41), "insert beyond the quota")
	d.stores(place, 1, 60, "after an insert that was refused")
	d.need(insert("b", 40), "insert up to the quota")
	d.want(tenant.CodeQuota, insert("c", 8), "insert into a full place")
	d.reads(place, settled(d.document(place, "b")), "a document of a full place")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "a", tenant.Revision{}), "delete in a full place")
	d.need(insert("d", 60), "insert where room was made")
	d.write(place, documentOf("e", 500)) // without a quota
	d.stores(place, 3, 600, "beyond the quota")
	d.write(d.home(), documentOf("a", quota)) // another organization has a quota of its own
}

// document reads a document that must be there.
func (d *desk) document(place tenant.Place, id tenant.DocumentID) tenant.Document {
	d.Helper()
	doc, err := d.Documents.Get(d.Context(), place.In(""), id)
	d.need(err, "get %q", id)
	return doc
}

func quotaBoundsUpdates(d *desk) {
	const quota = 100
	place := d.home()
	d.write(place, documentOf("a", 60))
	d.write(place, documentOf("b", 30))
	d.need(d.change(place.In(""), "a", sized(70), quota), "grow up to the quota")
	full := d.document(place, "a")
	d.want(tenant.CodeQuota, d.change(place.In(""), "a", sized(71), quota), "grow beyond the quota")
	d.reads(place, full, "the document after growth that was refused")
	d.stores(place, 2, quota, "after growth that was refused")
	const less = 50 // the quota was lowered meanwhile
	d.need(d.change(place.In(""), "a", sized(70), less), "an update of the same size in a place beyond its quota")
	d.need(d.change(place.In(""), "a", sized(69), less), "an update that shrinks in a place beyond its quota")
	d.want(tenant.CodeQuota, d.change(place.In(""), "a", sized(70), less), "growth in a place beyond its quota")
	d.stores(place, 2, 99, "after all of them")
	d.need(d.change(place.In(""), "a", sized(700), 0), "growth without a quota")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "a", tenant.Revision{}), "delete in a place beyond its quota")
}

package storetest

import (
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// remadeCases prove that documents which have had one id are told apart, although each of them begins at version 1.
func remadeCases() []Case {
	return about("Documents",
		clause{name: "DeleteOfAnEarlierDocument", check: documentDeleteOfAnEarlierOne},
		clause{name: "UpdateMeetsALaterDocument", check: documentUpdateMeetsALaterOne},
	)
}

// remake deletes a document and makes another one under its id, at version 1 like the first and a minute younger.
func (d *desk) remake(place tenant.Place, id tenant.DocumentID) tenant.Document {
	d.Helper()
	d.need(d.Documents.Delete(d.Context(), place.In(""), id, tenant.Revision{}), "delete the earlier document")
	later := newDocument(id)
	later.CreatedAt, later.Data = noon.Add(time.Minute), tenant.Data(`{"later":true}`)
	return d.write(place, later)
}

// Who means a document that was deleted means none that came later, although both are at version 1.
func documentDeleteOfAnEarlierOne(d *desk) {
	place := d.home()
	earlier := d.write(place, newDocument("doc"))
	later := d.remake(place, "doc")
	d.same(later.Version, earlier.Version, "the version of the later document")
	for _, want := range []tenant.Revision{
		earlier.Revision(), {Version: 2, CreatedAt: later.CreatedAt}, {CreatedAt: earlier.CreatedAt},
	} {
		err := d.Documents.Delete(d.Context(), place.In(""), "doc", want)
		d.want(tenant.CodePrecondition, err, "delete of %+v", want)
	}
	d.reads(place, later, "the later document after deletes of an earlier one")
	d.stores(place, 1, len(later.Data), "after deletes that were refused")
	d.need(d.Documents.Delete(d.Context(), place.In(""), "doc", later.Revision()), "delete of the later document")
	d.gone(place, "doc", "after the delete")
	d.write(place, newDocument("doc"))
	d.need(d.Documents.Delete(d.Context(), place.In(""), "doc", tenant.Revision{Version: 1}), "delete of version 1, whenever it was created")
}

// A document that comes in the place of the one that an update has read is not changed by what was made of that one.
func documentUpdateMeetsALaterOne(d *desk) {
	place := d.home()
	d.write(place, newDocument("doc"))
	var met []tenant.Data
	got, err := d.Documents.Update(d.Context(), place.In(""), "doc", 0, func(doc *tenant.Document) error {
		met = append(met, slices.Clone(doc.Data))
		if len(met) == 1 {
			d.remake(place, "doc")
		}
		doc.Data = slices.Concat(tenant.Data(`{"of":`), doc.Data, tenant.Data(`}`))
		return nil
	})
	d.need(err, "update")
	d.same(met, []tenant.Data{newDocument("").Data, tenant.Data(`{"later":true}`)}, "what the function meets")
	d.same(string(got.Data), `{"of":{"later":true}}`, "what the update makes")
	d.same(got.CreatedAt, tenant.Millis(noon.Add(time.Minute)), "when it was created")
	d.reads(place, got, "the document after the update")
	d.stores(place, 1, len(got.Data), "after the update")
}

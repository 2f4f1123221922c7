package mongo

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// homes are the tenants' collections as they lie, in use and in the trash. What an application has written is read as
// [documents] shows it, and written back with the types that it had: see [shownData].
type homes struct {
	documents // with the time of a transfer
	places    places
}

// finishRounds bounds how often All looks for what was cut short: a collection may have been on several ways, one after the other.
const finishRounds = 5

// All implements store.Homes, from the records of owners. A creation or a move that was cut short it brings to its end first, as
// whoever repeats the act would, so that each home stands under one name.
func (t homes) All(ctx context.Context) (all []store.Home, err error) {
	records, err := t.records(ctx)
	for round := 1; err == nil; round++ {
		finished, failure := t.finish(ctx, records)
		if !finished || failure != nil || round == finishRounds {
			err = failure
			break
		}
		records, err = t.records(ctx)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if home, ok := t.homeOf(r); ok {
			all = append(all, home)
		}
	}
	return all, nil
}

// records reads all records of owners.
func (t homes) records(ctx context.Context) (records []ownerDoc, err error) {
	err = t.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.owners.records, bson.M{fieldLayout: living()}, options.Find(), func(raw bson.Raw) error {
			var d ownerDoc
			err := bson.Unmarshal(raw, &d)
			records = append(records, d)
			return err
		})
	})
	return records, err
}

// homeOf returns the home that a record is about. Its placement is as the catalog would have it.
func (t homes) homeOf(r ownerDoc) (store.Home, bool) {
	org := tenant.OrgID(r.Organization)
	if op, buried := strings.CutPrefix(r.Collection, t.owners.grave(r.Database, org, "").name); buried {
		return store.Home{Place: tenant.Place{Org: org}, Trash: tenant.OperationID(op)}, r.State == ready && op != ""
	}
	return store.Home{Place: placeOf(r, t.owners.main)}, r.State == ready && strings.HasPrefix(r.Collection, homePrefix)
}

// placeOf returns the place of a record of a collection in use. The main database has no name in it.
func placeOf(r ownerDoc, main string) tenant.Place {
	p := tenant.Placement{Level: tenant.LevelCollection, Database: r.Database, Namespace: r.Collection}
	if p.Database == main {
		p.Database = ""
	}
	return tenant.Place{Org: tenant.OrgID(r.Organization), Placement: p}
}

// way is what records with one token tell: a collection has one of them, and two while it is moved.
type way struct{ organization, token string }

// finish ends what was cut short, and reports whether there was anything.
func (t homes) finish(ctx context.Context, records []ownerDoc) (finished bool, err error) {
	first := map[way]ownerDoc{}
	for _, r := range records {
		key := way{r.Organization, r.Token}
		other, moving := first[key]
		first[key] = r
		switch {
		case r.State == making:
			finished, err = true, t.places.Create(ctx, placeOf(r, t.owners.main))
		case moving:
			finished, err = true, t.finishMove(ctx, other, r)
		}
		if err != nil {
			return finished, err
		}
	}
	return finished, nil
}

// finishMove ends the move between the names of two records of one collection. It goes to the one that announces it; if none does
// any more, the collection is there already, and the other record is all that is left.
func (t homes) finishMove(ctx context.Context, source, target ownerDoc) error {
	if source.State == arriving {
		source, target = target, source
	}
	from, to := source.name(), target.name()
	if target.State != arriving {
		there, err := t.owners.look(ctx, from, to)
		if err != nil {
			return err
		}
		if there[from.name].is(source.UUID) {
			from, to = to, from
		}
	}
	err := t.places.move(ctx, tenant.OrgID(source.Organization), from, to)
	if tenant.IsCode(err, tenant.CodeConflict) {
		return nil // something else stands there: the record is gone, and the collection is where it was
	}
	return err
}

// name is the physical name of the collection.
func (d *ownerDoc) name() namespace { return namespace{d.Database, d.Collection} }

// to finds the collection of a home.
func (t homes) to(ctx context.Context, home store.Home) (*desk, context.Context, context.CancelFunc, error) {
	if home.Trash == "" {
		return t.at(ctx, home.Place, tenant.DefaultCollection)
	}
	none := func() {}
	if err := ctx.Err(); err != nil {
		return nil, ctx, none, overdue(err)
	}
	org := home.Place.Org
	graves, err := t.owners.graves(ctx, org, home.Trash)
	if err != nil {
		return nil, ctx, none, err
	}
	for _, grave := range graves {
		if grave.State == ready {
			at := site{grave.name(), grave.UUID, &meter{}}
			return &desk{t.documents, at, org, t.owners.collection(at.namespace)}, ctx, none, nil
		}
	}
	return nil, ctx, none, errNoData()
}

// Scan implements store.Homes.
func (t homes) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	d, ctx, cancel, err := t.to(ctx, home)
	defer cancel()
	if err != nil {
		return nil, err
	}
	if after == "" {
		if err := d.wholly(ctx); err != nil {
			return nil, err
		}
	}
	page, err := d.list(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return page, d.distinct(page)
}

// unshown are the types of ids, by their numbers, that no document can have that is shown: all but text and ObjectId.
var unshown = bson.A{-1, 1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 127}

// wholly returns CodeConflict if the collection has documents that a list does not show: they would be left behind silently.
func (d *desk) wholly(ctx context.Context) error {
	filter := bson.M{"$or": bson.A{bson.M{"_id": ""}, bson.M{"_id": bson.M{"$type": unshown}}}}
	return d.read(ctx, func(ctx context.Context) error {
		raw, err := d.coll.FindOne(ctx, filter, options.FindOne().SetProjection(bson.M{"_id": 1})).Raw()
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return tenant.Errorf(tenant.CodeConflict,
			"the collection %s has a document whose _id is %s: orgd shows documents whose _id is text or an ObjectId; give it another one, or take it out",
			d.id(), raw.Lookup("_id"))
	})
}

// distinct returns CodeConflict if two documents show with one id: a text, and an ObjectId of the same digits.
func (d *desk) distinct(page []tenant.Document) error {
	for i := range page[:max(len(page)-1, 0)] {
		if page[i].ID == page[i+1].ID {
			return tenant.Errorf(tenant.CodeConflict,
				"the collection %s has two documents whose _id shows as %s, a text and an ObjectId; give one of them another", d.id(), page[i].ID)
		}
	}
	return nil
}

// Remove implements store.Homes.
func (t homes) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	d, ctx, cancel, err := t.at(ctx, place, tenant.DefaultCollection)
	defer cancel()
	if err != nil {
		return err
	}
	defer d.meter.doubt()
	all := bson.A{}
	for _, id := range ids {
		all = append(all, string(id))
		if object, ok := objectOf(id); ok {
			all = append(all, object)
		}
	}
	return d.repeat(ctx, func(ctx context.Context) error {
		_, err := d.coll.DeleteMany(ctx, d.mine(e("_id", bson.M{"$in": all})))
		return err
	})
}

var _ store.Homes = homes{}

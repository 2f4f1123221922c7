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
// [documents] shows it, and written back with the types that it had: see [shownBSON].
type homes struct{ documents } // with the time of a transfer

// All implements store.Homes, from the records of owners. It changes nothing, also where a creation or a move was cut short: such a
// home is told of where its collection is, and [places.Drop], after [places.Trash] or at once, leaves nothing of the way.
func (t homes) All(ctx context.Context) (list []store.Home, err error) {
	records, err := t.records(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		at := r[0]
		if len(r) > 1 {
			if at, err = t.lies(ctx, r); err != nil {
				return nil, err
			}
		}
		if home, ok := t.homeOf(at); ok {
			list = append(list, home)
		}
	}
	return list, nil
}

// thing is a collection by what its records say of it: it has one, and two while it is moved.
type thing struct{ organization, token, uuid string }

// records reads all records of owners, by the collections that they are about.
func (t homes) records(ctx context.Context) (of map[thing][]ownerDoc, err error) {
	of = map[thing][]ownerDoc{}
	err = t.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.owners.records, bson.M{fieldLayout: living()}, options.Find(), func(raw bson.Raw) error {
			var d ownerDoc
			err := bson.Unmarshal(raw, &d)
			one := thing{d.Organization, d.Token, string(d.UUID)}
			of[one] = append(of[one], d)
			return err
		})
	})
	return of, err
}

// lies returns the record of those of one collection under whose name it is.
func (t homes) lies(ctx context.Context, records []ownerDoc) (at ownerDoc, err error) {
	for _, at = range records {
		there, err := t.owners.look(ctx, at.name())
		if err != nil || there[at.Collection].is(at.UUID) {
			return at, err
		}
	}
	return at, nil
}

// homeOf returns the home that a record is about. Its placement is as the catalog would have it: the main database has no name there.
func (t homes) homeOf(r ownerDoc) (store.Home, bool) {
	org := tenant.OrgID(r.Organization)
	if op, buried := strings.CutPrefix(r.Collection, t.owners.grave(r.Database, org, "").name); buried {
		return store.Home{Place: tenant.Place{Org: org}, Trash: tenant.OperationID(op)}, op != ""
	}
	p := tenant.Placement{Level: tenant.LevelCollection, Database: r.Database, Namespace: r.Collection}
	if p.Database == t.owners.main {
		p.Database = ""
	}
	return store.Home{Place: tenant.Place{Org: org, Placement: p}}, strings.HasPrefix(r.Collection, homePrefix)
}

// name is the physical name of the collection.
func (d *ownerDoc) name() namespace { return namespace{d.Database, d.Collection} }

// to finds the collection of a home, be it one whose creation or move was cut short.
func (t homes) to(ctx context.Context, home store.Home) (*desk, context.Context, context.CancelFunc, error) {
	if home.Trash == "" {
		d, limited, cancel, err := t.at(ctx, home.Place.In(tenant.DefaultCollection))
		if !tenant.IsCode(err, tenant.CodeNotFound) {
			return d, limited, cancel, err
		}
		cancel()
	}
	none := func() {}
	if err := ctx.Err(); err != nil {
		return nil, ctx, none, overdue(err)
	}
	records, err := t.recordsOf(ctx, home)
	if err != nil {
		return nil, ctx, none, err
	}
	for _, r := range records {
		there, err := t.owners.look(ctx, r.name())
		if err != nil {
			return nil, ctx, none, err
		}
		if r.State != arriving || there[r.Collection].is(r.UUID) { // what is not there otherwise is empty: not made yet, or dropped
			at := site{r.name(), r.UUID, &meter{}}
			return &desk{t.documents, at, home.Place.Org, t.owners.collection(at.namespace)}, ctx, none, nil
		}
	}
	return nil, ctx, none, errNoData()
}

// recordsOf returns the records that a home can be behind.
func (t homes) recordsOf(ctx context.Context, home store.Home) ([]ownerDoc, error) {
	org := home.Place.Org
	if home.Trash != "" {
		return t.owners.graves(ctx, org, home.Trash)
	}
	at, err := t.owners.home(home.Place)
	if err != nil {
		return nil, err
	}
	own, err := t.owners.findOwn(ctx, at, org)
	if err != nil || own == nil {
		return nil, err
	}
	return []ownerDoc{*own}, nil
}

// Scan implements store.Homes.
func (t homes) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	d, ctx, cancel, err := t.to(ctx, home)
	defer cancel()
	if err != nil {
		return nil, err
	}
	if after == "" {
		err = d.wholly(ctx)
	} else {
		err = d.single(ctx, after)
	}
	if err != nil {
		return nil, err
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
			"the collection %s has a document whose _id is of the type %s: orgd shows documents whose _id is text or an ObjectId; give it another one, or take it out",
			d.id(), raw.Lookup("_id").Type)
	})
}

// distinct returns CodeConflict if two documents show with one id: a text, and an ObjectId of the same digits.
func (d *desk) distinct(page []tenant.Document) error {
	for i := range page[:max(len(page)-1, 0)] {
		if page[i].ID == page[i+1].ID {
			return d.twins(page[i].ID)
		}
	}
	return nil
}

// single is distinct across the end of a page: the next one begins behind both.
func (d *desk) single(ctx context.Context, id tenant.DocumentID) error {
	object, ok := objectOf(id)
	if !ok {
		return nil
	}
	return d.read(ctx, func(ctx context.Context) error {
		n, err := d.coll.CountDocuments(ctx, d.mine(e("_id", bson.M{"$in": bson.A{string(id), object}})))
		if err == nil && n > 1 {
			err = d.twins(id)
		}
		return err
	})
}

func (d *desk) twins(id tenant.DocumentID) error {
	return tenant.Errorf(tenant.CodeConflict,
		"the collection %s has two documents whose _id shows as %s, a text and an ObjectId; give one of them another", d.id(), id)
}

// Remove implements store.Homes.
func (t homes) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	d, ctx, cancel, err := t.at(ctx, place.In(tenant.DefaultCollection))
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

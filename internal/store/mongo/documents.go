package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/xoptions"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// documents keeps the tenants' data, each tenant's in a collection of its own.
type documents struct {
	calls
	limit  time.Duration // of one call, read-back aside
	owners *owners
}

// desk is one call's access to one collection of one organization.
type desk struct {
	documents
	site
	org  tenant.OrgID
	coll *mongo.Collection
}

// at finds the collection, within the time that a call has.
func (t documents) at(ctx context.Context, in tenant.CollectionRef) (*desk, context.Context, context.CancelFunc, error) {
	if err := ctx.Err(); err != nil {
		return nil, ctx, func() {}, overdue(err)
	}
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	at, err := t.owners.reach(ctx, in)
	return &desk{t, at, in.Org, t.owners.collection(at.namespace)}, ctx, cancel, err
}

// mine narrows to the organization's documents. Those that an application wrote name none: they belong to the collection's
// owner.
func (d *desk) mine(more ...bson.E) bson.D {
	return append(bson.D{e(fieldOrgd+".organization", bson.M{"$in": bson.A{string(d.org), nil}})}, more...)
}

// byID finds a document, be its id an ObjectId that an application gave it.
func (d *desk) byID(id tenant.DocumentID, more ...bson.E) bson.D {
	return append(d.mine(e("_id", sameID(id))), more...)
}

// Insert implements store.Documents.
func (t documents) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64,
) (none tenant.Document, err error) {
	d, ctx, cancel, err := t.at(ctx, in)
	defer cancel()
	if err != nil {
		return none, err
	}
	doc.Version = 1
	raw, err := packDocument(d.org, doc)
	if err != nil {
		return none, err
	}
	err = d.vacant(ctx, doc.ID)
	if err == nil {
		err = d.meter.grow(ctx, int64(len(doc.Data)), quota, d.usage, func(ctx context.Context) error {
			return d.insert(ctx, doc, raw)
		})
	}
	if errors.Is(err, errTaken) || tenant.IsCode(err, tenant.CodeQuota) {
		return d.insertedBefore(ctx, doc, err)
	}
	if err != nil {
		return none, err
	}
	return unpackDocument(raw)
}

// vacant returns errTaken if an ObjectId that shows as the id is taken. No unique key tells, since it is no text.
func (d *desk) vacant(ctx context.Context, id tenant.DocumentID) error {
	if _, text := sameID(id).(string); text {
		return nil
	}
	_, err := d.get(ctx, id)
	switch {
	case err == nil:
		return &takenError{onlyID}
	case tenant.IsCode(err, tenant.CodeNotFound):
		return nil
	default:
		return err
	}
}

// insert writes a new document; errTaken if its id is taken, or what an application wants to be unique.
func (d *desk) insert(ctx context.Context, doc tenant.Document, raw bson.Raw) error {
	guard, err := d.guard()
	if err != nil {
		return translate(err)
	}
	return d.write(ctx, func(ctx context.Context) error {
		_, err := d.coll.InsertOne(ctx, raw, guard)
		if hasCode(err, codeCollectionUUIDMismatch) {
			return d.moved(err)
		}
		return validated(err)
	}, func(ctx context.Context) fate {
		found, err := d.find(ctx, doc.ID)
		if err == nil && found.doc.Version == 1 && found.doc.WriteID == doc.WriteID {
			return done
		}
		return unclear
	})
}

// guard makes an insert name the collection that it means by its UUID, so that one that is late neither creates the
// collection again nor lands in another one of its name. Servers that do not know the field go without.
func (d *desk) guard() (*options.InsertOneOptionsBuilder, error) {
	o := options.InsertOne()
	uuid := d.identify()
	if uuid == nil {
		return o, nil
	}
	return o, xoptions.SetInternalInsertOneOptions(o, "addCommandFields", uuid)
}

// identify returns what an insert names the collection by; nil where that is not known.
func (d *desk) identify() bson.D {
	if len(d.uuid) == 0 || !d.owners.guards {
		return nil
	}
	return bson.D{e("collectionUUID", bson.Binary{Subtype: bson.TypeBinaryUUID, Data: d.uuid})}
}

// moved is the error about an insert that met another collection than it meant, or none.
func (d *desk) moved(err error) error {
	d.owners.forget(d.namespace)
	return tenant.Wrap(tenant.CodeNotFound, fmt.Errorf("%w: %w", store.ErrNoPlace, err), "the organization's data is not here any more")
}

// insertedBefore returns the document that has the id already, if it is the same insert that put it there. An insert that
// was refused for another reason stays refused if nothing has the id.
func (d *desk) insertedBefore(ctx context.Context, doc tenant.Document, refusal error) (none tenant.Document, err error) {
	found, err := d.get(ctx, doc.ID)
	switch {
	case err == nil && found.doc.Version == 1 && found.doc.WriteID == doc.WriteID:
		return found.doc, nil
	case err == nil:
		return none, idTaken("document")
	case tenant.IsCode(err, tenant.CodeNotFound) && errors.Is(refusal, errTaken):
		return none, d.rival(ctx, refusal)
	case tenant.IsCode(err, tenant.CodeNotFound):
		return none, refusal
	default:
		return none, err
	}
}

// stored is a document as it lies in its collection.
type stored struct {
	doc tenant.Document
	raw bson.Raw
}

// get returns a document, or CodeNotFound.
func (d *desk) get(ctx context.Context, id tenant.DocumentID) (s stored, err error) {
	err = d.read(ctx, func(ctx context.Context) error {
		s, err = d.find(ctx, id)
		return missing(err, "document")
	})
	return s, err
}

// find is get without a translation of its errors.
func (d *desk) find(ctx context.Context, id tenant.DocumentID) (s stored, err error) {
	if s.raw, err = d.coll.FindOne(ctx, d.byID(id)).Raw(); err != nil {
		return s, err
	}
	s.doc, err = unpackDocument(s.raw)
	return s, err
}

// Get implements store.Documents.
func (t documents) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error) {
	d, ctx, cancel, err := t.at(ctx, in)
	defer cancel()
	if err != nil {
		return tenant.Document{}, err
	}
	s, err := d.get(ctx, id)
	return s.doc, err
}

// Update implements store.Documents.
func (t documents) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
	change func(*tenant.Document) error,
) (tenant.Document, error) {
	d, ctx, cancel, err := t.at(ctx, in)
	defer cancel()
	if err != nil {
		return tenant.Document{}, err
	}
	for {
		doc, err := d.attempt(ctx, id, quota, change)
		if !errors.Is(err, errLost) {
			return doc, err
		}
	}
}

// attempt makes one attempt at an update; errLost if another change came first.
func (d *desk) attempt(ctx context.Context, id tenant.DocumentID, quota int64, change func(*tenant.Document) error,
) (none tenant.Document, err error) {
	old, err := d.get(ctx, id)
	if err != nil {
		return none, err
	}
	next := old.doc
	next.Data = bytes.Clone(next.Data)
	if err := change(&next); err != nil {
		return none, err
	}
	next.ID, next.CreatedAt, next.Version = old.doc.ID, old.doc.CreatedAt, old.doc.Version+1
	next.Data, next.UpdatedAt = bytes.Clone(next.Data), tenant.Millis(next.UpdatedAt)
	update, err := changeDocument(d.org, old.raw, next)
	if err != nil {
		return none, err
	}
	grown := int64(len(next.Data) - len(old.doc.Data))
	err = d.meter.grow(ctx, grown, quota, d.usage, func(ctx context.Context) error {
		return d.swap(ctx, old, next, update)
	})
	if err != nil {
		return none, err
	}
	return next, nil
}

// swap writes an update if the document is still the old one.
func (d *desk) swap(ctx context.Context, old stored, next tenant.Document, update bson.M) error {
	filter := d.mine(e("_id", old.raw.Lookup("_id")), atVersion(old.doc.Version), createdAt(old.doc.CreatedAt))
	err := d.write(ctx, func(ctx context.Context) error {
		result, err := d.coll.UpdateOne(ctx, filter, update)
		if err == nil && result.MatchedCount == 0 {
			return errLost
		}
		return validated(err)
	}, func(ctx context.Context) fate {
		found, err := d.find(ctx, next.ID)
		switch {
		case err != nil || found.doc.Version != next.Version:
			return unclear
		case found.doc.WriteID == next.WriteID && next.WriteID != old.doc.WriteID:
			return done
		default:
			return unclear
		}
	})
	return unlike(err)
}

// Delete implements store.Documents. One that is gone when a lost answer is looked for counts as deleted.
func (t documents) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	d, ctx, cancel, err := t.at(ctx, in)
	defer cancel()
	if err != nil {
		return err
	}
	filter := d.byID(id, inState(want)...)
	var gone bson.Raw
	o := options.FindOneAndDelete().SetProjection(bson.M{fieldOrgd: 1})
	err = d.meter.grow(ctx, 0, 0, d.usage, func(ctx context.Context) error {
		return d.write(ctx, func(ctx context.Context) (err error) {
			gone, err = d.coll.FindOneAndDelete(ctx, filter, o).Raw()
			return missing(err, "document")
		}, func(ctx context.Context) fate {
			if _, err := d.find(ctx, id); isMissing(err) {
				return done
			}
			return unclear
		})
	})
	switch {
	case err == nil:
		d.meter.shrink(gone)
		return nil
	case want != tenant.Revision{} && tenant.IsCode(err, tenant.CodeNotFound):
		if _, err := d.get(ctx, id); err != nil {
			return err
		}
		return tenant.OtherRevision()
	default:
		return err
	}
}

// Usage implements store.Documents.
func (t documents) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	d, ctx, cancel, err := t.at(ctx, place.In(tenant.DefaultCollection))
	defer cancel()
	if err != nil {
		return tenant.Usage{}, err
	}
	return d.usage(ctx)
}

// usage sums up what the bookkeeping of the documents says. One that an application wrote counts as it is stored.
func (d *desk) usage(ctx context.Context) (u tenant.Usage, err error) {
	size := bson.M{"$ifNull": bson.A{"$" + fieldOrgd + ".bytes", bson.M{"$bsonSize": "$$ROOT"}}}
	err = d.read(ctx, func(ctx context.Context) error {
		cursor, err := d.coll.Aggregate(ctx, mongo.Pipeline{
			{e("$match", d.mine())},
			{e("$group", bson.M{"_id": nil, "documents": bson.M{"$sum": 1}, "bytes": bson.M{"$sum": size}})},
		})
		if err != nil {
			return err
		}
		var sums []struct {
			Documents int64 `bson:"documents"`
			Bytes     int64 `bson:"bytes"`
		}
		err = cursor.All(ctx, &sums)
		if err == nil && len(sums) > 0 {
			u = tenant.Usage(sums[0])
		}
		return err
	})
	return u, err
}

var _ store.Documents = documents{}

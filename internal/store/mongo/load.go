package mongo

import (
	"context"
	"errors"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/xoptions"

	"github.com/orgd/orgd/internal/tenant"
)

// Load implements store.Homes. Ids become text, which every call finds, be it that an ObjectId of these digits is there: then the
// document takes its place. All inserts are sent first, since most often nothing is there.
func (t homes) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	d, ctx, cancel, err := t.at(ctx, place.In(tenant.DefaultCollection))
	defer cancel()
	if err != nil || len(docs) == 0 {
		return err
	}
	defer d.meter.doubt()
	objects, err := d.objects(ctx, docs)
	if err != nil {
		return err
	}
	raws, err := packAll(d.org, docs, objects)
	if err != nil {
		return err
	}
	left, err := d.insertMany(ctx, raws)
	if err != nil || len(left) == 0 {
		return err
	}
	return d.replaceAll(ctx, left)
}

// packedAtOnce is how many documents one processor packs in a row.
const packedAtOnce = 125

// packAll returns documents as they are stored, with the ids that are there already, by several processors: the server has nothing to
// do meanwhile.
func packAll(org tenant.OrgID, docs []tenant.Document, there map[tenant.DocumentID]bson.RawValue) ([]bson.Raw, error) {
	raws, errs := make([]bson.Raw, len(docs)), make([]error, len(docs))
	var all sync.WaitGroup
	for begin := 0; begin < len(docs); begin += packedAtOnce {
		all.Go(func() {
			for i := begin; i < min(begin+packedAtOnce, len(docs)); i++ {
				id, ok := there[docs[i].ID]
				if !ok {
					id = textID(docs[i].ID)
				}
				raws[i], errs[i] = packShown(org, id, docs[i])
			}
		})
	}
	all.Wait()
	return raws, errors.Join(errs...)
}

// objects returns the ObjectIds that show as ids of the documents and are there.
func (d *desk) objects(ctx context.Context, docs []tenant.Document) (map[tenant.DocumentID]bson.RawValue, error) {
	asked, there := bson.A{}, map[tenant.DocumentID]bson.RawValue{}
	for _, doc := range docs {
		if object, ok := objectOf(doc.ID); ok {
			asked = append(asked, object)
		}
	}
	if len(asked) == 0 {
		return there, nil
	}
	o := options.Find().SetProjection(bson.M{"_id": 1}).SetBatchSize(batch(len(asked)))
	err := d.read(ctx, func(ctx context.Context) error {
		return each(ctx, d.coll, bson.M{"_id": bson.M{"$in": asked}}, o, func(raw bson.Raw) error {
			id := clone(raw.Lookup("_id"))
			there[idOf(id)] = id
			return nil
		})
	})
	return there, err
}

// insertMany inserts those of the documents whose ids are not taken, and returns the others. Like an insert of one it names the
// collection that it means.
func (d *desk) insertMany(ctx context.Context, docs []bson.Raw) (left []bson.Raw, err error) {
	o := options.InsertMany()
	if named := d.identify(); named != nil {
		if err := xoptions.SetInternalInsertManyOptions(o, "addCommandFields", named); err != nil {
			return nil, translate(err)
		}
	}
	left, err = d.insertAll(ctx, d.coll, docs, o)
	if hasCode(err, codeCollectionUUIDMismatch) {
		return nil, d.moved(err)
	}
	return left, err
}

// replaceAll puts documents in the place of those with their ids. A replacement as such could not have names that begin with $.
func (d *desk) replaceAll(ctx context.Context, docs []bson.Raw) error {
	changes := make([]mongo.WriteModel, len(docs))
	for i, doc := range docs {
		changes[i] = mongo.NewUpdateOneModel().SetFilter(d.mine(e("_id", doc.Lookup("_id")))).
			SetUpdate(mongo.Pipeline{{e("$replaceWith", bson.M{"$literal": doc})}})
	}
	return d.repeat(ctx, func(ctx context.Context) error {
		result, err := d.coll.BulkWrite(ctx, changes, options.BulkWrite().SetOrdered(false))
		if err == nil && result.MatchedCount < int64(len(docs)) {
			return tenant.Errorf(tenant.CodeConflict,
				"the collection %s has documents of another organization under ids of this one's; they are left alone", d.id())
		}
		return err
	})
}

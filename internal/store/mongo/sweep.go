package mongo

import (
	"bytes"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// Sweep implements store.Places. The collection gets a record first, so that its way to the trash is one like any other. Its
// documents are carried from there, where nothing late can reach them any more: something that comes after that makes another
// collection, for the next sweep.
func (t places) Sweep(ctx context.Context, name string, place tenant.Place, op tenant.OperationID) (bool, error) {
	left := place
	left.Placement.Namespace = name
	home, err := t.owners.home(left)
	if err != nil {
		return false, err
	}
	if name == place.Placement.Namespace {
		return false, nil
	}
	grave := t.owners.grave(home.database, place.Org, op)
	defer t.owners.forget(home, grave)
	found, err := t.bury(ctx, home, grave, place.Org)
	if err != nil || !found {
		return false, err
	}
	if kept, err := t.carry(ctx, grave, place); err != nil || kept > 0 {
		return true, err
	}
	return true, t.Drop(ctx, place.Org, op)
}

// bury moves what stands at a name to the trash, and reports whether there is anything in either place.
func (t places) bury(ctx context.Context, home, grave namespace, org tenant.OrgID) (bool, error) {
	records, err := t.owners.findAll(ctx, home, grave)
	if err != nil {
		return false, err
	}
	there, err := t.owners.look(ctx, home, grave)
	if err != nil {
		return false, err
	}
	owner := records[home]
	if buried := records[grave]; buried != nil && (owner == nil || owner.Token != buried.Token) {
		return true, nil // by an attempt that was cut short; what has come since then is for the next look
	}
	if owner != nil && owner.Organization != string(org) {
		return false, nil
	}
	if owner == nil {
		if there[home.name] == nil {
			return false, nil
		}
		t.owners.log.Warn("something that was sent earlier has made a collection under a name that an organization has left; its documents are carried to the organization",
			"organization", org, "database", home.database, "collection", home.name)
		d := owning(org, tenant.NewID())
		d.State, d.UUID = ready, there[home.name]
		if _, err := t.owners.claim(ctx, home, d); err != nil {
			return false, err
		}
	}
	return true, t.move(ctx, org, home, grave)
}

// carry inserts the documents of a collection in the trash at the organization's place, in order of their ids and by batches, so
// that no cursor lives long. It returns how many stay, since the place has others with their ids.
func (t places) carry(ctx context.Context, grave namespace, place tenant.Place) (kept int, err error) {
	if place.Placement.Namespace == "" {
		return 0, nil
	}
	to, err := t.owners.home(place)
	if err != nil {
		return 0, err
	}
	var after bson.RawValue
	for {
		batch, err := t.some(ctx, grave, after)
		if err != nil || len(batch) == 0 {
			return kept, err
		}
		for _, doc := range batch {
			same, err := t.carryOne(ctx, to, place.Org, doc)
			if err != nil {
				return kept, err
			}
			if !same {
				kept++
				t.owners.log.Error("a document that arrived under a name that its organization has left differs from the one with its id, or meets a unique index; it stays in the trash for somebody to look at",
					"organization", place.Org, "database", grave.database, "collection", grave.name, "id", doc.Lookup("_id").String())
			}
		}
		after = batch[len(batch)-1].Lookup("_id")
	}
}

// carried is how many documents are read at once.
const carried = 100

// idTypes are the types of ids in the order in which a server sorts them, those that sort as one together.
var idTypes = [][]bson.Type{
	{bson.TypeMinKey},
	{bson.TypeUndefined},
	{bson.TypeNull},
	{bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128},
	{bson.TypeString, bson.TypeSymbol},
	{bson.TypeEmbeddedDocument},
	{bson.TypeBinary},
	{bson.TypeObjectID},
	{bson.TypeBoolean},
	{bson.TypeDateTime},
	{bson.TypeTimestamp},
	{bson.TypeDBPointer},
	{bson.TypeJavaScript},
	{bson.TypeCodeWithScope},
	{bson.TypeMaxKey},
}

// beyond narrows to ids that sort after one, of whatever type: $gt alone finds those of its own type.
func beyond(id bson.RawValue) bson.M {
	at := slices.IndexFunc(idTypes, func(types []bson.Type) bool { return slices.Contains(types, id.Type) })
	if at < 0 { // the first page
		return bson.M{}
	}
	same := bson.M{"_id": bson.M{"$gt": id}}
	var later bson.A
	for _, types := range idTypes[at+1:] {
		for _, one := range types {
			later = append(later, int32(int8(one)))
		}
	}
	if len(later) == 0 {
		return same
	}
	return bson.M{"$or": bson.A{same, bson.M{"_id": bson.M{"$type": later}}}}
}

func (t places) some(ctx context.Context, from namespace, after bson.RawValue) (batch []bson.Raw, err error) {
	o := options.Find().SetSort(bson.D{e("_id", 1)}).SetLimit(carried).SetBatchSize(carried + 1)
	err = t.owners.read(ctx, func(ctx context.Context) error {
		batch = nil
		return each(ctx, t.owners.collection(from), beyond(after), o, func(raw bson.Raw) error {
			batch = append(batch, bytes.Clone(raw))
			return nil
		})
	})
	return batch, err
}

// carryOne inserts a document unless its id is there, and reports whether the place has it now. One that says that it is
// another organization's is not carried.
func (t places) carryOne(ctx context.Context, to namespace, org tenant.OrgID, doc bson.Raw) (bool, error) {
	if owner, ok := doc.Lookup(fieldOrgd, "organization").StringValueOK(); ok && owner != string(org) {
		return false, nil
	}
	coll, id := t.owners.collection(to), bson.M{"_id": doc.Lookup("_id")}
	err := t.owners.write(ctx, func(ctx context.Context) error {
		_, err := coll.InsertOne(ctx, doc)
		if mongo.IsDuplicateKeyError(err) {
			return nil // looked at below
		}
		return err
	}, func(ctx context.Context) fate {
		if err := coll.FindOne(ctx, id).Err(); err == nil {
			return done
		}
		return unclear
	})
	if err != nil {
		return false, err
	}
	var there bson.Raw
	err = t.owners.read(ctx, func(ctx context.Context) (err error) {
		there, err = coll.FindOne(ctx, id).Raw()
		if isMissing(err) {
			return nil // a unique index of an application's refuses it
		}
		return err
	})
	return bytes.Equal(there, doc), err
}

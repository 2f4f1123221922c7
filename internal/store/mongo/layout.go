package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// newestLayout is the number of the layout that this binary reads and writes. Layouts go forward only; a step to the next
// one runs when [DB.prepare] finds a lower number.
const newestLayout = 1

const (
	// metaCollection holds what is true of the database as a whole.
	metaCollection = "orgd"
	// theLayout is the id of the document that holds the layout's number.
	theLayout = "layout"
)

type layoutDoc struct {
	ID     string `bson:"_id"`
	Layout int    `bson:"layout"`
	Number int    `bson:"number"`
}

// prepare makes what is missing of the layout, and refuses a database that is newer than this binary.
func (db *DB) prepare(ctx context.Context) error {
	meta := db.main.Collection(metaCollection)
	if _, err := meta.InsertOne(ctx, layoutDoc{theLayout, rowLayout, newestLayout}); err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	var found layoutDoc
	if err := meta.FindOne(ctx, bson.M{"_id": theLayout}).Decode(&found); err != nil {
		return err
	}
	if found.Number > newestLayout {
		return tenant.Errorf(tenant.CodeUnavailable,
			"the database %s was written by a newer version of orgd (layout %d, this one knows %d); use that version",
			db.main.Name(), found.Number, newestLayout)
	}
	for _, set := range db.indexes() {
		if err := set.make(ctx); err != nil {
			return err
		}
	}
	return nil
}

// indexSet are the indexes of one collection.
type indexSet struct {
	coll   *mongo.Collection
	models []mongo.IndexModel
}

// make makes the indexes that are missing. An index that is there is left as it is.
func (s indexSet) make(ctx context.Context) error {
	if len(s.models) == 0 {
		return nil
	}
	if _, err := s.coll.Indexes().CreateMany(ctx, s.models); err != nil {
		return fmt.Errorf("make the indexes of %s.%s: %w", s.coll.Database().Name(), s.coll.Name(), err)
	}
	return nil
}

// index returns an index over documents that are ours.
func index(name string, keys bson.D, narrower ...bson.E) mongo.IndexModel {
	filter := append(bson.D{e(fieldLayout, living())}, narrower...)
	return mongo.IndexModel{Keys: keys, Options: options.Index().SetName(name).SetPartialFilterExpression(filter)}
}

// unique returns an index of which no two of our documents share a key.
func unique(name string, keys bson.D, narrower ...bson.E) mongo.IndexModel {
	model := index(name, keys, narrower...)
	model.Options.SetUnique(true)
	return model
}

// claimIndex keeps a claim to one document. Documents without claims are not in it.
func claimIndex() mongo.IndexModel {
	return unique("claims", bson.D{e(fieldClaims, 1)}, e(fieldClaims, exists()))
}

// outboxIndex finds documents with entries in their outbox, tombstones among them.
func outboxIndex() mongo.IndexModel {
	key := fieldOutbox + ".organization"
	return mongo.IndexModel{
		Keys:    bson.D{e(key, 1)},
		Options: options.Index().SetName("outbox").SetPartialFilterExpression(bson.D{e(key, exists())}),
	}
}

// indexes are all indexes of the layout, except those of tenants' collections, which have only their own.
func (db *DB) indexes() []indexSet {
	return []indexSet{
		{db.main.Collection("organizations"), []mongo.IndexModel{
			claimIndex(), outboxIndex(),
			index("state", bson.D{e("state", 1), e("_id", 1)}),
			index("name", bson.D{e("name_key", 1), e("_id", 1)}),
			index("unsettled", bson.D{e("op.id", 1)}, e("op.id", exists())),
			index("trashed", bson.D{e("deleted_at", 1)}, e("deleted_at", exists())),
		}},
		{db.main.Collection("users"), []mongo.IndexModel{
			claimIndex(), outboxIndex(),
			index("members", bson.D{e("memberships.organization", 1), e("_id", 1)}),
		}},
		{db.main.Collection("operators"), []mongo.IndexModel{claimIndex(), outboxIndex()}},
		{db.main.Collection("audit"), []mongo.IndexModel{unique("chain", bson.D{e("organization", 1), e("seq", 1)})}},
		{db.main.Collection("places"), []mongo.IndexModel{index("organization", bson.D{e("organization", 1)})}},
		{db.private.Collection("keys"), []mongo.IndexModel{outboxIndex()}},
		{db.private.Collection("sessions"), []mongo.IndexModel{index("expiry", bson.D{e("expires_at", 1)})}},
		{db.private.Collection("idempotency"), []mongo.IndexModel{
			index("caller", bson.D{e("caller", 1), e("expires_at", 1)}),
			index("expiry", bson.D{e("expires_at", 1)}),
		}},
		{db.private.Collection("throttle"), []mongo.IndexModel{{
			Keys:    bson.D{e("forget_at", 1)},
			Options: options.Index().SetName("forget").SetExpireAfterSeconds(0),
		}}},
	}
}

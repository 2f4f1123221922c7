package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// firstLayout is the number of the layout that [DB.indexes] and the documents' types describe without any [step].
const firstLayout = 1

const (
	// metaCollection holds what is true of the database as a whole.
	metaCollection = "orgd"
	// theLayout is the id of the document that holds the layout's number.
	theLayout = "layout"
)

// prepare makes what is missing of the layout, brings an older one up to date, and refuses a database that is newer than
// this binary, or in which another program is in the way. Several servers may do so at the same time.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.alone(ctx); err != nil { // before anything is written
		return err
	}
	fresh := layoutDoc{ID: theLayout, Layout: rowLayout, Number: db.newest()}
	meta := db.main.Collection(metaCollection)
	err := db.catalog.write(ctx, func(ctx context.Context) error {
		_, err := meta.InsertOne(ctx, fresh)
		return err
	}, func(ctx context.Context) fate {
		if err := meta.FindOne(ctx, bson.M{"_id": theLayout}).Err(); err == nil {
			return done
		}
		return unclear
	})
	if err != nil && !errors.Is(err, errTaken) {
		return err
	}
	if err := db.migrate(ctx); err != nil {
		return err
	}
	return db.index(ctx)
}

// layout reads the layout's document, and refuses what this binary does not know; the document comes back with the refusal.
func (db *DB) layout(ctx context.Context) (found layoutDoc, err error) {
	err = db.catalog.read(ctx, func(ctx context.Context) error {
		return db.main.Collection(metaCollection).FindOne(ctx, bson.M{"_id": theLayout}).Decode(&found)
	})
	if err != nil {
		return layoutDoc{}, err
	}
	return found, db.check(found)
}

// index makes the indexes that are missing. Over many documents that takes its time, which the log tells.
func (db *DB) index(ctx context.Context) error {
	late := time.AfterFunc(db.opts.pace.tell, func() {
		db.opts.Log.Info("indexes are still being built; the start goes on when they are there", "database", db.main.Name())
	})
	defer late.Stop()
	for _, set := range db.indexes() {
		if err := set.make(ctx); err != nil {
			return err
		}
	}
	return nil
}

// exists returns CodeNotFound where no server was ever started on the database.
func (db *DB) exists(ctx context.Context) error {
	err := db.catalog.read(ctx, func(ctx context.Context) error {
		return missing(db.main.Collection(metaCollection).FindOne(ctx, bson.M{"_id": theLayout}).Err(), "database of orgd")
	})
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return tenant.Errorf(tenant.CodeNotFound, "there is no database of orgd under the name %s; start orgd there first, or set ORGD_DATABASE to another name", db.main.Name())
	}
	return err
}

// indexSet are the indexes of one collection.
type indexSet struct {
	coll *mongo.Collection
	// row is what one document there is packed as.
	row    any
	models []mongo.IndexModel
}

// indexAttempts bounds how often the making of indexes is begun anew when another server is at it, indexPause is in between.
const (
	indexAttempts = 100
	indexPause    = 100 * time.Millisecond
)

// make makes the indexes that are missing, and waits until they are there: what is unique must be so before the first write.
// The server builds them beside its other work. An index that is there is left as it is.
func (s indexSet) make(ctx context.Context) error {
	pause := time.NewTicker(indexPause)
	defer pause.Stop()
	for attempt := 1; ; attempt++ {
		_, err := s.coll.Indexes().CreateMany(ctx, s.models)
		if attempt == indexAttempts || !hasCode(err, codeWriteConflict, codeIndexBuildAborted, codeIndexBuildAlreadyInProgress) {
			return s.told(err)
		}
		select { // another server makes the same ones
		case <-pause.C:
		case <-ctx.Done():
			return overdue(ctx.Err())
		}
	}
}

// told says what a failure to make the indexes means.
func (s indexSet) told(err error) error {
	name := s.coll.Database().Name() + "." + s.coll.Name()
	switch {
	case err == nil:
		return nil
	case mongo.IsDuplicateKeyError(err):
		return tenant.Wrap(tenant.CodeUnavailable, err,
			"documents in "+name+" have the field layout and share what must be unique; another program wrote them: look for them and take them out")
	case hasCode(err, codeIndexOptionsConflict, codeIndexKeySpecsConflict):
		return tenant.Wrap(tenant.CodeUnavailable, err,
			"an index of "+name+" stands in the way of one of orgd's; drop it, and orgd makes its own at the next start")
	default:
		return fmt.Errorf("make the indexes of %s: %w", name, err)
	}
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
		{db.main.Collection("organizations"), orgDoc{}, []mongo.IndexModel{
			claimIndex(), outboxIndex(),
			index("state", bson.D{e("state", 1), e("_id", 1)}),
			index("name", bson.D{e("name_key", 1), e("_id", 1)}),
			index("unsettled", bson.D{e("op.id", 1)}, e("op.id", exists())),
			index("trashed", bson.D{e("deleted_at", 1)}, e("deleted_at", exists())),
			index("due", bson.D{e("due_at", 1)}, e("due_at", exists())),
		}},
		{db.main.Collection("users"), userDoc{}, []mongo.IndexModel{
			claimIndex(), outboxIndex(),
			index("members", bson.D{e("memberships.organization", 1), e("_id", 1)}),
		}},
		{db.main.Collection("operators"), operatorDoc{}, []mongo.IndexModel{claimIndex(), outboxIndex()}},
		{db.main.Collection("audit"), auditDoc{}, []mongo.IndexModel{unique("chain", bson.D{e("organization", 1), e("seq", 1)})}},
		{db.main.Collection("places"), ownerDoc{}, []mongo.IndexModel{index("organization", bson.D{e("organization", 1)})}},
		{db.private.Collection("keys"), keyDoc{}, []mongo.IndexModel{outboxIndex()}},
		{db.private.Collection("sessions"), sessionDoc{}, []mongo.IndexModel{index("expiry", bson.D{e("expires_at", 1)})}},
		{db.private.Collection("idempotency"), recordDoc{}, []mongo.IndexModel{
			index("caller", bson.D{e("caller", 1), e("expires_at", 1)}),
			index("expiry", bson.D{e("expires_at", 1)}),
		}},
		{db.private.Collection("throttle"), counterDoc{}, []mongo.IndexModel{{
			Keys:    bson.D{e("forget_at", 1)},
			Options: options.Index().SetName("forget").SetExpireAfterSeconds(0),
		}}},
	}
}

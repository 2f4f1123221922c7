package mongo

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

const (
	// transferTime bounds one command of a transfer beside its context: more than any of them takes.
	transferTime = time.Hour
	// addAtOnce is how many records one command of an Add has at most.
	addAtOnce = 1000
)

// transfer returns the store as it is.
func (db *DB) transfer() store.Transfer {
	c := db.catalog
	c.cap = transferTime
	return store.Transfer{
		Orgs:        table[tenant.Organization]{c, ofKind(orgKind), db.main.Collection("organizations"), db.relay},
		Users:       table[tenant.User]{c, ofKind(userKind), db.main.Collection("users"), db.relay},
		Operators:   table[tenant.Operator]{c, ofKind(operatorKind), db.main.Collection("operators"), db.relay},
		Sessions:    table[tenant.Session]{c, sessionRows, db.private.Collection("sessions"), nil},
		Keys:        table[tenant.Key]{c, ofKind(keyKind), db.private.Collection("keys"), db.relay},
		Idempotency: table[store.IdempotencyRecord]{c, recordRows, db.private.Collection("idempotency"), nil},
		Audit:       table[tenant.AuditEntry]{c, entryRows, db.relay.audit, db.relay},
		Homes:       homes{documents{c, c.cap, db.owners}},
		Standing:    standing{db.catalog, db.private.Collection(metaCollection)},
	}
}

// table is all records of one noun of the catalog. Documents of others in its collection, and tombstones, are no records.
type table[T any] struct {
	calls
	rows[T]
	coll *mongo.Collection
	// relay moves what waits for the log in outboxes; nil where the noun has neither outboxes nor to do with the log.
	relay *relay
}

// Scan implements store.Table.
func (t table[T]) Scan(ctx context.Context, after *T, limit int) (list []T, err error) {
	if after == nil {
		if err := t.settle(ctx); err != nil {
			return nil, err
		}
	}
	ranges, err := t.behind(after)
	for _, keys := range ranges {
		if err != nil || len(list) == limit {
			break
		}
		filter := append(bson.D{e(fieldLayout, living())}, keys...)
		n := limit - len(list)
		o := options.Find().SetSort(t.order).SetLimit(int64(n)).SetBatchSize(batch(n)).SetProjection(bson.M{fieldOutbox: 0})
		err = t.read(ctx, func(ctx context.Context) error {
			return each(ctx, t.coll, filter, o, func(raw bson.Raw) error {
				v, err := t.unpack(raw)
				list = append(list, v)
				return err
			})
		})
	}
	return list, err
}

// settle moves what waits in outboxes to the log.
func (t table[T]) settle(ctx context.Context) error {
	if t.relay == nil {
		return nil
	}
	return t.relay.settle(ctx)
}

// Add implements store.Table.
func (t table[T]) Add(ctx context.Context, records []T) error {
	for some := range slices.Chunk(records, addAtOnce) {
		docs := make([]bson.Raw, len(some))
		for i, v := range some {
			var err error
			if docs[i], err = t.document(v); err != nil {
				return translate(err)
			}
		}
		for len(docs) > 0 {
			left, err := t.insertAll(ctx, t.coll, docs, options.InsertMany())
			if err != nil {
				return err
			}
			if docs, err = t.compare(ctx, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare looks for what kept documents from being inserted, and returns those that nothing keeps from it any more.
func (t table[T]) compare(ctx context.Context, docs []bson.Raw) (again []bson.Raw, err error) {
	if len(docs) == 0 {
		return nil, nil
	}
	there, err := t.find(ctx, docs)
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		id := idText(doc)
		found, ok := there[id]
		switch layout, _ := found.Lookup(fieldLayout).AsInt64OK(); {
		case !ok:
			return nil, tenant.Errorf(tenant.CodeConflict, "%s %s has a name, an address or a number that another one has", t.noun, id)
		case layout == tombstone:
			if err := t.relay.drainOne(ctx, t.coll, id); err != nil {
				return nil, err
			}
			again = append(again, doc)
			continue
		}
		same, err := t.same(found, doc)
		if err != nil {
			return nil, translate(err)
		}
		if !same {
			return nil, tenant.Errorf(tenant.CodeConflict, "%s %s is there already, and differs from the one to be added", t.noun, id)
		}
	}
	return again, nil
}

// find returns what is there under the ids of documents.
func (t table[T]) find(ctx context.Context, docs []bson.Raw) (map[string]bson.Raw, error) {
	ids, there := make([]string, len(docs)), map[string]bson.Raw{}
	for i, doc := range docs {
		ids[i] = idText(doc)
	}
	o := options.Find().SetBatchSize(batch(len(ids)))
	err := t.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.coll, bson.M{"_id": bson.M{"$in": ids}}, o, func(raw bson.Raw) error {
			there[idText(raw)] = bytes.Clone(raw)
			return nil
		})
	})
	return there, err
}

// idText returns the id of a document of the catalog.
func idText(doc bson.Raw) string {
	id, _ := doc.Lookup("_id").StringValueOK()
	return id
}

// Clear implements store.Table. What waits in outboxes goes to the log first, so that nothing of it comes there later.
func (t table[T]) Clear(ctx context.Context) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	return t.repeat(ctx, func(ctx context.Context) error {
		_, err := t.coll.DeleteMany(ctx, bson.M{fieldLayout: written()})
		return err
	})
}

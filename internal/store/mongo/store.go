package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Store returns the contract's interfaces over the databases.
func (db *DB) Store() store.Store {
	limit := db.opts.DocumentTime
	hurried := db.catalog
	hurried.cap, hurried.patience = limit*3/4, limit/4
	return store.Store{
		Orgs:         orgs{newShelf(db, db.main.Collection("organizations"), orgKind)},
		Users:        users{newShelf(db, db.main.Collection("users"), userKind)},
		Operators:    operators{newShelf(db, db.main.Collection("operators"), operatorKind)},
		Sessions:     sessions{db.catalog, db.private.Collection("sessions")},
		Keys:         keys{newShelf(db, db.private.Collection("keys"), keyKind)},
		Documents:    documents{hurried, hurried.cap, db.owners},
		Places:       places{db.owners},
		Audit:        audit{db.relay},
		Instances:    db.instances(),
		Throttle:     db.throttle(),
		Idempotency:  idempotency{db.catalog, db.private.Collection("idempotency")},
		Installation: installation{db.catalog, db.private.Collection("installation")},
		Transfer:     db.transfer(),
		Health:       health{db},
	}
}

// throttle returns the counters of attempts.
func (db *DB) throttle() throttle {
	return throttle{db.catalog, db.private.Collection("throttle"), db.opts.Now}
}

// newShelf returns a shelf over a collection of the catalog.
func newShelf[V any](db *DB, coll *mongo.Collection, k kind[V]) shelf[V] {
	return shelf[V]{calls: db.catalog, kind: k, coll: coll, relay: db.relay, turns: newStripes()}
}

// health tells whether the server can serve.
type health struct{ db *DB }

// Ping implements store.Health.
func (h health) Ping(ctx context.Context) error {
	return h.db.catalog.read(ctx, func(ctx context.Context) error {
		var hello struct {
			Writable bool `bson:"isWritablePrimary"`
		}
		if err := h.db.main.RunCommand(ctx, bson.D{e("hello", 1)}).Decode(&hello); err != nil {
			return err
		}
		if !hello.Writable {
			return tenant.Errorf(tenant.CodeUnavailable, "the database has no primary that takes writes")
		}
		if err := h.db.relay.check(); err != nil {
			return err
		}
		return h.db.catalog.disk.check()
	})
}

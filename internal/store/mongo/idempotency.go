package mongo

import (
	"context"
	"errors"
	"maps"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// idempotency keeps the records of requests with an Idempotency-Key, in the private database.
type idempotency struct {
	calls
	coll *mongo.Collection
}

type recordDoc struct {
	Key         string         `bson:"_id"`
	Layout      int            `bson:"layout"`
	Caller      string         `bson:"caller"`
	Fingerprint string         `bson:"fingerprint"`
	ResourceID  string         `bson:"resource_id"`
	OwnerID     string         `bson:"owner_id"`
	WriteID     string         `bson:"write_id"`
	Done        bool           `bson:"done"`
	LeaseUntil  *bson.DateTime `bson:"lease_until"`
	ExpiresAt   *bson.DateTime `bson:"expires_at"`
}

// packRecord returns the document of a record.
func packRecord(r store.IdempotencyRecord) recordDoc {
	return recordDoc{
		Key: r.Key, Layout: rowLayout, Caller: r.Caller, Fingerprint: r.Fingerprint, ResourceID: r.ResourceID, OwnerID: r.OwnerID,
		WriteID: r.WriteID, Done: r.Done, LeaseUntil: moment(r.LeaseUntil), ExpiresAt: moment(r.ExpiresAt),
	}
}

func (d *recordDoc) unpack() store.IdempotencyRecord {
	return store.IdempotencyRecord{
		Key: d.Key, Caller: d.Caller, Fingerprint: d.Fingerprint, ResourceID: d.ResourceID, OwnerID: d.OwnerID,
		WriteID: d.WriteID, Done: d.Done, LeaseUntil: timeOf(d.LeaseUntil), ExpiresAt: timeOf(d.ExpiresAt),
	}
}

// Begin implements store.Idempotency.
func (t idempotency) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int,
) (none store.IdempotencyRecord, began bool, err error) {
	for {
		known, err := t.find(ctx, record.Key)
		switch {
		case err == nil && known.ExpiresAt.After(now):
			return known, false, nil
		case err != nil && !isMissing(err):
			return none, false, err
		}
		if err := t.room(ctx, record.Caller, now, perCaller); err != nil {
			return none, false, err
		}
		if err == nil {
			err = t.replace(ctx, record, known)
		} else {
			err = t.insert(ctx, record)
		}
		if err == nil {
			d := packRecord(record)
			return d.unpack(), true, nil
		}
		if !errors.Is(err, errLost) && !errors.Is(err, errTaken) {
			return none, false, err
		}
	}
}

// find returns a record, or an error for which isMissing holds.
func (t idempotency) find(ctx context.Context, key string) (store.IdempotencyRecord, error) {
	var d recordDoc
	err := t.read(ctx, func(ctx context.Context) error { return t.coll.FindOne(ctx, bson.M{"_id": key}).Decode(&d) })
	return d.unpack(), err
}

// room returns CodeLimit if the caller has as many records as it may have.
func (t idempotency) room(ctx context.Context, caller string, now time.Time, perCaller int) error {
	return t.read(ctx, func(ctx context.Context) error {
		live := bson.M{"caller": caller, "expires_at": bson.M{"$gt": moment(now)}}
		n, err := t.coll.CountDocuments(ctx, live, options.Count().SetLimit(int64(perCaller)))
		if err == nil && n >= int64(perCaller) {
			return tenant.Errorf(tenant.CodeLimit,
				"too many requests with an Idempotency-Key are remembered; use fewer of them, or wait a day")
		}
		return err
	})
}

// insert stores the first record of a key; errTaken if another request did.
func (t idempotency) insert(ctx context.Context, record store.IdempotencyRecord) error {
	return t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, packRecord(record))
		return err
	}, t.stored(record))
}

// replace puts a record in place of an expired one; errLost if another request did.
func (t idempotency) replace(ctx context.Context, record, expired store.IdempotencyRecord) error {
	filter := bson.M{"_id": expired.Key, "write_id": expired.WriteID, "expires_at": moment(expired.ExpiresAt)}
	return t.write(ctx, func(ctx context.Context) error {
		result, err := t.coll.UpdateOne(ctx, filter, bson.M{"$set": packRecord(record)})
		if err == nil && result.MatchedCount == 0 {
			return errLost
		}
		return err
	}, t.stored(record))
}

// stored looks whether the record is there: its write id is one request's alone.
func (t idempotency) stored(record store.IdempotencyRecord) func(context.Context) fate {
	return func(ctx context.Context) fate {
		if found, err := t.find(ctx, record.Key); err == nil && found.WriteID == record.WriteID {
			return done
		}
		return unclear
	}
}

// TakeOver implements store.Idempotency.
func (t idempotency) TakeOver(ctx context.Context, key string, lease, next time.Time) error {
	err := t.set(ctx, bson.M{"_id": key, "done": false, "lease_until": moment(lease)}, bson.M{"lease_until": moment(next)})
	if errors.Is(err, errLost) {
		return tenant.Errorf(tenant.CodeConflict, "the first request with this Idempotency-Key went on, or another one took it over")
	}
	return err
}

// Finish implements store.Idempotency.
func (t idempotency) Finish(ctx context.Context, key string) error {
	err := t.set(ctx, bson.M{"_id": key}, bson.M{"done": true})
	if errors.Is(err, errLost) {
		return tenant.Errorf(tenant.CodeNotFound, "there is no record of this Idempotency-Key")
	}
	return err
}

// set changes fields of the record that the filter finds; errLost if it finds none. An answer that was lost is looked for
// in the fields.
func (t idempotency) set(ctx context.Context, filter, fields bson.M) error {
	return t.write(ctx, func(ctx context.Context) error {
		result, err := t.coll.UpdateOne(ctx, filter, bson.M{"$set": fields})
		if err == nil && result.MatchedCount == 0 {
			return errLost
		}
		return err
	}, func(ctx context.Context) fate {
		after := bson.M{"_id": filter["_id"]}
		maps.Copy(after, fields)
		if n, err := t.coll.CountDocuments(ctx, after); err == nil && n > 0 {
			return done
		}
		return unclear
	})
}

// Forget implements store.Idempotency.
func (t idempotency) Forget(ctx context.Context, key string) error {
	return t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.DeleteOne(ctx, bson.M{"_id": key})
		return err
	}, func(ctx context.Context) fate {
		if _, err := t.find(ctx, key); isMissing(err) {
			return done
		}
		return unclear
	})
}

// PurgeExpired implements store.Idempotency.
func (t idempotency) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return t.purge(ctx, t.coll, before, limit)
}

var _ store.Idempotency = idempotency{}

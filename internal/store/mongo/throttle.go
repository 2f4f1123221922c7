package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// throttle keeps counters of attempts, in the private database. The server computes each level in the update itself, so
// that no addition is lost; an index removes counters that have been forgotten.
type throttle struct {
	calls
	coll *mongo.Collection
	now  func() time.Time
}

type counterDoc struct {
	Key       string         `bson:"_id"`
	Layout    int            `bson:"layout"`
	Level     float64        `bson:"level"`
	ChangedAt *bson.DateTime `bson:"changed_at"`
	ExpiresAt *bson.DateTime `bson:"expires_at"`
	// ForgetAt is when the database's server may remove the counter, by its own clock.
	ForgetAt *bson.DateTime `bson:"forget_at"`
}

// clockSlack is how far the clock of the database's server may be ahead of ours without a counter being forgotten early.
// That it lies there longer than it counts harms nothing.
const clockSlack = 10 * time.Minute

// forget returns when a counter that is changed now may be removed. It is by our clock and not by the caller's, since an
// index compares it with the clock of the database's server.
func (t throttle) forget(leak store.Leak) *bson.DateTime {
	return moment(t.now().Add(leak.TTL + clockSlack))
}

// Add implements store.Throttle.
func (t throttle) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (level float64, err error) {
	if delta == 0 {
		return t.look(ctx, key, leak, now)
	}
	now = tenant.Millis(now)
	for range tries {
		level, err = t.change(ctx, key, t.addition(delta, leak, now))
		if !tenant.IsCode(err, tenant.CodeNotFound) {
			return level, err
		}
		err = t.begin(ctx, key, max(0, delta), leak, now)
		if !errors.Is(err, errTaken) {
			return max(0, delta), err
		}
	}
	return 0, tenant.Errorf(tenant.CodeUnavailable, "a counter comes and goes; try again")
}

// tries is how often an addition looks for its counter: one that another caller has begun meanwhile is found the second
// time, unless it was forgotten in between.
const tries = 5

// change updates a counter that is there; CodeNotFound if it is not. It is no upsert: an engine was seen to let two upserts
// of one new key both begin it.
func (t throttle) change(ctx context.Context, key string, update mongo.Pipeline) (float64, error) {
	o := options.FindOneAndUpdate().SetReturnDocument(options.After)
	var d counterDoc
	err := t.write(ctx, func(ctx context.Context) error {
		return missing(t.coll.FindOneAndUpdate(ctx, bson.M{"_id": key}, update, o).Decode(&d), "counter")
	}, func(context.Context) fate { return unclear })
	return d.Level, err
}

// begin adds a counter.
func (t throttle) begin(ctx context.Context, key string, level float64, leak store.Leak, now time.Time) error {
	d := counterDoc{
		Key: key, Layout: rowLayout, Level: level, ChangedAt: moment(now), ExpiresAt: moment(now.Add(leak.TTL)),
		ForgetAt: t.forget(leak),
	}
	return t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, d)
		return err
	}, func(context.Context) fate { return unclear })
}

// look returns the level without changing anything.
func (t throttle) look(ctx context.Context, key string, leak store.Leak, now time.Time) (level float64, err error) {
	err = t.read(ctx, func(ctx context.Context) error {
		var d counterDoc
		err := t.coll.FindOne(ctx, bson.M{"_id": key}).Decode(&d)
		if isMissing(err) {
			return nil
		}
		if now := tenant.Millis(now); err == nil && now.Before(timeOf(d.ExpiresAt)) {
			level = max(0, d.Level-leak.PerSecond*max(0, now.Sub(timeOf(d.ChangedAt)).Seconds()))
		}
		return err
	})
	return level, err
}

// addition is the update that lets the level leak since the last change and then adds to it.
func (t throttle) addition(delta float64, leak store.Leak, now time.Time) mongo.Pipeline {
	at := bson.NewDateTimeFromTime(now)
	op := func(name string, args ...any) bson.D { return bson.D{e(name, bson.A(args))} }
	passed := op("$max", 0.0, op("$divide", op("$subtract", at, "$changed_at"), 1000.0))
	leaked := op("$max", 0.0, op("$subtract", "$level", op("$multiply", leak.PerSecond, passed)))
	before := op("$cond", op("$gt", "$expires_at", at), leaked, 0.0)
	return mongo.Pipeline{{e("$set", bson.D{
		e("level", op("$max", 0.0, op("$add", before, delta))),
		e("changed_at", at),
		e("expires_at", moment(now.Add(leak.TTL))),
		e("forget_at", t.forget(leak)),
	})}}
}

// maxCounters bounds the counters; at the bound those that expire first are forgotten.
const maxCounters = 100_000

// trim forgets the counters beyond the bound that expire first.
func (t throttle) trim(ctx context.Context, bound int64) error {
	return t.read(ctx, func(ctx context.Context) error {
		n, err := t.coll.EstimatedDocumentCount(ctx)
		if err != nil || n <= bound {
			return err
		}
		var last counterDoc // of those that go
		o := options.FindOne().SetSort(bson.D{e("forget_at", 1)}).SetSkip(n - bound - 1)
		if err := t.coll.FindOne(ctx, bson.M{}, o).Decode(&last); err != nil {
			return missing(err, "counter")
		}
		_, err = t.coll.DeleteMany(ctx, bson.M{"forget_at": bson.M{"$lte": last.ForgetAt}})
		return err
	})
}

var _ store.Throttle = throttle{}

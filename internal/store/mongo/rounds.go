package mongo

import (
	"context"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// boxesPerRound bounds the documents of one collection that one round looks at; the next one takes more.
const boxesPerRound = 200

// round moves what has lain in an outbox for a while. Younger entries wait: one that was posted earlier, in a document that
// was looked at before, must not come behind them.
func (r *relay) round(ctx context.Context) error {
	until := r.now().Add(-relayPeriod).UnixNano()
	due, err := r.due(ctx, until)
	if err != nil {
		return err
	}
	return r.drainAll(ctx, due, until)
}

// settle moves everything that lies in outboxes, and returns when they are empty.
func (r *relay) settle(ctx context.Context) error {
	for {
		due, err := r.due(ctx, math.MaxInt64)
		if err != nil || len(due) == 0 {
			return err
		}
		if err := r.drainAll(ctx, due, 0); err != nil {
			return err
		}
	}
}

// due returns entries that were posted until then, of as many documents as one round looks at.
func (r *relay) due(ctx context.Context, until int64) (due outbox, err error) {
	o := options.Find().SetProjection(bson.M{fieldOutbox: 1}).SetLimit(boxesPerRound)
	for _, source := range r.sources {
		err := r.read(ctx, func(ctx context.Context) error {
			return each(ctx, source, bson.M{fieldOutbox + ".organization": exists()}, o, func(raw bson.Raw) error {
				letters, err := readOutbox(raw)
				for _, l := range letters {
					if l.Posted <= until {
						due = append(due, l)
					}
				}
				return err
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return due, nil
}

// failedRounds is how many rounds in a row fail until the store counts as unwell: half a minute, so that a restart of the
// database is none.
const failedRounds = 30

// check says that the relay is stuck. Outboxes fill then, and what finds one full is refused.
func (r *relay) check() error {
	if n := r.failed.Load(); n >= failedRounds {
		return tenant.Errorf(tenant.CodeUnavailable, "audit entries have not been moved to the log for %d attempts, one a second; the log says why", n)
	}
	return nil
}

// boxesPerCount bounds the documents of one collection whose outboxes are counted.
const boxesPerCount = 10_000

// Outbox returns how many audit entries wait in outboxes. It looks at 10,000 documents of each collection at most: where
// more have entries, there are at least as many as it says.
func (db *DB) Outbox(ctx context.Context) (entries int64, err error) {
	for _, source := range db.relay.sources {
		err := db.relay.read(ctx, func(ctx context.Context) error {
			n, err := waiting(ctx, source)
			entries += n
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return entries, nil
}

// waiting counts the entries in the outboxes of one collection.
func waiting(ctx context.Context, source *mongo.Collection) (int64, error) {
	cursor, err := source.Aggregate(ctx, mongo.Pipeline{
		{e("$match", bson.M{fieldOutbox + ".organization": exists()})},
		{e("$limit", boxesPerCount)},
		{e("$group", bson.M{"_id": nil, "entries": bson.M{"$sum": bson.M{"$size": "$" + fieldOutbox}}})},
	})
	if err != nil {
		return 0, err
	}
	var sums []struct {
		Entries int64 `bson:"entries"`
	}
	if err := cursor.All(ctx, &sums); err != nil || len(sums) == 0 {
		return 0, err
	}
	return sums[0].Entries, nil
}

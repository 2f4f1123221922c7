package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// boxesPerRound bounds the documents of one collection that one round looks at; the next one takes more.
const boxesPerRound = 200

// round moves what has lain in an outbox for a while. Younger entries wait: one that was posted earlier, in a document that
// was looked at before, must not come behind them.
func (r *relay) round(ctx context.Context) error {
	until := r.now().Add(-relayPeriod).UnixNano()
	o := options.Find().SetProjection(bson.M{fieldOutbox: 1}).SetLimit(boxesPerRound)
	var due outbox
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
			return err
		}
	}
	return r.drainAll(ctx, due, until)
}

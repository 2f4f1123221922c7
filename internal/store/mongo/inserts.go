package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// insertAll inserts many documents, and returns those for which a unique key was in the way. Where an answer was lost, these are
// among others the ones that were inserted then.
func (c calls) insertAll(ctx context.Context, coll *mongo.Collection, docs []bson.Raw, o *options.InsertManyOptionsBuilder,
) (left []bson.Raw, err error) {
	err = c.repeat(ctx, func(ctx context.Context) error {
		_, err := coll.InsertMany(ctx, docs, o.SetOrdered(false))
		left, err = keptOut(docs, err)
		return err
	})
	return left, err
}

// keptOut returns the documents that an insert of many left out for a unique key, or the error if something else was wrong too.
func keptOut(docs []bson.Raw, err error) (left []bson.Raw, _ error) {
	many, ok := errors.AsType[mongo.BulkWriteException](err)
	if !ok || many.WriteConcernError != nil {
		return nil, err
	}
	for _, one := range many.WriteErrors {
		refusal := mongo.WriteException{WriteErrors: mongo.WriteErrors{one.WriteError}, Labels: many.Labels}
		if !mongo.IsDuplicateKeyError(refusal) {
			return nil, refusal // and not the first one, which may be about a key
		}
		left = append(left, docs[one.Index])
	}
	return left, nil
}

package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// surveyTime bounds one look at all documents of a collection, which nobody waits for.
const surveyTime = time.Minute

// survey are calls that look at everything: their caller waits for nothing else meanwhile.
func (db *DB) survey() calls {
	c := db.catalog
	c.cap = surveyTime
	return c
}

// bcryptOf finds hashes of bcrypt whose cost is 4 to 15, as the embedded store does.
const bcryptOf = `^\$2[aby]\$(0[4-9]|1[0-5])\$`

// DearestHash returns one of the stored password hashes with the highest bcrypt cost, "" where there is none, so that failed
// logins cost as much as the dearest account from the first one on. It looks at every account, for a minute at most.
func (db *DB) DearestHash(ctx context.Context) (hash string, err error) {
	err = db.survey().read(ctx, func(ctx context.Context) error {
		dearest := ""
		for _, accounts := range []string{"users", "operators"} {
			cost, found, err := dearestOf(ctx, db.main.Collection(accounts))
			if err != nil {
				return err
			}
			if cost > dearest {
				dearest, hash = cost, found
			}
		}
		return nil
	})
	return hash, err
}

// dearestOf returns the highest cost in a collection of accounts, in two digits, and a hash of that cost.
func dearestOf(ctx context.Context, accounts *mongo.Collection) (cost, hash string, err error) {
	cursor, err := accounts.Aggregate(ctx, mongo.Pipeline{
		{e("$match", bson.M{"password_hash": bson.M{"$regex": bcryptOf}, fieldLayout: living()})},
		{e("$group", bson.M{"_id": bson.M{"$substrBytes": bson.A{"$password_hash", 4, 2}}, "hash": bson.M{"$first": "$password_hash"}})},
		{e("$sort", bson.M{"_id": -1})},
		{e("$limit", 1)},
	})
	if err != nil {
		return "", "", err
	}
	var best []struct {
		Cost string `bson:"_id"`
		Hash string `bson:"hash"`
	}
	if err := cursor.All(ctx, &best); err != nil || len(best) == 0 {
		return "", "", err
	}
	return best[0].Cost, best[0].Hash, nil
}

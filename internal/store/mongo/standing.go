package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// standing keeps what the store as a whole is for, in one document, which is missing until the first change. It is in the private
// database: applications have no business with it.
type standing struct {
	calls
	coll *mongo.Collection
}

// theStanding is the id of its document.
const theStanding = "standing"

type standingDoc struct {
	One          string         `bson:"_id"`
	Layout       int            `bson:"layout"`
	Phase        string         `bson:"phase"`
	Peer         string         `bson:"peer"`
	Installation string         `bson:"installation"`
	Since        *bson.DateTime `bson:"since"`
	WriteID      string         `bson:"write_id"`
}

// packStanding returns the document of a standing that a write makes.
func packStanding(v tenant.Standing, writeID string) standingDoc {
	return standingDoc{theStanding, rowLayout, string(v.Phase), v.Peer, v.Installation, moment(v.Since), writeID}
}

func (d *standingDoc) unpack() tenant.Standing {
	return tenant.Standing{Phase: tenant.Phase(d.Phase), Peer: d.Peer, Installation: d.Installation, Since: timeOf(d.Since)}
}

// Get implements store.Standing.
func (t standing) Get(ctx context.Context) (v tenant.Standing, err error) {
	err = t.read(ctx, func(ctx context.Context) error {
		d, err := t.find(ctx)
		v = d.unpack()
		return err
	})
	return v, err
}

// find returns the document, a zero one if there is none.
func (t standing) find(ctx context.Context) (d standingDoc, err error) {
	err = t.coll.FindOne(ctx, bson.M{"_id": theStanding}).Decode(&d)
	if isMissing(err) {
		return standingDoc{}, nil
	}
	return d, err
}

// Swap implements store.Standing.
func (t standing) Swap(ctx context.Context, old, next tenant.Standing) error {
	d := packStanding(next, tenant.NewID())
	err := errTaken
	if before := packStanding(old, ""); before.unpack() == (tenant.Standing{}) {
		err = t.attempt(ctx, d.WriteID, func(ctx context.Context) error {
			_, err := t.coll.InsertOne(ctx, d)
			return err
		})
	}
	if errors.Is(err, errTaken) { // it is there
		err = t.attempt(ctx, d.WriteID, func(ctx context.Context) error { return t.replace(ctx, old, d) })
	}
	if errors.Is(err, errLost) {
		return tenant.Errorf(tenant.CodeConflict, "what the store is for changed meanwhile; look at it again")
	}
	return err
}

// replace puts a document in the place of the old one; errLost if another one is there.
func (t standing) replace(ctx context.Context, old tenant.Standing, d standingDoc) error {
	filter := bson.M{
		"_id": theStanding, "phase": string(old.Phase), "peer": old.Peer, "installation": old.Installation, "since": moment(old.Since),
	}
	result, err := t.coll.UpdateOne(ctx, filter, bson.M{"$set": d})
	if err == nil && result.MatchedCount == 0 {
		return errLost
	}
	return err
}

// attempt makes a write, and finds it by its id where the answer was lost.
func (t standing) attempt(ctx context.Context, writeID string, fn func(context.Context) error) error {
	return t.write(ctx, fn, func(ctx context.Context) fate {
		if d, err := t.find(ctx); err == nil && d.WriteID == writeID {
			return done
		}
		return unclear
	})
}

var _ store.Standing = standing{}

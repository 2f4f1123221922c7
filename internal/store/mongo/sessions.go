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

// sessions keeps logins, in the private database.
type sessions struct {
	calls
	coll *mongo.Collection
}

type sessionDoc struct {
	ID           string         `bson:"_id"`
	Layout       int            `bson:"layout"`
	User         string         `bson:"user,omitempty"`
	Organization string         `bson:"organization,omitempty"`
	Operator     string         `bson:"operator,omitempty"`
	Generation   int64          `bson:"generation"`
	CreatedAt    *bson.DateTime `bson:"created_at,omitempty"`
	AuthTime     *bson.DateTime `bson:"auth_time,omitempty"`
	ExpiresAt    *bson.DateTime `bson:"expires_at,omitempty"`
	EndedAt      *bson.DateTime `bson:"ended_at,omitempty"`
}

func packSession(l tenant.Session) sessionDoc {
	return sessionDoc{
		ID: string(l.ID), Layout: rowLayout, User: string(l.User), Organization: string(l.Org), Operator: string(l.Operator),
		Generation: l.Generation, CreatedAt: moment(l.CreatedAt), AuthTime: moment(l.AuthTime), ExpiresAt: moment(l.ExpiresAt),
		EndedAt: moment(l.EndedAt),
	}
}

func (d *sessionDoc) unpack() tenant.Session {
	return tenant.Session{
		ID: tenant.SessionID(d.ID), User: tenant.UserID(d.User), Org: tenant.OrgID(d.Organization),
		Operator: tenant.OperatorID(d.Operator), Generation: d.Generation, CreatedAt: timeOf(d.CreatedAt), AuthTime: timeOf(d.AuthTime),
		ExpiresAt: timeOf(d.ExpiresAt), EndedAt: timeOf(d.EndedAt),
	}
}

// Insert implements store.Sessions.
func (t sessions) Insert(ctx context.Context, l tenant.Session) error {
	d := packSession(l)
	err := t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, d)
		return err
	}, func(ctx context.Context) fate {
		var found sessionDoc
		if err := t.coll.FindOne(ctx, bson.M{"_id": d.ID}).Decode(&found); err != nil || found.unpack() != d.unpack() {
			return unclear
		}
		return done
	})
	if errors.Is(err, errTaken) {
		return idTaken("session")
	}
	return err
}

// Get implements store.Sessions.
func (t sessions) Get(ctx context.Context, id tenant.SessionID) (tenant.Session, error) {
	var d sessionDoc
	err := t.read(ctx, func(ctx context.Context) error {
		return missing(t.coll.FindOne(ctx, bson.M{"_id": string(id)}).Decode(&d), "session")
	})
	return d.unpack(), err
}

// End implements store.Sessions.
func (t sessions) End(ctx context.Context, id tenant.SessionID, at time.Time) error {
	ended, matched := moment(at), false
	err := t.write(ctx, func(ctx context.Context) error {
		result, err := t.coll.UpdateOne(ctx, bson.M{"_id": string(id), "ended_at": nil}, bson.M{"$set": bson.M{"ended_at": ended}})
		matched = err == nil && result.MatchedCount > 0
		return err
	}, func(ctx context.Context) fate {
		n, err := t.coll.CountDocuments(ctx, bson.M{"_id": string(id), "ended_at": exists()})
		if err == nil && n > 0 {
			matched = true
			return done
		}
		return unclear
	})
	if err != nil || matched {
		return err
	}
	_, err = t.Get(ctx, id) // it has ended already, or was never there
	return err
}

// PurgeExpired implements store.Sessions.
func (t sessions) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return t.purge(ctx, t.coll, before, limit)
}

// purge removes at most limit documents that expired before the time.
func (c calls) purge(ctx context.Context, coll *mongo.Collection, before time.Time, limit int) (n int, err error) {
	var ids []bson.RawValue
	o := options.Find().SetSort(bson.D{e("expires_at", 1)}).SetLimit(int64(limit)).SetProjection(bson.M{"_id": 1})
	due := bson.M{"$lt": moment(before)}
	err = c.read(ctx, func(ctx context.Context) error {
		return each(ctx, coll, bson.M{"expires_at": due}, o, func(raw bson.Raw) error {
			ids = append(ids, clone(raw.Lookup("_id")))
			return nil
		})
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = c.write(ctx, func(ctx context.Context) error {
		result, err := coll.DeleteMany(ctx, bson.M{"_id": bson.M{"$in": ids}, "expires_at": due})
		if err == nil {
			n = int(result.DeletedCount)
		}
		return err
	}, func(context.Context) fate { return unclear })
	return n, err
}

var _ store.Sessions = sessions{}

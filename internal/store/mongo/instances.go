package mongo

import (
	"context"
	"errors"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// instances keeps the servers that run on this database.
type instances struct {
	calls
	coll *mongo.Collection
}

type instanceDoc struct {
	ID        string         `bson:"_id"`
	Layout    int            `bson:"layout"`
	Version   string         `bson:"version"`
	StartedAt *bson.DateTime `bson:"started_at,omitempty"`
	Counter   int64          `bson:"counter"`
	Acks      []ackDoc       `bson:"acks,omitempty"`
}

type ackDoc struct {
	Organization string `bson:"organization"`
	Epoch        int64  `bson:"epoch"`
}

// packAcks returns a map as a list: ids are no names of fields.
func packAcks(acks map[tenant.OrgID]int64) (list []ackDoc) {
	for _, org := range slices.Sorted(maps.Keys(acks)) {
		list = append(list, ackDoc{string(org), acks[org]})
	}
	return list
}

func (d *instanceDoc) unpack() tenant.Instance {
	i := tenant.Instance{ID: tenant.InstanceID(d.ID), Version: d.Version, StartedAt: timeOf(d.StartedAt), Counter: d.Counter}
	for _, ack := range d.Acks {
		if i.Acks == nil {
			i.Acks = map[tenant.OrgID]int64{}
		}
		i.Acks[tenant.OrgID(ack.Organization)] = ack.Epoch
	}
	return i
}

// Register implements store.Instances.
func (t instances) Register(ctx context.Context, i tenant.Instance) error {
	d := instanceDoc{string(i.ID), rowLayout, i.Version, moment(i.StartedAt), i.Counter, packAcks(i.Acks)}
	err := t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, d)
		return err
	}, func(ctx context.Context) fate { // the id is one run of one process: nobody else inserts it
		return t.reached(ctx, i.ID, i.Counter)
	})
	if errors.Is(err, errTaken) {
		return idTaken("server")
	}
	return err
}

// reached says whether a heartbeat arrived.
func (t instances) reached(ctx context.Context, id tenant.InstanceID, counter int64) fate {
	n, err := t.coll.CountDocuments(ctx, bson.M{"_id": string(id), "counter": counter})
	if err == nil && n > 0 {
		return done
	}
	return unclear
}

// Beat implements store.Instances.
func (t instances) Beat(ctx context.Context, id tenant.InstanceID, counter int64, acks map[tenant.OrgID]int64) error {
	filter := bson.M{"_id": string(id), "counter": bson.M{"$lt": counter}, fieldLayout: living()}
	change := bson.M{"$set": bson.M{"counter": counter, "acks": packAcks(acks)}}
	late := false
	err := t.write(ctx, func(ctx context.Context) error {
		result, err := t.coll.UpdateOne(ctx, filter, change)
		late = err == nil && result.MatchedCount == 0
		return err
	}, func(ctx context.Context) fate { return t.reached(ctx, id, counter) })
	if err != nil || !late {
		return err
	}
	return t.read(ctx, func(ctx context.Context) error {
		if err := t.coll.FindOne(ctx, bson.M{"_id": string(id)}).Err(); err != nil {
			return missing(err, "server on the list")
		}
		return tenant.Errorf(tenant.CodeConflict, "a later heartbeat of this server came first")
	})
}

// List implements store.Instances.
func (t instances) List(ctx context.Context) (list []tenant.Instance, err error) {
	o := options.Find().SetSort(bson.D{e("_id", 1)})
	err = t.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.coll, bson.M{fieldLayout: living()}, o, func(raw bson.Raw) error {
			var d instanceDoc
			err := bson.Unmarshal(raw, &d)
			list = append(list, d.unpack())
			return err
		})
	})
	return list, err
}

// Remove implements store.Instances.
func (t instances) Remove(ctx context.Context, id tenant.InstanceID) error {
	return t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.DeleteOne(ctx, bson.M{"_id": string(id)})
		return err
	}, func(ctx context.Context) fate {
		if err := t.coll.FindOne(ctx, bson.M{"_id": string(id)}).Err(); isMissing(err) {
			return done
		}
		return unclear
	})
}

var _ store.Instances = instances{}

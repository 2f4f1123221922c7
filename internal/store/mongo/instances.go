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
	db   *DB
}

// instances returns the list of servers.
func (db *DB) instances() instances {
	return instances{db.catalog, db.main.Collection("instances"), db}
}

type instanceDoc struct {
	ID        string         `bson:"_id"`
	Layout    int            `bson:"layout"`
	Version   string         `bson:"version"`
	StartedAt *bson.DateTime `bson:"started_at,omitempty"`
	Counter   int64          `bson:"counter"`
	Acks      []ackDoc       `bson:"acks,omitempty"`
	BeatAt    *bson.DateTime `bson:"beat_at,omitempty"`
	Dead      bool           `bson:"dead"`
	// Layouts are those that the server's binary reads and writes. An id is one run of one binary, so they are written once.
	Layouts *span `bson:"layouts,omitempty"`
}

type ackDoc struct {
	Organization string `bson:"organization"`
	Epoch        int64  `bson:"epoch"`
	Uncertain    bool   `bson:"uncertain,omitempty"`
}

// packAcks returns a map as a list: ids are no names of fields.
func packAcks(acks map[tenant.OrgID]tenant.Ack) (list []ackDoc) {
	for _, org := range slices.Sorted(maps.Keys(acks)) {
		list = append(list, ackDoc{string(org), acks[org].Epoch, acks[org].Uncertain})
	}
	return list
}

func (d *instanceDoc) unpack() tenant.Instance {
	i := tenant.Instance{
		ID: tenant.InstanceID(d.ID), Version: d.Version, StartedAt: timeOf(d.StartedAt), Dead: d.Dead,
		Heartbeat: tenant.Heartbeat{Counter: d.Counter, At: timeOf(d.BeatAt)},
	}
	for _, ack := range d.Acks {
		if i.Acks == nil {
			i.Acks = map[tenant.OrgID]tenant.Ack{}
		}
		i.Acks[tenant.OrgID(ack.Organization)] = tenant.Ack{Epoch: ack.Epoch, Uncertain: ack.Uncertain}
	}
	return i
}

// Register implements store.Instances. It refuses where the databases are, or are coming, to a layout that this binary does not
// read, and from then on nothing of them is read or written by this process: one that was declared dead comes back by this way,
// and nobody has waited for it.
func (t instances) Register(ctx context.Context, i tenant.Instance) error {
	if err := t.insert(ctx, i); err != nil {
		return err
	}
	found, err := t.db.layout(ctx)
	if err == nil {
		return nil
	}
	_ = t.Remove(ctx, i.ID) // else it is declared dead
	if found.ID != "" {
		t.outdated.note(err)
	}
	return err
}

// insert adds a server to the list.
func (t instances) insert(ctx context.Context, i tenant.Instance) error {
	layouts := t.db.span()
	d := instanceDoc{
		string(i.ID), rowLayout, i.Version, moment(i.StartedAt), i.Counter, packAcks(i.Acks), moment(i.At), i.Dead, &layouts,
	}
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
func (t instances) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	filter := bson.M{"counter": bson.M{"$lt": beat.Counter}, "dead": false}
	change := bson.M{"counter": beat.Counter, "acks": packAcks(beat.Acks), "beat_at": moment(beat.At)}
	reached := func(ctx context.Context) fate { return t.reached(ctx, id, beat.Counter) }
	stored, err := t.change(ctx, id, filter, change, reached)
	switch {
	case err != nil || stored == nil:
		return err
	case stored.Dead:
		return tenant.Errorf(tenant.CodeNotFound, "the server was declared dead")
	default:
		return tenant.Errorf(tenant.CodeConflict, "a later heartbeat of this server came first")
	}
}

// DeclareDead implements store.Instances.
func (t instances) DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error {
	stored, err := t.change(ctx, id, bson.M{"counter": counter, "dead": false}, bson.M{"dead": true}, func(ctx context.Context) fate {
		n, err := t.coll.CountDocuments(ctx, bson.M{"_id": string(id), "dead": true})
		if err == nil && n > 0 {
			return done
		}
		return unclear
	})
	if err != nil || stored == nil || stored.Dead {
		return err
	}
	return tenant.Errorf(tenant.CodeConflict, "the server has sent another heartbeat")
}

// change sets fields of a server's document if it is as the filter says, else returns what is stored.
func (t instances) change(ctx context.Context, id tenant.InstanceID, filter, fields bson.M, look func(context.Context) fate,
) (stored *instanceDoc, err error) {
	filter["_id"], filter[fieldLayout] = string(id), living()
	missed := false
	err = t.write(ctx, func(ctx context.Context) error {
		result, err := t.coll.UpdateOne(ctx, filter, bson.M{"$set": fields})
		missed = err == nil && result.MatchedCount == 0
		return err
	}, look)
	if err != nil || !missed {
		return nil, err
	}
	err = t.read(ctx, func(ctx context.Context) error {
		stored = &instanceDoc{}
		return missing(t.coll.FindOne(ctx, bson.M{"_id": string(id)}).Decode(stored), "server on the list")
	})
	return stored, err
}

// List implements store.Instances.
func (t instances) List(ctx context.Context) (list []tenant.Instance, err error) {
	all, err := t.docs(ctx)
	for i := range all {
		list = append(list, all[i].unpack())
	}
	return list, err
}

// docs returns all servers on the list, as they are stored.
func (t instances) docs(ctx context.Context) (all []instanceDoc, err error) {
	o := options.Find().SetSort(bson.D{e("_id", 1)})
	err = t.read(ctx, func(ctx context.Context) error {
		all = nil
		return each(ctx, t.coll, bson.M{fieldLayout: living()}, o, func(raw bson.Raw) error {
			var d instanceDoc
			err := bson.Unmarshal(raw, &d)
			all = append(all, d)
			return err
		})
	})
	return all, err
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

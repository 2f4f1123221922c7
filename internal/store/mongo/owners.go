package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// owners keeps the records that say which collections are whose, and makes, moves and drops those.
type owners struct {
	calls
	log     *slog.Logger
	client  *mongo.Client
	main    string // the database of places that name none
	records *mongo.Collection
	known   *facts
	asking  inquiries
	// guards says that the server takes the UUID of the collection that an insert means.
	guards bool
}

// namespace is the physical name of a collection.
type namespace struct{ database, name string }

// id is the record's key.
func (n namespace) id() string { return n.database + "." + n.name }

// identity is a collection's UUID.
type identity []byte

// is reports whether this collection is there and the one that the record names.
func (i identity) is(uuid identity) bool { return i != nil && bytes.Equal(i, uuid) }

// The states of a record.
const (
	// making: the collection is being made, and nobody may use it.
	making = "making"
	// arriving: it is on the way from another name.
	arriving = "arriving"
	// ready: it is there.
	ready = "ready"
)

// ownerDoc is the record of one collection.
type ownerDoc struct {
	ID           string         `bson:"_id"`
	Layout       int            `bson:"layout"`
	Database     string         `bson:"database"`
	Collection   string         `bson:"collection"`
	Organization string         `bson:"organization"`
	State        string         `bson:"state"`
	Token        string         `bson:"token"`
	UUID         identity       `bson:"uuid,omitempty"`
	Collections  []string       `bson:"collections,omitempty"` // further ones, name.x; nothing makes any yet
	CreatedAt    *bson.DateTime `bson:"created_at,omitempty"`
	// Origin names the organization of another service from which the collection was adopted. It goes along with each move.
	Origin string `bson:"origin,omitempty"`
}

// owning returns the record of a collection that is to be made.
func owning(org tenant.OrgID, token string) ownerDoc {
	return ownerDoc{Layout: rowLayout, Organization: string(org), State: making, Token: token}
}

// homePrefix begins the names of tenants' collections, gravePrefix those in the trash.
const (
	homePrefix  = "org_"
	gravePrefix = "trash_"
)

// home returns the physical name of a place. No placement reaches a collection of the catalog, or another cluster.
func (o *owners) home(place tenant.Place) (namespace, error) {
	p := place.Placement
	if p.Cluster != "" || !strings.HasPrefix(p.Namespace, homePrefix) {
		return namespace{}, tenant.Errorf(tenant.CodeUnavailable, "this server does not reach the place of the organization's data")
	}
	if p.Database != "" {
		return namespace{p.Database, p.Namespace}, nil
	}
	return namespace{o.main, p.Namespace}, nil
}

// grave returns the name under which an operation trashes a collection of a database.
func (o *owners) grave(database string, org tenant.OrgID, op tenant.OperationID) namespace {
	return namespace{database, gravePrefix + string(org) + "_" + string(op)}
}

// graves returns the records of what an operation of an organization trashed, in whatever database it lies.
func (o *owners) graves(ctx context.Context, org tenant.OrgID, op tenant.OperationID) (list []ownerDoc, err error) {
	name := o.grave(o.main, org, op).name
	err = o.read(ctx, func(ctx context.Context) error {
		return each(ctx, o.records, bson.M{"organization": string(org), "collection": name, fieldLayout: living()}, options.Find(),
			func(raw bson.Raw) error {
				var d ownerDoc
				err := bson.Unmarshal(raw, &d)
				list = append(list, d)
				return err
			})
	})
	return list, err
}

// collection returns a collection by its physical name.
func (o *owners) collection(n namespace) *mongo.Collection {
	return o.client.Database(n.database).Collection(n.name)
}

// find returns the record of a name, or an error for which isMissing holds.
func (o *owners) find(ctx context.Context, n namespace) (d ownerDoc, err error) {
	return d, o.read(ctx, func(ctx context.Context) error {
		return o.records.FindOne(ctx, bson.M{"_id": n.id(), fieldLayout: living()}).Decode(&d)
	})
}

// findAll returns the records of those of the names that have one.
func (o *owners) findAll(ctx context.Context, names ...namespace) (map[namespace]*ownerDoc, error) {
	found, ids := map[namespace]*ownerDoc{}, make([]string, len(names))
	for i, n := range names {
		ids[i] = n.id()
	}
	err := o.read(ctx, func(ctx context.Context) error {
		return each(ctx, o.records, bson.M{"_id": bson.M{"$in": ids}, fieldLayout: living()}, options.Find(), func(raw bson.Raw) error {
			var d ownerDoc
			err := bson.Unmarshal(raw, &d)
			found[namespace{d.Database, d.Collection}] = &d
			return err
		})
	})
	return found, err
}

// findOwn returns the record of a name if it is the organization's, else nil.
func (o *owners) findOwn(ctx context.Context, n namespace, org tenant.OrgID) (*ownerDoc, error) {
	d, err := o.find(ctx, n)
	if isMissing(err) || err == nil && d.Organization != string(org) {
		return nil, nil
	}
	return &d, err
}

// claim writes the record of a name that has none, and returns what is there in the end.
func (o *owners) claim(ctx context.Context, n namespace, d ownerDoc) (ownerDoc, error) {
	d.ID, d.Database, d.Collection, d.CreatedAt = n.id(), n.database, n.name, moment(time.Now())
	err := o.write(ctx, func(ctx context.Context) error {
		_, err := o.records.InsertOne(ctx, d)
		return err
	}, func(ctx context.Context) fate {
		if found, err := o.find(ctx, n); err == nil && found.Token == d.Token {
			return done
		}
		return unclear
	})
	if errors.Is(err, errTaken) {
		return o.find(ctx, n)
	}
	return d, err
}

// settle marks a record ready for use. One that is gone, or another's by now, was settled by a later act.
func (o *owners) settle(ctx context.Context, n namespace, d ownerDoc, uuid identity) error {
	return o.write(ctx, func(ctx context.Context) error {
		_, err := o.records.UpdateOne(ctx, bson.M{"_id": n.id(), "organization": d.Organization, "token": d.Token},
			bson.M{"$set": bson.M{"state": ready, "uuid": uuid}})
		return err
	}, func(ctx context.Context) fate {
		if found, err := o.find(ctx, n); err == nil && found.State == ready {
			return done
		}
		return unclear
	})
}

// disown removes the organization's record of a name.
func (o *owners) disown(ctx context.Context, n namespace, org tenant.OrgID, token string) error {
	return o.write(ctx, func(ctx context.Context) error {
		_, err := o.records.DeleteOne(ctx, bson.M{"_id": n.id(), "organization": string(org), "token": token})
		return err
	}, func(ctx context.Context) fate {
		if found, err := o.find(ctx, n); isMissing(err) || err == nil && found.Token != token {
			return done
		}
		return unclear
	})
}

// look returns the identities of those of the collections that exist, and perhaps of others. All are in one database.
func (o *owners) look(ctx context.Context, names ...namespace) (map[string]identity, error) {
	wanted, database := make([]string, len(names)), names[0].database
	for i, n := range names {
		wanted[i] = n.name
	}
	return o.asking.ask(ctx, database, wanted, func(ctx context.Context, names []string) (map[string]identity, error) {
		return o.list(ctx, database, names)
	})
}

// list asks the server.
func (o *owners) list(ctx context.Context, database string, names []string) (map[string]identity, error) {
	found := map[string]identity{}
	err := o.read(ctx, func(ctx context.Context) error {
		list, err := o.client.Database(database).ListCollectionSpecifications(ctx, bson.M{"name": bson.M{"$in": names}})
		for _, spec := range list {
			found[spec.Name] = identity{}
			if spec.UUID != nil {
				found[spec.Name] = spec.UUID.Data
			}
		}
		return err
	})
	return found, err
}

// create makes a collection, unless it is there.
func (o *owners) create(ctx context.Context, n namespace) error {
	return o.write(ctx, func(ctx context.Context) error {
		err := o.client.Database(n.database).CreateCollection(ctx, n.name)
		if hasCode(err, codeNamespaceExists) {
			return nil
		}
		return forbidden(err, "create", n)
	}, func(ctx context.Context) fate {
		if there, err := o.look(ctx, n); err == nil && there[n.name] != nil {
			return done
		}
		return unclear
	})
}

// rename moves the collection with the identity. It never replaces another one.
func (o *owners) rename(ctx context.Context, from, to namespace, uuid identity) error {
	return o.write(ctx, func(ctx context.Context) error {
		err := o.client.Database("admin").RunCommand(ctx, bson.D{e("renameCollection", from.id()), e("to", to.id()), byMajority()}).Err()
		return forbidden(err, "rename", from)
	}, func(ctx context.Context) fate {
		if there, err := o.look(ctx, from, to); err == nil && there[to.name].is(uuid) {
			return done
		}
		return unclear
	})
}

// drop removes a collection with all that is in it.
func (o *owners) drop(ctx context.Context, n namespace, uuid identity) error {
	return o.write(ctx, func(ctx context.Context) error {
		return forbidden(o.collection(n).Drop(ctx), "drop", n)
	}, func(ctx context.Context) fate {
		if there, err := o.look(ctx, n); err == nil && !there[n.name].is(uuid) {
			return done
		}
		return unclear
	})
}

// forbidden says which right it is that the database user lacks.
func forbidden(err error, verb string, n namespace) error {
	if !hasCode(err, codeUnauthorized) {
		return err
	}
	return tenant.Wrap(tenant.CodeUnavailable, err,
		fmt.Sprintf("the database user may not %s collections; give it the role readWrite on the database %s", verb, n.database))
}

// empty reports whether an organization's collection has no document, its own or another's.
func (o *owners) empty(ctx context.Context, n namespace, org tenant.OrgID) (empty bool, err error) {
	err = o.read(ctx, func(ctx context.Context) error {
		err := o.collection(n).FindOne(ctx, bson.M{}, options.FindOne().SetComment(string(org))).Err()
		if empty = isMissing(err); empty {
			return nil
		}
		return err
	})
	return empty, err
}

// forget drops what this process believes of the names.
func (o *owners) forget(names ...namespace) {
	for _, n := range names {
		o.known.forget(n)
	}
}

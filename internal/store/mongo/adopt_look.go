package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// asked is how many ids or claims one question is about.
const asked = 1000

// Collections returns what lies in the other service's database, by name.
func (f *Foreign) Collections(ctx context.Context) (map[string]store.ForeignCollection, error) {
	return f.list(ctx, f.own)
}

func (f *Foreign) list(ctx context.Context, db *DB) (map[string]store.ForeignCollection, error) {
	specs, err := db.client.Database(f.database).ListCollectionSpecifications(ctx, bson.D{})
	if err != nil {
		return nil, f.unread(err)
	}
	found := make(map[string]store.ForeignCollection, len(specs))
	for _, spec := range specs {
		c := store.ForeignCollection{Kind: spec.Type}
		if spec.UUID != nil {
			c.UUID = spec.UUID.Data
		}
		found[spec.Name] = classify(c, spec.Options)
	}
	return found, nil
}

// classify tells what is no plain collection. With a collation ids that differ in case may be one; what has encrypted fields cannot be
// renamed.
func classify(c store.ForeignCollection, o bson.Raw) store.ForeignCollection {
	if c.Kind != "collection" {
		return c
	}
	capped, _ := o.Lookup("capped").BooleanOK()
	locale, _ := o.Lookup("collation", "locale").StringValueOK()
	switch {
	case capped:
		c.Kind = "capped"
	case o.Lookup("encryptedFields").Type != 0:
		c.Kind = "encrypted"
	case locale != "" && locale != "simple":
		c.Kind = "collated"
	}
	return c
}

// Homes returns the collections that orgd has a record of: those in the other service's database, and those that were adopted from
// it, wherever they are now.
func (f *Foreign) Homes(ctx context.Context) ([]store.ForeignHome, error) {
	var homes []store.ForeignHome
	filter := bson.M{fieldLayout: living(), "$or": bson.A{bson.M{"database": f.database}, bson.M{"origin": exists()}}}
	err := each(ctx, f.own.main.Collection("places"), filter, options.Find(), func(raw bson.Raw) error {
		var d ownerDoc
		err := bson.Unmarshal(raw, &d)
		homes = append(homes, store.ForeignHome{Database: d.Database, Collection: d.Collection, Org: tenant.OrgID(d.Organization), Origin: d.Origin})
		return err
	})
	if err != nil {
		return nil, f.unread(err)
	}
	for start := 0; start < len(homes); start += asked {
		if err := f.states(ctx, homes[start:min(start+asked, len(homes))]); err != nil {
			return nil, err
		}
	}
	return homes, nil
}

// orgStanding is what of an organization tells how an adoption ended.
type orgStanding struct {
	ID            string       `bson:"_id"`
	State         tenant.State `bson:"state"`
	DirectWriters bool         `bson:"direct_writers"`
}

// states fills in how the organizations of homes stand.
func (f *Foreign) states(ctx context.Context, homes []store.ForeignHome) error {
	ids := make([]string, len(homes))
	for i := range homes {
		ids[i] = string(homes[i].Org)
	}
	orgs := map[string]orgStanding{}
	filter := bson.M{"_id": bson.M{"$in": ids}, fieldLayout: living()}
	err := each(ctx, f.own.main.Collection("organizations"), filter, options.Find().SetProjection(bson.M{"state": 1, "direct_writers": 1}), func(raw bson.Raw) error {
		var d orgStanding
		err := bson.Unmarshal(raw, &d)
		orgs[d.ID] = d
		return err
	})
	for i := range homes {
		org := orgs[string(homes[i].Org)]
		homes[i].State, homes[i].DirectWriters = org.State, org.DirectWriters
	}
	return f.unreadable(err)
}

func (f *Foreign) unreadable(err error) error {
	if err == nil {
		return nil
	}
	return f.unread(err)
}

// Taken returns those of the claims that an organization or user of orgd holds, and who.
func (f *Foreign) Taken(ctx context.Context, claims []tenant.Claim) (map[tenant.Claim]string, error) {
	holders := map[tenant.Claim]string{}
	for start := 0; start < len(claims); start += asked {
		some := texts[string](claims[start:min(start+asked, len(claims))])
		for _, name := range []string{"organizations", "users"} {
			filter := bson.M{fieldClaims: bson.M{"$in": some}, fieldLayout: living()}
			fields := options.Find().SetProjection(bson.M{fieldClaims: 1})
			err := each(ctx, f.own.main.Collection(name), filter, fields, func(raw bson.Raw) error {
				var d struct {
					ID     string   `bson:"_id"`
					Claims []string `bson:"claims"`
				}
				err := bson.Unmarshal(raw, &d)
				for _, claim := range d.Claims {
					holders[tenant.Claim(claim)] = d.ID
				}
				return err
			})
			if err != nil {
				return nil, f.unread(err)
			}
		}
	}
	return holders, nil
}

package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// installation keeps what is fixed for good, in one document.
type installation struct {
	calls
	coll *mongo.Collection
}

// theInstallation is the id of its document.
const theInstallation = "installation"

type installationDoc struct {
	One       string         `bson:"_id"`
	Layout    int            `bson:"layout"`
	ID        string         `bson:"id"`
	Issuer    string         `bson:"issuer"`
	CreatedAt *bson.DateTime `bson:"created_at,omitempty"`
}

// Found implements store.Installation.
func (t installation) Found(ctx context.Context, i tenant.Installation) (tenant.Installation, error) {
	d := installationDoc{theInstallation, rowLayout, i.ID, i.Issuer, moment(i.CreatedAt)}
	err := t.write(ctx, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, d)
		return err
	}, func(ctx context.Context) fate {
		if _, err := t.find(ctx); err != nil {
			return unclear
		}
		return done
	})
	if err != nil && !errors.Is(err, errTaken) {
		return tenant.Installation{}, err
	}
	return t.stored(ctx)
}

// SetIssuer implements store.Installation. The write may be made twice: only the first finds none.
func (t installation) SetIssuer(ctx context.Context, issuer string) (tenant.Installation, error) {
	err := t.repeat(ctx, func(ctx context.Context) error {
		_, err := t.coll.UpdateOne(ctx, bson.M{"_id": theInstallation, "issuer": ""}, bson.M{"$set": bson.M{"issuer": issuer}})
		return err
	})
	if err != nil {
		return tenant.Installation{}, err
	}
	return t.stored(ctx)
}

// stored reads the installation.
func (t installation) stored(ctx context.Context) (stored tenant.Installation, err error) {
	err = t.read(ctx, func(ctx context.Context) (err error) {
		stored, err = t.find(ctx)
		return missing(err, "installation")
	})
	return stored, err
}

// find returns the installation, or mongo.ErrNoDocuments.
func (t installation) find(ctx context.Context) (tenant.Installation, error) {
	var d installationDoc
	err := t.coll.FindOne(ctx, bson.M{"_id": theInstallation}).Decode(&d)
	return tenant.Installation{ID: d.ID, Issuer: d.Issuer, CreatedAt: timeOf(d.CreatedAt)}, err
}

var _ store.Installation = installation{}

package bulk

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/mongo"
	"github.com/orgd/orgd/internal/tenant"
)

// FillMongo makes a database of the MongoDB server with n active organizations that have neither owners nor places for data:
// enough for who looks them up. They are inserted through the store, one after the other.
func FillMongo(ctx context.Context, uri, database string, n int) ([]Org, error) {
	db, err := mongo.Open(ctx, mongo.Options{URI: uri, Database: database})
	if err != nil {
		return nil, err
	}
	made := make([]Org, 0, n)
	for i := range n {
		o := newOrg(i)
		if err = insertOrg(ctx, db.Store(), o); err != nil {
			break
		}
		made = append(made, o)
	}
	return made, errors.Join(err, db.Close(context.WithoutCancel(ctx)))
}

func insertOrg(ctx context.Context, s store.Store, o Org) error {
	place := tenant.Placement{Level: tenant.LevelCollection, Namespace: tenant.NamespaceOf(o.Slug)}
	now := tenant.Millis(time.Now())
	return s.Orgs.Insert(ctx, tenant.Organization{
		ID: o.ID, Name: o.Name, Slug: o.Slug, State: tenant.StateActive, Placement: place,
		Claims: tenant.IdentityClaims(o.Name, o.Slug, place), Epoch: 1, CreatedAt: now, UpdatedAt: now,
	}, tenant.Upkeep{Reason: "fill a database"})
}

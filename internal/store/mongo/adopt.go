package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// Claim makes the collection of a foreign organization that of an organization of orgd, and returns that one's id. The
// collection is not touched: its owner record is all that is written, and before the catalog knows the organization, so that
// nobody else gets the collection meanwhile. origin names the foreign organization; an adoption that is begun anew gets the same id.
// CodeConflict if the collection is not the one with the UUID, or another organization's.
func (db *DB) Claim(ctx context.Context, database, collection string, uuid []byte, origin string) (tenant.OrgID, error) {
	home := namespace{database, collection}
	defer db.owners.forget(home)
	there, err := db.owners.look(ctx, home)
	if err != nil {
		return "", err
	}
	if !there[collection].is(uuid) {
		return "", tenant.Errorf(tenant.CodeConflict, "the collection %s is another one than a moment ago", home.id())
	}
	d := owning(tenant.OrgID(tenant.NewID()), tenant.NewID())
	d.State, d.UUID, d.Origin = ready, there[collection], origin
	owner, err := db.owners.claim(ctx, home, d)
	switch {
	case err != nil:
		return "", err
	case owner.Origin == origin && there[collection].is(owner.UUID):
		return tenant.OrgID(owner.Organization), nil
	default:
		return db.reclaim(ctx, home, owner, d)
	}
}

// reclaim takes over the record of an adoption that was cut short: of another foreign organization, or of a collection that has been
// made anew since then.
func (db *DB) reclaim(ctx context.Context, home namespace, owner, next ownerDoc) (tenant.OrgID, error) {
	id := tenant.OrgID(owner.Organization)
	_, err := db.Store().Orgs.Get(ctx, id)
	switch {
	case err != nil && !tenant.IsCode(err, tenant.CodeNotFound):
		return "", err
	case err == nil || owner.Origin == "":
		return "", tenant.Errorf(tenant.CodeConflict, "the collection %s belongs to organization %s", home.id(), id)
	}
	err = db.owners.write(ctx, func(ctx context.Context) error {
		_, err := db.owners.records.UpdateOne(ctx, bson.M{"_id": home.id(), "organization": owner.Organization, "token": owner.Token},
			bson.M{"$set": bson.M{"origin": next.Origin, "uuid": next.UUID, "token": next.Token}})
		return err
	}, func(context.Context) fate { return done }) // it is read below
	if err != nil {
		return "", err
	}
	found, err := db.owners.find(ctx, home)
	if err == nil && found.Token != next.Token {
		err = tenant.Errorf(tenant.CodeConflict, "the collection %s is being adopted by another command", home.id())
	}
	return id, err
}

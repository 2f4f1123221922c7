package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// places makes, moves and removes tenants' collections. Each has an owner record under its physical name, written before
// the collection is made and removed after it is gone; a collection without one is a stranger's, and is left alone. The
// record's token goes with the data through every move, so that a move that was cut short is told from another's home.
type places struct {
	owners *owners
}

// Create implements store.Places.
func (t places) Create(ctx context.Context, place tenant.Place) error {
	home, err := t.owners.home(place)
	if err != nil {
		return err
	}
	defer t.owners.forget(home)
	return surely(ctx, func() error { return t.create(ctx, place.Org, home) })
}

func (t places) create(ctx context.Context, org tenant.OrgID, home namespace) error {
	there, err := t.owners.look(ctx, home)
	if err != nil {
		return err
	}
	var owner ownerDoc
	if there[home.name] == nil {
		owner, err = t.owners.claim(ctx, home, owning(org, tenant.NewID()))
	} else if owner, err = t.owners.find(ctx, home); isMissing(err) {
		return t.stranger(home)
	}
	switch {
	case err != nil:
		return err
	case owner.Organization != string(org):
		return tenant.Errorf(tenant.CodeConflict, "the place of the organization's data is taken by another organization")
	case owner.State == ready && there[home.name] != nil:
		return nil
	}
	return t.build(ctx, home, owner)
}

// build makes the collection of a record that was claimed when there was none.
func (t places) build(ctx context.Context, home namespace, owner ownerDoc) error {
	if err := t.owners.create(ctx, home); err != nil {
		return err
	}
	there, err := t.owners.look(ctx, home)
	if err != nil {
		return err
	}
	if there[home.name] == nil {
		return strange(tenant.CodeUnavailable, "the collection was made and is not there; try again")
	}
	return t.owners.settle(ctx, home, owner, there[home.name])
}

// stranger is the error about a collection that nobody made for an organization.
func (t places) stranger(home namespace) error {
	seen := strange(tenant.CodeConflict, "the place of the organization's data is taken by something else")
	seen.tell = func() {
		t.owners.log.Warn("a collection stands where an organization's data is to go, and is not orgd's; it is left alone",
			"database", home.database, "collection", home.name)
	}
	return seen
}

// Rename implements store.Places.
func (t places) Rename(ctx context.Context, from, to tenant.Place) error {
	if from.Org != to.Org {
		return tenant.Errorf(tenant.CodeConflict, "data never moves from one organization to another")
	}
	source, err := t.owners.home(from)
	if err != nil {
		return err
	}
	target, err := t.owners.home(to)
	if err != nil {
		return err
	}
	return t.move(ctx, from.Org, source, target)
}

// Trash implements store.Places.
func (t places) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	home, err := t.owners.home(place)
	if err != nil {
		return err
	}
	return t.move(ctx, place.Org, home, t.owners.grave(home.database, place.Org, op))
}

// Restore implements store.Places.
func (t places) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	home, err := t.owners.home(place)
	if err != nil {
		return err
	}
	return t.move(ctx, place.Org, t.owners.grave(home.database, place.Org, op), home)
}

// Drop implements store.Places.
func (t places) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	graves, err := t.owners.graves(ctx, org, op)
	if err != nil {
		return err
	}
	for _, grave := range graves {
		if err := t.dropGrave(ctx, org, grave); err != nil {
			return err
		}
	}
	return nil
}

// dropGrave drops the collection of a record in the trash, with the records of ways that led there or away. One that is not there yet
// still lies at home, and one that is not there any more may lie there again.
func (t places) dropGrave(ctx context.Context, org tenant.OrgID, grave ownerDoc) error {
	there, err := t.owners.look(ctx, grave.name())
	if err != nil {
		return err
	}
	if there[grave.Collection].is(grave.UUID) {
		if err := t.owners.disownOthers(ctx, grave); err != nil {
			return err
		}
	} else if grave.State == arriving {
		return nil
	}
	return t.remove(ctx, grave.name(), org, grave)
}

// disownOthers removes the other records of the collection that a record is about, which moves have left that were cut short and
// never repeated.
func (o *owners) disownOthers(ctx context.Context, d ownerDoc) error {
	others := bson.M{"organization": d.Organization, "token": d.Token, "uuid": d.UUID, "_id": bson.M{"$ne": d.ID}}
	return o.repeat(ctx, func(ctx context.Context) error {
		_, err := o.records.DeleteMany(ctx, others)
		return err
	})
}

// remove drops the collection of a record, and then the record.
func (t places) remove(ctx context.Context, home namespace, org tenant.OrgID, owner ownerDoc) error {
	defer t.owners.forget(home)
	there, err := t.owners.look(ctx, home)
	if err != nil {
		return err
	}
	if found := there[home.name]; found.is(owner.UUID) || found != nil && owner.UUID == nil {
		if err := t.owners.drop(ctx, home, owner.UUID); err != nil {
			return err
		}
	}
	return t.owners.disown(ctx, home, org, owner.Token)
}

// discarded is the operation under which homes of creations that are taken back lie in the trash for a moment.
const discarded tenant.OperationID = "discarded"

// Discard implements store.Places. Even an empty collection goes to the trash first: a drop that arrives late would take away
// what the next owner of the name has put there.
func (t places) Discard(ctx context.Context, place tenant.Place) error {
	home, err := t.owners.home(place)
	if err != nil {
		return err
	}
	owner, err := t.owners.findOwn(ctx, home, place.Org)
	if err != nil {
		return err
	}
	if owner != nil {
		if err := t.discard(ctx, home, *owner); err != nil {
			return err
		}
	}
	return t.Drop(ctx, place.Org, discarded)
}

// discard moves an empty home to the trash, or takes the record back where nothing was made yet.
func (t places) discard(ctx context.Context, home namespace, owner ownerDoc) error {
	org := tenant.OrgID(owner.Organization)
	empty, err := t.owners.empty(ctx, home, org)
	if err == nil && !empty {
		err = tenant.Errorf(tenant.CodeConflict, "the organization has documents already")
	}
	if err != nil {
		return err
	}
	grave := t.owners.grave(home.database, org, discarded)
	there, err := t.owners.look(ctx, home, grave)
	switch {
	case err != nil:
		return err
	case len(there) == 0:
		defer t.owners.forget(home)
		return errors.Join(t.owners.disown(ctx, grave, org, owner.Token), t.owners.disown(ctx, home, org, owner.Token))
	case owner.UUID == nil: // made, and not noted yet
		if err := t.owners.settle(ctx, home, owner, there[home.name]); err != nil {
			return err
		}
	}
	return t.move(ctx, org, home, grave)
}

var _ store.Places = places{}

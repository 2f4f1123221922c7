package mongo

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// update changes a document by compare-and-swap, again and again until the swap is not lost to another. Each loss means
// that another write won, and an attempt whose context is over ends with an error.
func (s *shelf[V]) update(ctx context.Context, id string, trail tenant.Trail, change func(*V) error) (V, error) {
	for {
		v, err := s.attempt(ctx, id, trail, change)
		if !errors.Is(err, errLost) {
			return v, err
		}
	}
}

// attempt makes one attempt at an update; errLost if another change came first.
func (s *shelf[V]) attempt(ctx context.Context, id string, trail tenant.Trail, change func(*V) error) (none V, err error) {
	entry, err := s.relay.letter(trail)
	if err != nil {
		return none, err
	}
	old, err := s.load(ctx, bson.M{"_id": id})
	if err != nil {
		return none, err
	}
	next := s.clone(&old.value)
	if err := change(&next); err != nil {
		return none, err
	}
	s.keep(&next, &old.value)
	*s.version(&next) = *s.version(&old.value) + 1
	before, err := bson.Marshal(s.pack(old.value))
	if err != nil {
		return none, translate(err)
	}
	after, err := bson.Marshal(s.pack(next))
	if err != nil {
		return none, translate(err)
	}
	release, err := s.turns.hold(ctx, added(s.holds(&old.value), s.holds(&next))...)
	if err != nil {
		return none, err
	}
	defer release()
	err = s.swap(ctx, id, old, delta(before, after), entry)
	if errors.Is(err, errTaken) {
		err = s.claimed(ctx, id, s.holds(&next))
	}
	if err != nil {
		return none, err
	}
	return s.unpack(after)
}

// added returns the claims that are in next alone.
func added(old, next []tenant.Claim) []string {
	return texts[string](slices.DeleteFunc(slices.Clone(next), func(c tenant.Claim) bool { return slices.Contains(old, c) }))
}

// swap writes fields of a document if its version is still the old one, with the entry into its outbox; errLost if it is
// not. An outbox that is full is relayed first.
func (s *shelf[V]) swap(ctx context.Context, id string, old kept[V], by edit, entry *letter) error {
	if entry != nil && old.outbox.full(entry) {
		if err := s.relay.drainOne(ctx, s.coll, id); err != nil {
			return err
		}
		return errLost // read it again, with room
	}
	writeID := tenant.NewID()
	by.set[fieldWriteID] = writeID
	change := bson.M{"$set": by.set}
	if len(by.unset) > 0 {
		change["$unset"] = by.unset
	}
	if entry != nil {
		change["$push"] = bson.M{fieldOutbox: entry}
	}
	version := *s.version(&old.value)
	filter := bson.M{"_id": id, fieldVersion: version, fieldLayout: living()}
	try := func(ctx context.Context) error {
		result, err := s.coll.UpdateOne(ctx, filter, change)
		if err == nil && result.MatchedCount == 0 {
			return errLost
		}
		return err
	}
	return s.write(ctx, try, func(ctx context.Context) fate { return s.swapped(ctx, id, version+1, writeID, try) })
}

// swapped settles a swap whose answer was lost. It is sent once more: whichever copy comes first takes effect, and the
// other one finds another version. Then the document tells who made the version.
func (s *shelf[V]) swapped(ctx context.Context, id string, version int64, writeID string, again func(context.Context) error) fate {
	switch err := again(ctx); {
	case err == nil:
		return done
	case !errors.Is(err, errLost):
		return unclear
	}
	m, err := s.mark(ctx, id)
	switch {
	case err != nil || m.Version > version:
		return unclear
	case m.WriteID == writeID:
		return done
	case m.Version == version:
		return refused
	default:
		return unclear
	}
}

// anyVersion is the version of a removal that takes whatever there is.
const anyVersion = -1

// remove deletes a document if its version is the given one, else CodeConflict. One that has entries in its outbox becomes
// a tombstone, without claims or fields, until the relay has moved them.
func (s *shelf[V]) remove(ctx context.Context, id string, version int64, trail tenant.Trail) error {
	entry, err := s.relay.letter(trail)
	if err != nil {
		return err
	}
	for {
		old, err := s.load(ctx, bson.M{"_id": id})
		if err != nil {
			return err
		}
		if current := *s.version(&old.value); version != anyVersion && version != current {
			return tenant.Errorf(tenant.CodeConflict, "the %s changed meanwhile", s.noun)
		}
		if entry == nil && len(old.outbox) == 0 {
			err = s.erase(ctx, id, *s.version(&old.value))
		} else {
			err = s.bury(ctx, id, old, entry)
		}
		if !errors.Is(err, errLost) {
			return err
		}
	}
}

// erase deletes a document that leaves nothing behind.
func (s *shelf[V]) erase(ctx context.Context, id string, version int64) error {
	filter := bson.M{"_id": id, fieldVersion: version, fieldLayout: living(), fieldOutbox + ".0": bson.M{"$exists": false}}
	return s.write(ctx, func(ctx context.Context) error {
		result, err := s.coll.DeleteOne(ctx, filter)
		if err == nil && result.DeletedCount == 0 {
			return errLost
		}
		return err
	}, func(ctx context.Context) fate {
		if _, err := s.mark(ctx, id); errors.Is(err, mongo.ErrNoDocuments) {
			return done // it was there when this call began
		}
		return unclear
	})
}

// bury makes a tombstone of a document.
func (s *shelf[V]) bury(ctx context.Context, id string, old kept[V], entry *letter) error {
	fields, err := bson.Marshal(s.pack(old.value))
	if err != nil {
		return translate(err)
	}
	by := edit{set: bson.M{fieldLayout: tombstone, fieldVersion: *s.version(&old.value) + 1, "deleted": moment(s.relay.now())}, unset: bson.M{}}
	for _, el := range elements(fields) {
		if key := el.Key(); key != "_id" && key != fieldVersion {
			by.unset[key] = ""
		}
	}
	return s.swap(ctx, id, old, by, entry)
}

// edit is a change of named fields.
type edit struct{ set, unset bson.M }

// delta returns what turns one document into another.
func delta(before, after bson.Raw) edit {
	by := edit{bson.M{}, bson.M{}}
	for _, el := range elements(after) {
		old, err := before.LookupErr(el.Key())
		if value := el.Value(); err != nil || old.Type != value.Type || !bytes.Equal(old.Value, value.Value) {
			by.set[el.Key()] = value
		}
	}
	for _, el := range elements(before) {
		if _, err := after.LookupErr(el.Key()); err != nil {
			by.unset[el.Key()] = ""
		}
	}
	return by
}

// elements returns the elements of a document that the driver has made or checked.
func elements(raw bson.Raw) []bson.RawElement {
	list, err := raw.Elements()
	if err != nil {
		return nil
	}
	return slices.Clip(list)
}

// isMissing reports the answer without a document.
func isMissing(err error) bool { return errors.Is(err, mongo.ErrNoDocuments) }

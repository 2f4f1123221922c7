package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// kind is what a shelf must know of the values that it keeps.
type kind[V any] struct {
	// noun is what one is called in sentences.
	noun string
	// pack returns the document of a value, a struct with bson tags that begins with _id; unpack is the way back.
	pack   func(V) any
	unpack func(bson.Raw) (V, error)
	clone  func(*V) V
	id     func(*V) string
	// version points at the version.
	version func(*V) *int64
	// keep puts back what an update does not change: id and moment of creation.
	keep func(next, old *V)
	// claims are the names that the value holds alone; nil where there are none.
	claims func(*V) []tenant.Claim
	// held is the error about a claim that another value holds.
	held func(claim tenant.Claim, holder *V) *store.ClaimError
}

// shelf is a collection of the catalog whose documents change by compare-and-swap on their version, and carry the audit
// entries of their changes in an outbox until the relay has moved them.
type shelf[V any] struct {
	calls
	kind[V]
	coll  *mongo.Collection
	relay *relay
	// turns are for claims: some engines find out about two inserts with a common one by a deadlock.
	turns *stripes
}

// kept is a document as it lies on the shelf.
type kept[V any] struct {
	value  V
	outbox outbox
}

// load returns a living document.
func (s *shelf[V]) load(ctx context.Context, filter bson.M) (k kept[V], err error) {
	filter[fieldLayout] = living()
	err = s.read(ctx, func(ctx context.Context) error {
		raw, err := s.coll.FindOne(ctx, filter).Raw()
		if err != nil {
			return missing(err, s.noun)
		}
		k, err = s.open(raw)
		return err
	})
	return k, err
}

// open reads a document.
func (s *shelf[V]) open(raw bson.Raw) (k kept[V], err error) {
	if k.value, err = s.unpack(raw); err != nil {
		return k, err
	}
	k.outbox, err = readOutbox(raw)
	return k, err
}

// get returns the value of a living document.
func (s *shelf[V]) get(ctx context.Context, filter bson.M) (V, error) {
	k, err := s.load(ctx, filter)
	return k.value, err
}

// list returns the values of living documents in ascending order of id.
func (s *shelf[V]) list(ctx context.Context, filter bson.M, limit int) (list []V, err error) {
	filter[fieldLayout] = living()
	o := options.Find().SetSort(bson.D{e("_id", 1)}).SetLimit(int64(limit)).SetBatchSize(batch(limit)).
		SetProjection(bson.M{fieldOutbox: 0})
	err = s.read(ctx, func(ctx context.Context) error {
		return each(ctx, s.coll, filter, o, func(raw bson.Raw) error {
			v, err := s.unpack(raw)
			list = append(list, v)
			return err
		})
	})
	return list, err
}

// batch is a size that brings a whole page in one answer.
func batch(limit int) int32 { return int32(min(limit, 10_000)) + 1 }

// each calls fn for each document that the filter finds.
func each(ctx context.Context, coll *mongo.Collection, filter any, o *options.FindOptionsBuilder, fn func(bson.Raw) error) error {
	cursor, err := coll.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	for cursor.Next(ctx) {
		if err := fn(cursor.Current); err != nil {
			return errors.Join(err, cursor.Close(ctx))
		}
	}
	return errors.Join(cursor.Err(), cursor.Close(ctx))
}

// insert adds a value at version 1.
func (s *shelf[V]) insert(ctx context.Context, v V, trail tenant.Trail) error {
	*s.version(&v) = 1
	entry, err := s.relay.letter(trail)
	if err != nil {
		return err
	}
	fields, err := bson.Marshal(s.pack(v))
	if err != nil {
		return translate(err)
	}
	id, writeID := s.id(&v), tenant.NewID()
	document := newDocument(fields, writeID, entry)
	release, err := s.turns.hold(ctx, texts[string](s.holds(&v))...)
	if err != nil {
		return err
	}
	defer release()
	for {
		err := s.write(ctx, func(ctx context.Context) error {
			_, err := s.coll.InsertOne(ctx, document)
			return err
		}, func(ctx context.Context) fate { return s.inserted(ctx, id, writeID) })
		if !errors.Is(err, errTaken) {
			return err
		}
		if err := s.inTheWay(ctx, id, writeID, s.holds(&v)); !errors.Is(err, errLost) {
			return err
		}
	}
}

// newDocument returns the whole document of fields that are new on a shelf.
func newDocument(fields bson.Raw, writeID string, entry *letter) bson.D {
	d := bson.D{}
	for _, el := range elements(fields) {
		d = append(d, e(el.Key(), el.Value()))
	}
	d = append(d, e(fieldLayout, rowLayout), e(fieldWriteID, writeID))
	if entry != nil {
		d = append(d, e(fieldOutbox, []*letter{entry}))
	}
	return d
}

// inserted says what became of an insert whose answer was lost.
func (s *shelf[V]) inserted(ctx context.Context, id, writeID string) fate {
	mark, err := s.mark(ctx, id)
	if err == nil && mark.WriteID == writeID {
		return done
	}
	return unclear
}

// mark is what tells one write of a document from another.
type mark struct {
	Layout  int    `bson:"layout"`
	Version int64  `bson:"version"`
	WriteID string `bson:"write_id"`
}

// mark reads the mark of a document, be it a tombstone.
func (s *shelf[V]) mark(ctx context.Context, id string) (m mark, err error) {
	o := options.FindOne().SetProjection(bson.M{fieldLayout: 1, fieldVersion: 1, fieldWriteID: 1})
	return m, s.coll.FindOne(ctx, bson.M{"_id": id}, o).Decode(&m)
}

// holds returns the claims of a value.
func (s *shelf[V]) holds(v *V) []tenant.Claim {
	if s.claims == nil {
		return nil
	}
	return s.claims(v)
}

// inTheWay returns the error about an insert that met a unique key; errLost if nothing is in the way any more, nil if it
// was the insert itself, sent twice.
func (s *shelf[V]) inTheWay(ctx context.Context, id, writeID string, claims []tenant.Claim) error {
	var m mark
	err := s.read(ctx, func(ctx context.Context) (err error) {
		m, err = s.mark(ctx, id)
		return err
	})
	switch {
	case err == nil && m.WriteID == writeID:
		return nil
	case err == nil && m.Layout == tombstone:
		return errors.Join(s.relay.drainOne(ctx, s.coll, id), errLost)
	case err == nil:
		return idTaken(s.noun)
	case !isMissing(err):
		return err
	}
	return s.claimed(ctx, id, claims)
}

// claimed returns the error about the first of the claims that another document holds; errLost if none does any more.
func (s *shelf[V]) claimed(ctx context.Context, self string, claims []tenant.Claim) error {
	holders := map[tenant.Claim]V{}
	filter := bson.M{fieldClaims: bson.M{"$in": claims}, fieldLayout: living(), "_id": bson.M{"$ne": self}}
	err := s.read(ctx, func(ctx context.Context) error {
		return each(ctx, s.coll, filter, options.Find(), func(raw bson.Raw) error {
			v, err := s.unpack(raw)
			for _, claim := range s.holds(&v) {
				holders[claim] = v
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if holder, ok := holders[claim]; ok {
			return s.held(claim, &holder)
		}
	}
	return errLost
}

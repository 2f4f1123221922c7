package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// An application may have put rules of its own on a tenant's collection: unique indexes and a validator. They hold for what
// orgd writes there as well, and whoever sends a document is told of them.

// takenError is [errTaken] with the fields of the unique key; none where the server does not tell them.
type takenError struct{ fields []string }

// Error implements error.
func (k *takenError) Error() string { return errTaken.Error() }

// Unwrap makes it an errTaken.
func (k *takenError) Unwrap() error { return errTaken }

// taken returns the error about a unique key that a server has refused a write for.
func taken(err error) error {
	var refusal bson.Raw
	if e, ok := errors.AsType[mongo.CommandError](err); ok {
		refusal = e.Raw
	}
	if e, ok := errors.AsType[mongo.WriteException](err); ok && len(e.WriteErrors) > 0 {
		refusal = e.WriteErrors[0].Raw
	}
	pattern, _ := refusal.Lookup("keyPattern").DocumentOK()
	return &takenError{keysOf(pattern)}
}

// keysOf returns the fields that the keys of an index name; nil for one that is not known.
func keysOf(keys bson.Raw) (fields []string) {
	for _, el := range elements(keys) {
		fields = append(fields, el.Key())
	}
	return fields
}

// onlyID is the key of the index that each collection has.
var onlyID = []string{"_id"}

// rival returns the error about an insert that a unique key refused although nothing has the document's id: CodeConflict if
// an index of an application was in the way, CodeIDTaken if a document had the id and is gone meanwhile.
func (d *desk) rival(ctx context.Context, refusal error) error {
	if key, ok := errors.AsType[*takenError](refusal); ok && key.fields != nil {
		if slices.Equal(key.fields, onlyID) {
			return idTaken("document")
		}
		return notUnique(key.fields)
	}
	all, err := d.uniques(ctx)
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		return idTaken("document")
	case len(all) == 1:
		return notUnique(all[0])
	default:
		return notUnique(nil)
	}
}

// uniques returns the fields of each unique index that an application has made on the collection.
func (d *desk) uniques(ctx context.Context) (all [][]string, err error) {
	err = d.read(ctx, func(ctx context.Context) error {
		var list []struct {
			Key    bson.Raw `bson:"key"`
			Unique bool     `bson:"unique"`
		}
		cursor, err := d.coll.Indexes().List(ctx)
		if err != nil {
			return err
		}
		err = cursor.All(ctx, &list)
		for _, index := range list {
			if fields := keysOf(index.Key); index.Unique && !slices.Equal(fields, onlyID) {
				all = append(all, fields)
			}
		}
		return err
	})
	return all, err
}

// unlike turns an update's refusal for a unique key into CodeConflict: it leaves the id as it is, so the index is an
// application's.
func unlike(err error) error {
	if key, ok := errors.AsType[*takenError](err); ok {
		return notUnique(key.fields)
	}
	return err
}

// notUnique is the error about a document that has the values of another one in the fields of a unique index.
func notUnique(fields []string) error {
	same := "the same values"
	if len(fields) > 0 {
		same = "the same value of " + strings.Join(fields, ", ")
	}
	return tenant.Errorf(tenant.CodeConflict,
		"a unique index of the collection, which an application made, refuses the document: another one has %s", same)
}

// validated turns the refusal of a collection's validator into CodeInvalid.
func validated(err error) error {
	if !hasCode(err, codeDocumentValidationFailure) {
		return err
	}
	return tenant.Invalid("body", "validator", "the collection's validator, which an application made, refuses the document")
}

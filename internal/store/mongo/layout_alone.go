package mongo

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// alone refuses a database where a unique index of another program keeps orgd from writing its own documents: it holds for
// those too, and two of them that lack its field are one too many. It writes nothing.
func (db *DB) alone(ctx context.Context) error {
	for _, set := range db.indexes() {
		found, err := set.foreign(ctx)
		if err != nil {
			return translate(err)
		}
		if found != "" {
			return tenant.Errorf(tenant.CodeConflict,
				"the unique index %s of %s.%s is another program's and keeps orgd from writing its own documents there; set ORGD_DATABASE to another name, or drop the index if nobody needs it",
				found, set.coll.Database().Name(), set.coll.Name())
		}
	}
	return nil
}

// foundIndex is an index as the server lists it.
type foundIndex struct {
	Name    string   `bson:"name"`
	Key     bson.Raw `bson:"key"`
	Unique  bool     `bson:"unique"`
	Sparse  bool     `bson:"sparse"`
	Partial bson.Raw `bson:"partialFilterExpression"`
}

// foreign returns the name of a unique index that is none of orgd's and holds for documents of orgd's; "" if there is none.
func (s indexSet) foreign(ctx context.Context) (string, error) {
	cursor, err := s.coll.Indexes().List(ctx)
	if hasCode(err, codeNamespaceNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var list []foundIndex
	err = cursor.All(ctx, &list)
	for _, index := range list {
		ours := index.Name == "_id_" || index.Partial.Lookup(fieldLayout).Type != 0
		if index.Unique && !ours && !s.apart(index) {
			return index.Name, err
		}
	}
	return "", err
}

// apart reports whether an index leaves out all documents of orgd's, since it is sparse and they never have its only field. An
// index that is partial or has several fields may do so too, and is not believed to.
func (s indexSet) apart(index foundIndex) bool {
	keys := elements(index.Key)
	if !index.Sparse || len(keys) != 1 {
		return false
	}
	field, _, _ := strings.Cut(keys[0].Key(), ".")
	return !strings.HasPrefix(field, "$") && !slices.Contains(s.fields(), field)
}

// fields are the names of all members that documents of orgd's have there at the top.
func (s indexSet) fields() []string {
	return append(tagsOf(reflect.TypeOf(s.row)), fieldLayout, fieldVersion, fieldWriteID, fieldOutbox, fieldClaims)
}

// tagsOf returns the names that a struct's fields have in documents.
func tagsOf(row reflect.Type) (names []string) {
	for field := range row.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("bson"), ",")
		if options == "inline" {
			names = append(names, tagsOf(field.Type)...)
		} else {
			names = append(names, name)
		}
	}
	return names
}

package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// service returns a database in which another program has a unique index, and the index's name.
func service(t *testing.T, o Options, collection string, keys bson.D, how *options.IndexOptionsBuilder) (db *mongo.Database, index string) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(o.URI))
	must(t, err)
	db = client.Database(o.Database)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		if err := errors.Join(db.Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Errorf("drop the service's database: %v", err)
		}
	})
	index, err = db.Collection(collection).Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: keys, Options: how.SetUnique(true)})
	must(t, err)
	return db, index
}

// A database in which another program's unique index holds for orgd's documents too is refused before anything is written.
func TestUniqueIndexOfAnotherProgram(t *testing.T) {
	for name, c := range map[string]struct {
		keys bson.D
		how  *options.IndexOptionsBuilder
	}{
		"of all documents":              {bson.D{e("phone", 1)}, options.Index()},
		"on a field of orgd's":          {bson.D{e("email", 1)}, options.Index().SetSparse(true)},
		"below a field of orgd's":       {bson.D{e("reset.code", 1)}, options.Index().SetSparse(true)},
		"on a field of each row":        {bson.D{e("outbox", 1)}, options.Index().SetSparse(true)},
		"on several fields":             {bson.D{e("phone", 1), e("fax", 1)}, options.Index().SetSparse(true)},
		"of some, by its own condition": {bson.D{e("phone", 1)}, options.Index().SetPartialFilterExpression(bson.D{e("phone", exists())})},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Database: "orgd_t_alone_" + tenant.NewID()[24:], URI: engine(t), tick: make(chan time.Time)}
			there, index := service(t, o, "users", c.keys, c.how)
			err := <-opening(t, o)
			want(t, tenant.CodeConflict, err, "open")
			if err == nil || !strings.Contains(err.Error(), index+" of "+o.Database+".users") || !strings.Contains(err.Error(), "ORGD_DATABASE") {
				t.Errorf("the refusal is %v, want one that names the index and ORGD_DATABASE", err)
			}
			for database, kept := range map[string][]string{o.Database: {"users"}, o.Database + "_private": {}} {
				names, err := there.Client().Database(database).ListCollectionNames(t.Context(), bson.D{})
				must(t, err)
				if slices.Sort(names); !slices.Equal(names, kept) {
					t.Errorf("%s has the collections %v after the refusal, want %v", database, names, kept)
				}
			}
			must(t, there.Collection("users").Indexes().DropOne(t.Context(), index))
			openTest(t, o)
		})
	}
}

// A sparse unique index on something that orgd never writes leaves its documents out, so it is in nobody's way.
func TestSparseIndexOfAnotherProgram(t *testing.T) {
	for _, field := range []string{"phone", "profile.phone", "name"} { // users of orgd's have no name
		o := Options{Database: "orgd_t_sparse_" + tenant.NewID()[24:], URI: engine(t), tick: make(chan time.Time)}
		service(t, o, "users", bson.D{e(field, 1)}, options.Index().SetSparse(true))
		db := openTest(t, o)
		for range 2 {
			user := tenant.User{ID: tenant.UserID(tenant.NewID()), Email: tenant.Email(tenant.NewID()[24:] + "@example.com")}
			must(t, db.Store().Users.Insert(t.Context(), user, tenant.Upkeep{}))
		}
	}
}

// What is taken for orgd's is what its documents have.
func TestFieldsOfRows(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time)}) // so that entries stay in their outboxes
	org, user := newOrg(), tenant.User{ID: tenant.UserID(tenant.NewID()), Email: "ada@example.com"}
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	must(t, db.Store().Users.Insert(t.Context(), user, entry(org.ID)))
	seen := 0
	for _, set := range db.indexes() {
		cursor, err := set.coll.Find(t.Context(), bson.D{})
		must(t, err)
		var docs []bson.Raw
		must(t, cursor.All(t.Context(), &docs))
		for _, doc := range docs {
			for _, el := range elements(doc) {
				if seen++; !slices.Contains(set.fields(), el.Key()) {
					t.Errorf("a document of %s has %s, which is not among %v", set.coll.Name(), el.Key(), set.fields())
				}
			}
		}
		if set.coll.Name() == "audit" && !slices.Contains(set.fields(), "prev_hash") {
			t.Errorf("what is in line is missing from %v", set.fields())
		}
	}
	if seen == 0 {
		t.Error("there was no document")
	}
}

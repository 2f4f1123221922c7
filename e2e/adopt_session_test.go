package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// dumped is a collection of the old service's database.
type dumped struct {
	Documents []bson.Raw `bson:"documents"`
	Indexes   []struct {
		Keys   []string `bson:"keys"`
		Unique bool     `bson:"unique"`
	} `bson:"indexes"`
}

// oldDatabase reads what the old service's database held before the recorded session, by collection.
func oldDatabase(t testing.TB) map[string]dumped {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "fastapi", "dump.json"))
	must(t, err)
	var collections map[string]dumped
	must(t, bson.UnmarshalExtJSON(text, true, &collections))
	return collections
}

// restore writes collections into a database that has none of them.
func restore(t testing.TB, to *mongo.Database, collections map[string]dumped) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, c := range collections {
		must(t, to.CreateCollection(ctx, name))
		for _, index := range c.Indexes {
			var keys bson.D
			for _, field := range index.Keys {
				keys = append(keys, bson.E{Key: field, Value: 1})
			}
			_, err := to.Collection(name).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: options.Index().SetUnique(index.Unique)})
			must(t, err)
		}
		_, err := to.Collection(name).InsertMany(ctx, c.Documents)
		must(t, err)
	}
}

// wantDocuments wants exactly the documents in a collection, byte for byte.
func (l *look) wantDocuments(name string, want []bson.Raw) {
	l.t.Helper()
	got := all[bson.Raw](l, l.main, name)
	if !slices.EqualFunc(inOrder(got), inOrder(want), func(a, b bson.Raw) bool { return bytes.Equal(a, b) }) {
		l.t.Errorf("%s holds %v, want %v", name, got, want)
	}
}

func inOrder(docs []bson.Raw) []bson.Raw {
	return slices.SortedFunc(slices.Values(docs), func(a, b bson.Raw) int { return bytes.Compare(a, b) })
}

// cut parts a session behind the exchange of a name.
func cut(t testing.TB, steps []exchange, name string) (until, then []exchange) {
	t.Helper()
	i := slices.IndexFunc(steps, func(x exchange) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("the session has no step %q", name)
	}
	return steps[:i+1], steps[i+1:]
}

// tenants are the collections in which organizations have their data.
func (l *look) tenants() (names []string) {
	for name := range l.collections(l.main) {
		if strings.HasPrefix(name, "org_") {
			names = append(names, name)
		}
	}
	return names
}

// TestRecordedSessionAfterAdoption adopts the database of a FastAPI service and plays what a client did to that service: each answer
// has what the client needs, and nothing that the service or an application has written is changed by a byte. The service has
// unique indexes in its own collections, so orgd keeps its catalog in another database.
func TestRecordedSessionAfterAdoption(t *testing.T) {
	t.Parallel()
	s := prepare(t, mongoStore)
	l := lookAt(t, s)
	service := s.setting("ORGD_DATABASE") + "_app"
	t.Cleanup(func() { dropDatabases(t, service) })
	l.main = l.main.Client().Database(service)
	collections := oldDatabase(t)
	restore(t, l.main, collections)
	s.does("", "adopt", "--from", s.setting("ORGD_STORE"), "--database", service, "--writers-stopped")
	s.start()

	want := func() {
		t.Helper()
		tenants := 0
		for name, c := range collections {
			l.wantDocuments(name, c.Documents)
			if strings.HasPrefix(name, "org_") {
				tenants++
			}
		}
		if names := l.tenants(); len(names) != tenants || tenants == 0 {
			t.Errorf("the tenants' collections are %v, want %d", names, tenants)
		}
	}
	client := newPlayer(s.client, s.url)
	renamed, deleted := cut(t, recordedSession(t), "rename")
	want()
	client.plays(t, renamed)
	collections["org_acme_international"] = collections["org_acme_corp"]
	delete(collections, "org_acme_corp")
	want()
	client.plays(t, deleted)
	delete(collections, "org_acme_international")
	want()
}

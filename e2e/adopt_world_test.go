package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/crypto/bcrypt"
)

// oldService is the database of a service that orgd is to take the place of.
type oldService struct {
	*look

	s *server
}

// oldServiceOf makes one on the server's MongoDB, under a name of its own. It goes with the story.
func oldServiceOf(t testing.TB, s *server, name string) *oldService {
	t.Helper()
	l := lookAt(t, s)
	name = s.setting("ORGD_DATABASE") + "_" + name
	l.main = l.main.Client().Database(name)
	t.Cleanup(func() { dropDatabases(t, name) })
	return &oldService{l, s}
}

// has writes a document that the service would have written.
func (o *oldService) has(collection string, doc bson.D) {
	o.t.Helper()
	_, err := o.main.Collection(collection).InsertOne(o.ctx, doc)
	must(o.t, err)
}

// hasTenant writes what the service's application has in a tenant's collection: ids and values of many types.
func (o *oldService) hasTenant(collection string) {
	o.t.Helper()
	price, err := bson.ParseDecimal128("12.50")
	must(o.t, err)
	for _, doc := range []bson.D{
		{{Key: "_id", Value: "settings"}, {Key: "theme", Value: "dark"}, {Key: "of", Value: collection}},
		{{Key: "_id", Value: bson.NewObjectID()}, {Key: "price", Value: price}, {Key: "at", Value: time.UnixMilli(-1)}, {Key: "n", Value: int64(1)}},
		{{Key: "_id", Value: int32(42)}, {Key: "raw", Value: []byte{0, 255}}, {Key: "z", Value: 1.0}, {Key: "a", Value: nil}},
	} {
		o.has(collection, doc)
	}
}

// shown are the documents of hasTenant that the API shows: those whose ids are texts or ObjectIds.
const shown = 2

// oldPassword is one that orgd would not take for a new account.
const oldPassword = "secret1"

// hashed is a password as passlib stores it.
func hashed(t testing.TB, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(t, err)
	return "$2b$" + strings.TrimPrefix(string(hash), "$2a$")
}

// snapshot is everything in the database, byte for byte, by collection.
func (o *oldService) snapshot() map[string][]bson.Raw {
	o.t.Helper()
	found := map[string][]bson.Raw{}
	for name := range o.collections(o.main) {
		found[name] = inOrder(all[bson.Raw](o.look, o.main, name))
	}
	return found
}

// stays complains of whatever is not as it was.
func (o *oldService) stays(as map[string][]bson.Raw, when string) {
	o.t.Helper()
	now := o.snapshot()
	for _, name := range slices.Sorted(maps.Keys(as)) {
		if !slices.EqualFunc(now[name], as[name], func(a, b bson.Raw) bool { return bytes.Equal(a, b) }) {
			o.t.Errorf("%s, %s holds\n%v\nand held\n%v", when, name, now[name], as[name])
		}
		delete(now, name)
	}
	if len(now) > 0 {
		o.t.Errorf("%s, there are %v too", when, slices.Sorted(maps.Keys(now)))
	}
}

// adopt runs the command on the database.
func (o *oldService) adopt(code int, flags ...string) string {
	o.t.Helper()
	r := o.s.orgd("", append([]string{"adopt", "--database", o.main.Name()}, flags...)...)
	if r.code != code {
		o.t.Fatalf("adopt %v exits with %d, want %d:\n%s%s", flags, r.code, code, r.stdout, r.stderr)
	}
	return r.stdout
}

// member signs an admin of the old service in.
func (s *server) member(name, email string) *owner {
	s.t.Helper()
	o := &owner{email: email, password: oldPassword}
	o.org = s.stranger().lookup(name).is(200).org()
	o.signIn(s)
	return o
}

// says wants each line once in a text.
func says(t testing.TB, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if n := strings.Count("\n"+text, "\n"+line); n != 1 {
			t.Errorf("%d lines begin with %q in\n%s", n, line, text)
		}
	}
}

// numbered makes n plain organizations, and returns their names.
func (o *oldService) numbered(n int) (names []string) {
	o.t.Helper()
	for i := range n {
		id, slug := bson.NewObjectID(), fmt.Sprintf("tenant_%d", i)
		names = append(names, fmt.Sprintf("Tenant %d", i))
		o.has("users", bson.D{{Key: "_id", Value: id}, {Key: "email", Value: slug + "@old.example"}, {Key: "password", Value: hashed(o.t, oldPassword)}})
		o.has("organizations", bson.D{{Key: "name", Value: names[i]}, {Key: "collection", Value: "org_" + slug}, {Key: "admin_id", Value: id}})
		o.hasTenant("org_" + slug)
	}
	return names
}

package mongo

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// usualFields are those of the command.
var usualFields = store.ForeignFields{
	Organizations: "organizations", Users: "users",
	OrgID: []string{"_id", "id"}, OrgName: []string{"name", "organization_name"}, OrgCollection: []string{"collection", "at.collection"},
	OrgSlug: []string{"slug"}, OrgAdmin: []string{"admin_id", "admin", "admin_email"}, OrgCreated: []string{"created_at"},
	UserID: []string{"_id", "user_id"}, UserEmail: []string{"email"}, UserPassword: []string{"password", "password_hash"},
	UserOrg: []string{"organization_id", "org_name"}, UserRole: []string{"role"},
}

// beside returns a database of another service on the same server, which goes with the test.
func beside(t *testing.T, db *DB) *mongo.Database {
	t.Helper()
	other := db.client.Database(db.main.Name() + "_old")
	t.Cleanup(func() {
		if err := other.Drop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("drop the other service's database: %v", err)
		}
	})
	return other
}

// openForeign looks at a database of another service.
func openForeign(t *testing.T, db *DB, database, from string) (*Foreign, error) {
	t.Helper()
	f, err := OpenForeign(t.Context(), ForeignOptions{From: from, Database: database, Own: db.opts, Fields: usualFields})
	if err == nil {
		t.Cleanup(func() {
			if err := f.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	return f, err
}

func mustForeign(t *testing.T, db *DB, database string) *Foreign {
	t.Helper()
	f, err := openForeign(t, db, database, "")
	must(t, err)
	return f
}

// TestForeignOrganizations reads organizations in the shapes that services give them.
func TestForeignOrganizations(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	id, admin := bson.NewObjectID(), bson.NewObjectID()
	uuid := bson.Binary{Subtype: bson.TypeBinaryUUID, Data: []byte("0123456789abcdef")}
	const uuidText = "30313233-3435-3637-3839-616263646566"
	when := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	bytes := bson.Binary{Subtype: bson.TypeBinaryGeneric, Data: []byte("$2b$hash")}
	for name, c := range map[string]struct {
		doc  bson.D
		want store.ForeignOrg
	}{
		"objects": {
			bson.D{e("_id", id), e("name", "A"), e("collection", "org_a"), e("admin_id", admin), e("created_at", when)},
			store.ForeignOrg{Key: "objectID " + id.Hex(), IDs: []string{id.Hex()}, Name: "A", Collection: "org_a", Admins: []string{admin.Hex()}, CreatedAt: when},
		},
		"texts": {
			bson.D{e("_id", "a"), e("name", nil), e("organization_name", "A"), e("admin", admin.Hex()), e("slug", "a"), e("created_at", "2024-05-06T07:08:09.123")},
			store.ForeignOrg{Key: "string a", IDs: []string{"a"}, Name: "A", Slug: "a", Admins: []string{admin.Hex()}, CreatedAt: when},
		},
		"numbers and depth": {
			bson.D{e("_id", int32(7)), e("id", int64(70)), e("at", bson.D{e("collection", "org_a")}), e("admin_id", 3.0)},
			store.ForeignOrg{Key: "32-bit integer 7", IDs: []string{"7", "70"}, Collection: "org_a", Admins: []string{"3"}},
		},
		"UUIDs, a reference and a list": {
			bson.D{e("_id", uuid), e("admin", bson.A{bson.D{e("$ref", "users"), e("$id", admin)}, "b@example.com"})},
			store.ForeignOrg{Key: "binary " + uuidText, IDs: []string{uuidText}, Admins: []string{admin.Hex(), "b@example.com"}},
		},
		"an admin inside": {
			bson.D{e("_id", "b"), e("admin", bson.D{e("email", "b@example.com"), e("password", bytes)})},
			store.ForeignOrg{Key: "string b", IDs: []string{"b"}, Owner: &store.ForeignUser{Email: "b@example.com", Hash: "$2b$hash"}},
		},
		"an admin inside without a password": {
			bson.D{e("_id", "c"), e("admin", bson.D{e("user_id", 5), e("email", "b@example.com")})},
			store.ForeignOrg{Key: "string c", IDs: []string{"c"}, Admins: []string{"5"}},
		},
		"an admin inside by address": {
			bson.D{e("_id", "d"), e("admin", bson.D{e("email", "b@example.com")})},
			store.ForeignOrg{Key: "string d", IDs: []string{"d"}, Admins: []string{"b@example.com"}},
		},
		"an admin field by field": {
			bson.D{e("_id", "e"), e("admin_email", "b@example.com"), e("admin_password_hash", "$2b$hash")},
			store.ForeignOrg{
				Key: "string e", IDs: []string{"e"}, Admins: []string{"b@example.com"},
				Owner: &store.ForeignUser{Email: "b@example.com", Hash: "$2b$hash"},
			},
		},
		"what is far too long": {
			bson.D{e("_id", "f"), e("name", strings.Repeat("x", 5000)), e("layout", "wide")},
			store.ForeignOrg{Key: "string f", IDs: []string{"f"}, Name: strings.Repeat("x", store.ForeignText+1)},
		},
		"nothing that fits": {
			bson.D{e("_id", bson.D{e("a", 1)}), e("name", 5), e("collection", true), e("admin_id", 1.5), e("created_at", "soon")},
			store.ForeignOrg{
				Key:    `embedded document {"a": {"$numberInt":"1"}}`,
				Unread: store.ForeignUnread{Name: "name", Collection: "collection", Admin: "admin_id"},
			},
		},
		"fields that are there, before some that fit": {
			bson.D{
				e("_id", "g"), e("name", ""), e("organization_name", "A"), e("collection", bson.D{e("name", "org_a")}), e("at", bson.D{e("collection", "org_b")}),
				e("slug", 7), e("admin_id", ""), e("admin", "b"),
			},
			store.ForeignOrg{
				Key: "string g", IDs: []string{"g"},
				Unread: store.ForeignUnread{Name: "name", Collection: "collection", Slug: "slug", Admin: "admin_id"},
			},
		},
		"admins of whom one is nothing": {
			bson.D{e("_id", "h"), e("collection", bson.A{"org_a"}), e("admin", bson.A{"a", bson.D{e("name", "b")}})},
			store.ForeignOrg{
				Key: "string h", IDs: []string{"h"}, Admins: []string{"a"}, Unread: store.ForeignUnread{Collection: "collection", Admin: "admin"},
			},
		},
		"an empty list, and null": {
			bson.D{e("_id", "i"), e("collection", nil), e("admin_id", nil), e("admin", bson.A{})},
			store.ForeignOrg{Key: "string i", IDs: []string{"i"}, Unread: store.ForeignUnread{Admin: "admin"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			orgs := other.Collection("organizations")
			must(t, orgs.Drop(t.Context()))
			application(t, orgs, c.doc)
			for _, layout := range []int{rowLayout, tombstone} {
				application(t, orgs, bson.D{e("_id", layout+1000), e("name", "orgd's own"), e("layout", layout)})
			}
			var got []store.ForeignOrg
			must(t, mustForeign(t, db, other.Name()).Organizations(t.Context(), func(org store.ForeignOrg) error { got = append(got, org); return nil }))
			if len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestForeignUsers reads people in the shapes that services give them.
func TestForeignUsers(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	id, org := bson.NewObjectID(), bson.NewObjectID()
	for name, c := range map[string]struct {
		doc  bson.D
		want store.ForeignUser
	}{
		"objects": {
			bson.D{e("_id", id), e("email", "a@example.com"), e("password_hash", "h"), e("organization_id", org), e("role", "admin")},
			store.ForeignUser{IDs: []string{id.Hex()}, Email: "a@example.com", Hash: "h", Orgs: []string{org.Hex()}, Role: "admin"},
		},
		"a name, and an empty field before": {
			bson.D{e("_id", "a"), e("user_id", "u"), e("password", ""), e("password_hash", "h"), e("org_name", "Acme")},
			store.ForeignUser{IDs: []string{"a", "u"}, Hash: "h", Orgs: []string{"Acme"}},
		},
		"several organizations": {
			bson.D{e("_id", "a"), e("organization_id", bson.A{org, "b", bson.D{e("_id", 7), e("name", "C")}, bson.D{e("$ref", "organizations"), e("$id", id)}})},
			store.ForeignUser{IDs: []string{"a"}, Orgs: []string{org.Hex(), "b", "7", "C", id.Hex()}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			users := other.Collection("users")
			must(t, users.Drop(t.Context()))
			application(t, users, c.doc)
			var got []store.ForeignUser
			must(t, mustForeign(t, db, other.Name()).Users(t.Context(), func(u store.ForeignUser) error { got = append(got, u); return nil }))
			if len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestForeignCollections tells plain collections from what looks like them. The answer is MongoDB's: the tests' engine says of all that
// they are plain ones.
func TestForeignCollections(t *testing.T) {
	id := bson.Binary{Subtype: bson.TypeBinaryUUID, Data: []byte("0123456789abcdef")}
	spec := func(name, kind string, options, info bson.D) bson.D {
		return bson.D{e("name", name), e("type", kind), e("options", options), e("info", info)}
	}
	server := actor{behind: engineHost(t), answer: func(command bson.Raw) bson.D {
		if kind, _ := name(command); kind != "listCollections" {
			return nil
		}
		return bson.D{e("ok", 1), e("cursor", bson.D{e("id", int64(0)), e("ns", "x.$cmd.listCollections"), e("firstBatch", bson.A{
			spec("org_plain", "collection", bson.D{}, bson.D{e("readOnly", false), e("uuid", id)}),
			spec("org_capped", "collection", bson.D{e("capped", true), e("size", 4096)}, bson.D{e("readOnly", false), e("uuid", id)}),
			spec("org_collated", "collection", bson.D{e("collation", bson.D{e("locale", "en"), e("strength", 2)})}, bson.D{e("uuid", id)}),
			spec("org_simple", "collection", bson.D{e("collation", bson.D{e("locale", "simple")})}, bson.D{e("uuid", id)}),
			spec("org_encrypted", "collection", bson.D{e("encryptedFields", bson.D{e("fields", bson.A{})})}, bson.D{e("uuid", id)}),
			spec("org_view", "view", bson.D{e("viewOn", "org_plain"), e("pipeline", bson.A{})}, bson.D{e("readOnly", true)}),
			spec("org_series", "timeseries", bson.D{e("timeseries", bson.D{e("timeField", "at")})}, bson.D{e("readOnly", false)}),
		})})}
	}}
	db := &DB{opts: Options{URI: "mongodb://" + server.play(t) + "/?directConnection=true", Database: "orgd_t_kinds"}}
	found, err := mustForeign(t, db, "orgd_t_kinds_old").Collections(t.Context())
	must(t, err)
	want := map[string]store.ForeignCollection{
		"org_plain": {Kind: "collection", UUID: id.Data}, "org_capped": {Kind: "capped", UUID: id.Data}, "org_view": {Kind: "view"}, "org_series": {Kind: "timeseries"},
		"org_collated": {Kind: "collated", UUID: id.Data}, "org_simple": {Kind: "collection", UUID: id.Data}, "org_encrypted": {Kind: "encrypted", UUID: id.Data},
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found are %+v", found)
	}
}

// TestForeignSideOfOrgd reads which collections orgd has, and what of names and addresses is taken.
func TestForeignSideOfOrgd(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	org := tenant.Organization{ID: tenant.OrgID(tenant.NewID()), Name: "Acme", State: tenant.StateActive, DirectWriters: true, Claims: []tenant.Claim{"name:acme", "slug:acme"}}
	must(t, db.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
	user := tenant.User{ID: "u", Claims: []tenant.Claim{"email:a@example.com"}}
	must(t, db.Store().Users.Insert(t.Context(), user, tenant.Upkeep{}))
	must(t, other.CreateCollection(t.Context(), "org_a"))
	f := mustForeign(t, db, other.Name())
	id, err := claim(t, db, f, "org_a", "old.organizations a")
	must(t, err)
	place := settle(t, db)
	must(t, db.Store().Places.Create(t.Context(), tenant.Place{Org: org.ID, Placement: tenant.Placement{Database: other.Name(), Namespace: "org_b"}}))
	homes, err := f.Homes(t.Context())
	must(t, err)
	want := []store.ForeignHome{
		{Database: other.Name(), Collection: "org_a", Org: id, Origin: "old.organizations a"},
		{Database: other.Name(), Collection: "org_b", Org: org.ID, State: tenant.StateActive, DirectWriters: true},
	}
	slices.SortFunc(homes, func(a, b store.ForeignHome) int { return strings.Compare(a.Collection, b.Collection) })
	if !reflect.DeepEqual(homes, want) {
		t.Errorf("homes are %+v, want %+v and not %s", homes, want, place.Placement.Namespace)
	}
	taken, err := f.Taken(t.Context(), []tenant.Claim{"name:acme", "name:beta", "email:a@example.com", "email:b@example.com"})
	must(t, err)
	if !reflect.DeepEqual(taken, map[tenant.Claim]string{"name:acme": string(org.ID), "slug:acme": string(org.ID), "email:a@example.com": "u"}) {
		t.Errorf("taken are %v", taken)
	}
}

// claim claims a collection as it is now.
func claim(t *testing.T, db *DB, f *Foreign, name, origin string) (tenant.OrgID, error) {
	t.Helper()
	found, err := f.Collections(t.Context())
	must(t, err)
	return db.Claim(t.Context(), f.database, name, found[name].UUID, origin)
}

// TestForeignOnAnotherServer takes no collections for those of another server that has a database of that name.
func TestForeignOnAnotherServer(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	elsewhere := actor{behind: engineHost(t), answer: func(command bson.Raw) bson.D {
		if kind, _ := name(command); kind != "listCollections" {
			return nil
		}
		id := bson.Binary{Subtype: bson.TypeBinaryUUID, Data: []byte("0123456789abcdef")}
		return bson.D{e("ok", 1), e("cursor", bson.D{e("id", int64(0)), e("ns", "x.y"), e("firstBatch", bson.A{
			bson.D{e("name", "users"), e("type", "collection"), e("info", bson.D{e("uuid", id)})},
		})})}
	}}
	must(t, other.CreateCollection(t.Context(), "users"))
	_, err := openForeign(t, db, other.Name(), "mongodb://"+elsewhere.play(t)+"/?directConnection=true")
	want(t, tenant.CodeConflict, err, "another server")
	same := engine(t)
	if strings.Contains(same, "?") {
		same += "&appName=old"
	} else {
		same += "?appName=old"
	}
	_, err = openForeign(t, db, other.Name(), same)
	must(t, err)
	_, err = openForeign(t, db, other.Name()+"_none", same)
	want(t, tenant.CodeConflict, err, "a database that is not there")
}

// TestForeignIndexInTheWay refuses one database for both where an index of the other service would refuse orgd's documents.
func TestForeignIndexInTheWay(t *testing.T) {
	db := openTest(t, Options{})
	mustForeign(t, db, db.main.Name())
	users := db.main.Collection("users")
	_, err := users.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{e("phone", 1)}})
	must(t, err)
	mustForeign(t, db, db.main.Name())
	_, err = users.Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{e("email", 1)}, Options: options.Index().SetUnique(true)})
	must(t, err)
	_, err = openForeign(t, db, db.main.Name(), "")
	want(t, tenant.CodeConflict, err, "a unique index")
	if err == nil || !strings.Contains(err.Error(), "email_1 of "+db.main.Name()+".users") {
		t.Errorf("the refusal does not name it: %v", err)
	}
	must(t, users.Indexes().DropOne(t.Context(), "email_1"))
	mustForeign(t, db, db.main.Name())
}

// TestForeignIsOnlyRead looks at everything, where orgd was never started, and sends nothing that could write.
func TestForeignIsOnlyRead(t *testing.T) {
	var mu sync.Mutex
	sent := map[string]bool{}
	db := &DB{opts: Options{URI: engine(t), Database: "orgd_t_never_" + tenant.NewID()[24:], Monitor: &event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			mu.Lock()
			defer mu.Unlock()
			sent[e.CommandName] = true
		},
	}}}
	f := mustForeign(t, db, db.opts.Database)
	_, err := f.Collections(t.Context())
	must(t, err)
	_, err = f.Homes(t.Context())
	must(t, err)
	_, err = f.Taken(t.Context(), []tenant.Claim{"name:acme"})
	must(t, err)
	must(t, f.Organizations(t.Context(), func(store.ForeignOrg) error { return nil }))
	must(t, f.Users(t.Context(), func(store.ForeignUser) error { return nil }))
	mu.Lock()
	commands := maps.Clone(sent)
	mu.Unlock()
	for command := range commands {
		if !slices.Contains([]string{"hello", "ping", "find", "listCollections", "listIndexes"}, command) {
			t.Errorf("%s was sent", command)
		}
	}
	if len(commands) < 4 {
		t.Errorf("the monitor heard only %v", commands)
	}
	names, err := f.own.client.ListDatabaseNames(t.Context(), bson.M{"name": bson.M{"$regex": "^" + db.opts.Database}})
	if err != nil || len(names) > 0 {
		t.Errorf("there are %v now (%v)", names, err)
	}
}

package mongo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

func TestDearestHashIsFoundAmongAllAccounts(t *testing.T) {
	db := openTest(t, Options{})
	want := func(want string) {
		t.Helper()
		if got, err := db.DearestHash(t.Context()); err != nil || got != want {
			t.Errorf("the dearest hash is %q (%v), want %q", got, err, want)
		}
	}
	hash := func(cost int) string { return fmt.Sprintf("$2a$%02d$%s", cost, strings.Repeat("a", 53)) }
	want("")
	for i, stored := range []string{hash(10), hash(13), hash(12), hash(31), "$1$broken", "", "rubbish"} {
		user := tenant.User{ID: tenant.UserID(tenant.NewID()), PasswordHash: stored}
		user.Settle(tenant.Email(fmt.Sprintf("user%d@acme.example", i)))
		must(t, db.Store().Users.Insert(t.Context(), user, tenant.Upkeep{}))
	}
	want(hash(13))
	operator := tenant.Operator{ID: tenant.OperatorID(tenant.NewID()), Email: "root@orgd.example", PasswordHash: hash(14)}
	must(t, db.Store().Operators.Insert(t.Context(), operator, tenant.Upkeep{}))
	want(hash(14))
	application(t, db.main.Collection("users"), bson.D{e("password_hash", hash(15))})
	want(hash(14)) // a stranger's document counts for nothing
}

// What belongs to nobody is told, each in a line of its own, and nothing else is.
func TestOrphans(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	s := db.Store()
	settled := func(id tenant.OrgID, place tenant.Placement) {
		org := newOrg()
		org.ID, org.Placement = id, place
		must(t, s.Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
	}
	told := func() []string {
		t.Helper()
		list, err := db.Orphans(t.Context())
		must(t, err)
		return list
	}
	home, replaced, moved, gone := settle(t, db), settle(t, db), settle(t, db), settle(t, db)
	for _, place := range []tenant.Place{home, replaced} {
		settled(place.Org, place.Placement)
	}
	settled(moved.Org, tenant.Placement{Namespace: moved.Placement.Namespace + "_2"})
	trashed := settle(t, db)
	must(t, s.Places.Trash(t.Context(), trashed, "op"))
	org := newOrg()
	org.ID, org.Placement, org.Trash, org.State = trashed.Org, trashed.Placement, "op", tenant.StateTrashed
	must(t, s.Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
	under := newOrg()
	under.ID, under.Op = settle(t, db).Org, &tenant.Operation{ID: "op"} // its data may be anywhere
	must(t, s.Orgs.Insert(t.Context(), under, tenant.Upkeep{}))

	name := func(p tenant.Place) string {
		return "collection " + db.main.Name() + "." + p.Placement.Namespace + ": "
	}
	want := []string{
		name(gone) + "its organization " + string(gone.Org) + " does not exist",
		name(moved) + "its organization " + string(moved.Org) + " has its data elsewhere",
		name(replaced) + "it is not the one that was made for organization " + string(replaced.Org),
	}
	coll := db.main.Collection(replaced.Placement.Namespace)
	must(t, coll.Drop(t.Context()))
	application(t, coll, bson.D{e("_id", "doc")})
	for _, stranger := range []string{"org_stranger", "trash_stranger", "organisers"} {
		application(t, db.main.Collection(stranger), bson.D{e("_id", "doc")})
	}
	for _, stranger := range []string{"org_stranger", "trash_stranger"} {
		want = append(want, "collection "+db.main.Name()+"."+stranger+": it has no owner record")
	}
	got := told()
	if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("the orphans are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if again := told(); !slices.Equal(got, again) {
		t.Errorf("a second look finds %q after %q", again, got)
	}
}

// The entries that wait are counted in every collection that has outboxes, and are gone when they are in the log.
func TestOutboxIsCounted(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	count := func(want int64) {
		t.Helper()
		if n, err := db.Outbox(t.Context()); err != nil || n != want {
			t.Errorf("%d entries wait (%v), want %d", n, err, want)
		}
	}
	count(0)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	touch(t, db, org.ID, entry(org.ID))
	must(t, db.Store().Keys.Insert(t.Context(), tenant.Key{ID: "key"}, entry(org.ID)))
	count(3)
	chain(t, db, org.ID, 3)
	count(0)
}

// Where the data lies is told without what only the server may know.
func TestPlaceHoldsNoCredentials(t *testing.T) {
	for uri, place := range map[string]string{
		"mongodb://ada:s3cret@a.example,b.example:27018/?authSource=admin": "mongodb://a.example,b.example:27018/orgd",
		"mongodb://[::1]:27017": "mongodb://[::1]:27017/orgd",
	} {
		client, err := mongo.Connect(clientOptions(Options{URI: uri}))
		must(t, err)
		db := &DB{main: client.Database("orgd"), address: addressOf(clientOptions(Options{URI: uri}))}
		if got := db.Place(); got != place {
			t.Errorf("the place of %s is %s, want %s", uri, got, place)
		}
		must(t, client.Disconnect(t.Context()))
	}
}

package mongo

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// TestClaim makes a collection an organization's, begins anew, and refuses what is not free.
func TestClaim(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	f := mustForeign(t, db, other.Name())
	application(t, other.Collection("org_a"), bson.D{e("_id", 1), e("n", 1)})
	first, err := claim(t, db, f, "org_a", "a")
	must(t, err)
	again, err := claim(t, db, f, "org_a", "a")
	must(t, err)
	if first != again || first == "" {
		t.Errorf("the claims are for %q and %q", first, again)
	}
	if moved, err := claim(t, db, f, "org_a", "b"); err != nil || moved != first {
		t.Errorf("a claim for another one, where no organization came of the first: %q, %v", moved, err)
	}
	place := tenant.Place{Org: first, Placement: tenant.Placement{Database: other.Name(), Namespace: "org_a"}}
	must(t, db.Store().Places.Create(t.Context(), place))
	must(t, db.Store().Orgs.Insert(t.Context(), tenant.Organization{ID: first, State: tenant.StateActive}, tenant.Upkeep{}))
	_, err = claim(t, db, f, "org_a", "c")
	want(t, tenant.CodeConflict, err, "claim of an organization's")
	if n, err := other.Collection("org_a").CountDocuments(t.Context(), bson.M{"n": 1}); err != nil || n != 1 {
		t.Errorf("there are %d documents (%v)", n, err)
	}
	native := tenant.Place{Org: tenant.OrgID(tenant.NewID()), Placement: tenant.Placement{Database: other.Name(), Namespace: "org_native"}}
	must(t, db.Store().Places.Create(t.Context(), native))
	_, err = claim(t, db, f, "org_native", "d")
	want(t, tenant.CodeConflict, err, "claim of what orgd makes")
	_, err = db.Claim(t.Context(), other.Name(), "org_gone", []byte("0123456789abcdef"), "e")
	want(t, tenant.CodeConflict, err, "claim of what is not there")
	if _, err := db.owners.find(t.Context(), namespace{other.Name(), "org_gone"}); !isMissing(err) {
		t.Errorf("it has a record: %v", err)
	}
}

// TestClaimOfACollectionMadeAnew follows a collection that was dropped and made anew after an adoption was cut short.
func TestClaimOfACollectionMadeAnew(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	f := mustForeign(t, db, other.Name())
	must(t, other.CreateCollection(t.Context(), "org_a"))
	first, err := claim(t, db, f, "org_a", "a")
	must(t, err)
	must(t, other.Collection("org_a").Drop(t.Context()))
	application(t, other.Collection("org_a"), bson.D{e("_id", "new")})
	again, err := claim(t, db, f, "org_a", "a")
	must(t, err)
	place := tenant.Place{Org: again, Placement: tenant.Placement{Database: other.Name(), Namespace: "org_a"}}
	must(t, db.Store().Places.Rename(t.Context(), place, renamed(place)))
	if n, err := other.Collection("org_a_2").CountDocuments(t.Context(), bson.M{}); err != nil || n != 1 || first != again {
		t.Errorf("at the new name are %d documents (%v); the claims are for %s and %s", n, err, first, again)
	}
}

// TestAdoptedPlace moves data of another database in each way that there is. It stays in that database, and what names the other
// service's organization goes along.
func TestAdoptedPlace(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	f := mustForeign(t, db, other.Name())
	id := bson.NewObjectID()
	application(t, other.Collection("org_a"), bson.D{e("_id", id), e("n", 1)})
	org, err := claim(t, db, f, "org_a", "a")
	must(t, err)
	place := tenant.Place{Org: org, Placement: tenant.Placement{Database: other.Name(), Namespace: "org_a"}}
	at := func(where string, place *tenant.Place) {
		t.Helper()
		homes, err := f.Homes(t.Context())
		must(t, err)
		if len(homes) != 1 || homes[0].Origin != "a" || homes[0].Database != other.Name() {
			t.Errorf("%s the records are %+v", where, homes)
		}
		n, err := other.Collection(homes[0].Collection).CountDocuments(t.Context(), bson.M{"_id": id})
		if err != nil || n != 1 {
			t.Errorf("%s there are %d documents (%v)", where, n, err)
		}
		if place == nil {
			return
		}
		if doc, err := db.Store().Documents.Get(t.Context(), place.In(""), tenant.DocumentID(id.Hex())); err != nil || doc.Version != 1 {
			t.Errorf("%s the document is %+v (%v)", where, doc, err)
		}
	}
	places := db.Store().Places
	at("as found", &place)
	next := renamed(place)
	must(t, places.Rename(t.Context(), place, next))
	at("after a rename", &next)
	must(t, places.Trash(t.Context(), next, "op"))
	at("in the trash", nil)
	must(t, places.Restore(t.Context(), "op", place))
	at("after a restore", &place)
	application(t, other.Collection(next.Placement.Namespace), bson.D{e("_id", "late")})
	found, err := places.Sweep(t.Context(), next.Placement.Namespace, place, "op2")
	if docs, listErr := db.Store().Documents.List(t.Context(), place.In(""), "", 9); err != nil || listErr != nil || !found || len(docs) != 2 {
		t.Errorf("swept: %t, %v; there are %d documents, %v", found, err, len(docs), listErr)
	}
	must(t, places.Trash(t.Context(), place, "op3"))
	must(t, places.Drop(t.Context(), org, "op3"))
	left, err := other.ListCollectionNames(t.Context(), bson.M{})
	mains, mainErr := db.main.ListCollectionNames(t.Context(), bson.M{"name": bson.M{"$regex": "^(org|trash)_"}})
	if err != nil || mainErr != nil || len(left)+len(mains) > 0 {
		t.Errorf("left are %v and %v (%v, %v)", left, mains, err, mainErr)
	}
}

// TestClaimWhoseAnswerIsLost takes the record that it wrote for its own, and writes none once its time is over.
func TestClaimWhoseAnswerIsLost(t *testing.T) {
	var net lossy
	db := openTest(t, Options{client: net.options, tick: make(chan time.Time)})
	other := beside(t, db)
	f := mustForeign(t, db, other.Name())
	must(t, other.CreateCollection(t.Context(), "org_a"))
	found, err := f.Collections(t.Context())
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = db.Claim(ctx, other.Name(), "org_a", found["org_a"].UUID, "a")
	want(t, tenant.CodeUnavailable, err, "claim in no time")
	if _, err := db.owners.find(t.Context(), namespace{other.Name(), "org_a"}); !isMissing(err) {
		t.Errorf("there is a record: %v", err)
	}
	for _, c := range []struct{ command, origin string }{{"insert", "a"}, {"update", "b"}} {
		net.lose(c.command)
		id, err := db.Claim(t.Context(), other.Name(), "org_a", found["org_a"].UUID, c.origin)
		must(t, err)
		again, err := db.Claim(t.Context(), other.Name(), "org_a", found["org_a"].UUID, c.origin)
		if err != nil || id != again || net.count() != 1 {
			t.Errorf("%s, whose answer was lost %d times: for %s, and then %s (%v)", c.command, net.count(), id, again, err)
		}
	}
}

package mongo

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// inTrash returns the ids of the documents that an operation of an organization left in the trash, and whether there is any.
func inTrash(t *testing.T, db *DB, org tenant.OrgID, op tenant.OperationID) []any {
	t.Helper()
	var docs []bson.M
	cursor, err := db.main.Collection(gravePrefix+string(org)+"_"+string(op)).Find(t.Context(), bson.M{})
	must(t, err)
	must(t, cursor.All(t.Context(), &docs))
	ids := make([]any, 0, len(docs))
	for _, d := range docs {
		ids = append(ids, d["_id"])
	}
	return ids
}

// A write that was late has made a collection under the name that its organization has left. Its documents go to where the
// organization is now; what differs from a document that is there, or says that it is another's, is lost for nobody.
func TestSweepCarriesWhatIsLate(t *testing.T) {
	logs := &logbook{}
	db := openTest(t, Options{Log: logs.logger()})
	place, left := settle(t, db), newPlace().Placement.Namespace
	ours := bson.D{e("organization", string(place.Org)), e("version", int64(1))}
	for _, doc := range []bson.D{
		{e("_id", "late"), e("n", 1), e("_orgd", ours)},
		{e("_id", "both"), e("n", 1), e("_orgd", ours)},
		{e("_id", "differs"), e("n", 1), e("_orgd", ours)},
		{e("_id", bson.NewObjectID()), e("n", 1)},
		{e("_id", "stranger's"), e("_orgd", bson.D{e("organization", tenant.NewID())})},
	} {
		application(t, db.main.Collection(left), doc)
	}
	application(t, home(db, place), bson.D{e("_id", "both"), e("n", 1), e("_orgd", ours)})
	application(t, home(db, place), bson.D{e("_id", "differs"), e("n", 2), e("_orgd", ours)})
	for range 2 {
		found, err := db.Store().Places.Sweep(t.Context(), left, place, "op")
		must(t, err)
		if !found {
			t.Error("nothing was found")
		}
	}
	docs, err := db.Store().Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 10)
	must(t, err)
	if len(docs) != 4 {
		t.Errorf("the organization has %d documents, want those that were late and its own", len(docs))
	}
	for _, doc := range docs {
		if doc.ID == "differs" && !strings.Contains(string(doc.Data), "2") {
			t.Errorf("a late document displaced one: %s", doc.Data)
		}
	}
	if kept := inTrash(t, db, place.Org, "op"); len(kept) != 5 || !strings.Contains(logs.String(), "differs") || !strings.Contains(logs.String(), "stranger's") {
		t.Errorf("in the trash are %v; the log says %s", kept, logs)
	}
	if there, err := db.owners.look(t.Context(), namespace{db.main.Name(), left}); err != nil || there[left] != nil {
		t.Errorf("the name is not free: %v (%v)", there, err)
	}
}

// What an application wrote late has ids of any type. All of it goes along, however many there are of each: a query for what is
// greater than an id finds that id's type alone.
func TestSweepCarriesIDsOfEveryType(t *testing.T) {
	db := openTest(t, Options{DocumentTime: 4 * time.Second})
	place, left := settle(t, db), newPlace().Placement.Namespace
	var docs []any
	for i := range carried + 1 {
		docs = append(docs, bson.D{e("_id", i)}, bson.D{e("_id", "id"+strconv.Itoa(i))}, bson.D{e("_id", bson.NewObjectID())})
	}
	for _, id := range []any{
		nil, 1.5, int64(1) << 40,
		bson.D{e("a", 1)},
		bson.D{e("a", 2)},
		bson.Binary{Subtype: 4, Data: []byte("0123456789abcdef")},
		bson.MinKey{},
		bson.MaxKey{},
		bson.JavaScript("1"), false, true, bson.NewDateTimeFromTime(time.UnixMilli(1)),
		bson.Timestamp{T: 1},
	} {
		docs = append(docs, bson.D{e("_id", id)})
	}
	_, err := db.main.Collection(left).InsertMany(t.Context(), docs)
	must(t, err)
	_, err = db.Store().Places.Sweep(t.Context(), left, place, "op")
	must(t, err)
	if n, err := home(db, place).CountDocuments(t.Context(), bson.M{}); err != nil || n != int64(len(docs)) {
		t.Errorf("%d of %d documents were carried (%v)", n, len(docs), err)
	}
}

// A move that finds its target taken by the very collection that it moves has arrived: an earlier command for it was late, and a
// late insert has made another collection under the old name since then.
func TestMoveThatWasDoneMeanwhile(t *testing.T) {
	db := openTest(t, Options{})
	place, next := settle(t, db), newPlace()
	at, to := namespace{db.main.Name(), place.Placement.Namespace}, namespace{db.main.Name(), next.Placement.Namespace}
	movers := places{db.owners}
	m, err := movers.survey(t.Context(), place.Org, at, to)
	must(t, err)
	must(t, movers.announce(t.Context(), m))
	must(t, db.owners.rename(t.Context(), at, to, m.to.UUID))
	application(t, db.main.Collection(at.name), bson.D{e("_id", "late")})
	if err := movers.arrive(t.Context(), m); err != nil {
		t.Errorf("the move says %v", err)
	}
	moved := place
	moved.Placement.Namespace = to.name
	if _, err := db.Store().Documents.List(t.Context(), moved.In(tenant.DefaultCollection), "", 1); err != nil {
		t.Errorf("the organization's data is not there: %v", err)
	}
}

// Where nothing has to be kept nothing stays, and an organization in the trash takes nothing.
func TestSweepLeavesNothing(t *testing.T) {
	db := openTest(t, Options{})
	place, left := settle(t, db), newPlace().Placement.Namespace
	nowhere := place
	nowhere.Placement.Namespace = ""
	for i, to := range []tenant.Place{place, nowhere} {
		application(t, db.main.Collection(left), bson.D{e("_id", string(rune('a'+i)))})
		op := tenant.OperationID(tenant.NewID())
		for _, want := range []bool{true, false} {
			found, err := db.Store().Places.Sweep(t.Context(), left, to, op)
			must(t, err)
			if found != want {
				t.Errorf("found %v, want %v", found, want)
			}
		}
		if kept := inTrash(t, db, place.Org, op); len(kept) != 0 {
			t.Errorf("in the trash are %v", kept)
		}
	}
	docs, err := db.Store().Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 10)
	must(t, err)
	if len(docs) != 1 || docs[0].ID != "a" {
		t.Errorf("the organization has %v", docs)
	}
	orphans, err := db.Orphans(t.Context())
	must(t, err)
	for _, line := range orphans {
		if strings.Contains(line, left) {
			t.Errorf("left behind: %s", line)
		}
	}
}

// A sweep that was cut short is resumed, though the name has another collection by now: that one is for the next look.
func TestSweepResumes(t *testing.T) {
	db := openTest(t, Options{})
	place, left := settle(t, db), newPlace().Placement.Namespace
	op := tenant.OperationID(tenant.NewID())
	application(t, db.main.Collection(left), bson.D{e("_id", "first")})
	found, err := places{db.owners}.bury(t.Context(), namespace{db.main.Name(), left}, db.owners.grave(db.main.Name(), place.Org, op), place.Org)
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	application(t, db.main.Collection(left), bson.D{e("_id", "second")})
	for i, want := range []bool{true, true, false} {
		found, err := db.Store().Places.Sweep(t.Context(), left, place, op)
		must(t, err)
		docs, err := db.Store().Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 10)
		must(t, err)
		if found != want || len(docs) != min(i+1, 2) {
			t.Errorf("look %d found %v, and the organization has %d documents", i+1, found, len(docs))
		}
	}
}

// A late document that a unique index of an application's refuses stays in the trash, and what is behind it is carried.
func TestSweepMeetsAUniqueIndex(t *testing.T) {
	logs := &logbook{}
	db := openTest(t, Options{Log: logs.logger()})
	place, left := settle(t, db), newPlace().Placement.Namespace
	_, err := home(db, place).Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{e("sku", 1)}, Options: options.Index().SetUnique(true)})
	must(t, err)
	application(t, home(db, place), bson.D{e("_id", "there"), e("sku", "x")})
	application(t, db.main.Collection(left), bson.D{e("_id", "a"), e("sku", "x")})
	application(t, db.main.Collection(left), bson.D{e("_id", "b"), e("sku", "y")})
	_, err = db.Store().Places.Sweep(t.Context(), left, place, "op")
	must(t, err)
	docs, err := db.Store().Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 10)
	must(t, err)
	if len(docs) != 2 || docs[0].ID != "b" {
		t.Errorf("the organization has %v, want its own document and the one that fits", docs)
	}
	if kept := inTrash(t, db, place.Org, "op"); !slices.Contains(kept, any("a")) || !strings.Contains(logs.String(), "meets a unique index") {
		t.Errorf("in the trash are %v, and the log says\n%s", kept, logs)
	}
}

package mongo

import (
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// newPlace returns the place of a new organization.
func newPlace() tenant.Place {
	id := tenant.NewID()
	return tenant.Place{
		Org:       tenant.OrgID(id),
		Placement: tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_" + strings.ReplaceAll(id, "-", "_")},
	}
}

// settle makes the home of a new organization.
func settle(tb testing.TB, db *DB) tenant.Place {
	tb.Helper()
	place := newPlace()
	must(tb, db.Store().Places.Create(tb.Context(), place))
	return place
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// want complains unless err has the code.
func want(t *testing.T, code tenant.Code, err error, what string) {
	t.Helper()
	if !tenant.IsCode(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// application inserts a document as a program would that knows nothing of orgd.
func application(t *testing.T, coll *mongo.Collection, doc bson.D) {
	t.Helper()
	_, err := coll.InsertOne(t.Context(), doc)
	must(t, err)
}

// home returns the collection of a place.
func home(db *DB, place tenant.Place) *mongo.Collection {
	return db.main.Collection(place.Placement.Namespace)
}

// What an application has written is shown as Extended JSON where JSON has no word for it, belongs to the collection's
// owner at version 1, and is still of its type after an update of something else.
func TestDocumentOfAnApplication(t *testing.T) {
	db := openTest(t, Options{})
	docs, place := db.Store().Documents, settle(t, db)
	id := bson.NewObjectID()
	price, err := bson.ParseDecimal128("12.50")
	must(t, err)
	when := bson.NewDateTimeFromTime(time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC))
	application(t, home(db, place), bson.D{
		e("_id", id), e("n", int64(1)), e("when", when), e("price", price), e("raw", []byte{1, 2}),
		e("deep", bson.D{e("by", id), e("x", 1)}),
	})
	shown := tenant.DocumentID(id.Hex())
	got, err := docs.Get(t.Context(), place.In(""), shown)
	must(t, err)
	const rest = `"when":{"$date":{"$numberLong":"1772625600000"}},"price":{"$numberDecimal":"12.50"},"raw":`
	text := strings.ReplaceAll(string(got.Data), " ", "")
	if got.ID != shown || got.Version != 1 || !strings.HasPrefix(text, `{"n":1,`+rest) || !strings.Contains(text, `"by":{"$oid":"`+id.Hex()+`"}`) {
		t.Errorf("the document shows as %+v with %s", got, got.Data)
	}
	changed, err := docs.Update(t.Context(), place.In(""), shown, 0, func(d *tenant.Document) error {
		d.Data = tenant.Data(strings.Replace(strings.Replace(string(d.Data), `"n":1`, `"n":2`, 1), `"x":1`, `"x":2`, 1))
		d.WriteID = tenant.NewID()
		return nil
	})
	must(t, err)
	raw, err := home(db, place).FindOne(t.Context(), bson.M{"_id": id}).Raw()
	must(t, err)
	types := map[string]bson.Type{
		"when": bson.TypeDateTime, "price": bson.TypeDecimal128, "raw": bson.TypeBinary, "n": bson.TypeInt32,
	}
	for key, kind := range types {
		if raw.Lookup(key).Type != kind {
			t.Errorf("after the update %s is a %s, want %s", key, raw.Lookup(key).Type, kind)
		}
	}
	if by := raw.Lookup("deep", "by"); changed.Version != 2 || by.Type != bson.TypeObjectID || raw.Lookup("deep", "x").AsInt64() != 2 {
		t.Errorf("after the update the document is %s at version %d", raw, changed.Version)
	}
	_, err = docs.Insert(t.Context(), place.In(""), tenant.Document{ID: shown, Data: tenant.Data("{}"), WriteID: "w"}, 0)
	want(t, tenant.CodeIDTaken, err, "insert under the digits of an ObjectId")
	want(t, tenant.CodePrecondition, docs.Delete(t.Context(), place.In(""), shown, tenant.Revision{Version: 1}), "delete of an old version")
	must(t, docs.Delete(t.Context(), place.In(""), shown, tenant.Revision{Version: 2}))
}

// Documents with ObjectIds stand in a list where their digits belong.
func TestListWithObjectIDs(t *testing.T) {
	db := openTest(t, Options{})
	docs, place := db.Store().Documents, settle(t, db)
	var want []tenant.DocumentID
	for _, hex := range []string{"100000000000000000000000", "30000000000000000000000a"} {
		id, err := bson.ObjectIDFromHex(hex)
		must(t, err)
		application(t, home(db, place), bson.D{e("_id", id)})
	}
	for _, id := range []tenant.DocumentID{"0", "2", "z"} {
		_, err := docs.Insert(t.Context(), place.In(""), tenant.Document{ID: id, Data: tenant.Data("{}"), WriteID: "w"}, 0)
		must(t, err)
	}
	want = []tenant.DocumentID{"0", "100000000000000000000000", "2", "30000000000000000000000a", "z"}
	after := tenant.DocumentID("")
	for _, id := range want {
		page, err := docs.List(t.Context(), place.In(""), after, 1)
		must(t, err)
		if len(page) != 1 || page[0].ID != id {
			t.Fatalf("after %q comes %v, want %q", after, page, id)
		}
		after = id
	}
	usage, err := docs.Usage(t.Context(), place)
	must(t, err)
	if usage.Documents != 5 || usage.Bytes <= 6 {
		t.Errorf("usage is %+v, and there are five documents, two of them without bookkeeping", usage)
	}
}

// A document that carries another organization's id is never served, listed, counted, changed or deleted.
func TestDocumentOfAnotherOrganization(t *testing.T) {
	db := openTest(t, Options{})
	docs, place := db.Store().Documents, settle(t, db)
	application(t, home(db, place), bson.D{e("_id", "doc"), e("n", 1), e("_orgd", bson.D{e("organization", tenant.NewID()), e("version", int64(1))})})
	_, err := docs.Get(t.Context(), place.In(""), "doc")
	want(t, tenant.CodeNotFound, err, "get")
	_, err = docs.Update(t.Context(), place.In(""), "doc", 0, func(*tenant.Document) error { return nil })
	want(t, tenant.CodeNotFound, err, "update")
	want(t, tenant.CodeNotFound, docs.Delete(t.Context(), place.In(""), "doc", tenant.Revision{}), "delete")
	page, err := docs.List(t.Context(), place.In(""), "", 9)
	usage, usageErr := docs.Usage(t.Context(), place)
	if err != nil || usageErr != nil || len(page) != 0 || usage.Documents != 0 {
		t.Errorf("list: %v, %v, usage: %+v, %v, want nothing", page, err, usage, usageErr)
	}
	n, err := home(db, place).CountDocuments(t.Context(), bson.M{"_id": "doc", "n": 1})
	if err != nil || n != 1 {
		t.Errorf("the document is there %d times (%v), want once, as it was", n, err)
	}
}

// JSON within its limit can be more than BSON holds.
func TestDocumentThatBSONCannotHold(t *testing.T) {
	db := openTest(t, Options{DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	doc := tenant.Document{ID: "doc", WriteID: "w", Data: tenant.Data(`{"a":[` + strings.Repeat("1,", 1<<17) + `1]}`)}
	_, err := docs.Insert(t.Context(), place.In(""), doc, 0)
	if size := len(doc.Data); err != nil {
		t.Errorf("insert of %d bytes of JSON: %v", size, err)
	}
	doc.ID, doc.Data = "larger", tenant.Data(`{"a":[`+strings.Repeat("1,", 3<<20)+`1]}`)
	_, err = docs.Insert(t.Context(), place.In(""), doc, 0)
	want(t, tenant.CodeInvalid, err, "insert of more than BSON holds")
}

// A collection that exists without an owner record is never used, renamed onto, trashed or dropped.
func TestCollectionOfAStranger(t *testing.T) {
	var log logbook
	db := openTest(t, Options{Log: log.logger()})
	places, mine, theirs := db.Store().Places, settle(t, db), newPlace()
	application(t, home(db, theirs), bson.D{e("_id", "doc"), e("n", 1)})
	want(t, tenant.CodeConflict, places.Create(t.Context(), theirs), "create")
	target := mine
	target.Placement = theirs.Placement
	want(t, tenant.CodeConflict, places.Rename(t.Context(), mine, target), "rename onto it")
	want(t, tenant.CodeNotFound, places.Trash(t.Context(), theirs, "op"), "trash")
	must(t, places.Discard(t.Context(), theirs))
	must(t, places.Drop(t.Context(), theirs.Org, "op"))
	_, err := db.Store().Documents.Get(t.Context(), theirs.In(""), "doc")
	want(t, tenant.CodeNotFound, err, "get")
	n, err := home(db, theirs).CountDocuments(t.Context(), bson.M{"n": 1})
	if err != nil || n != 1 {
		t.Errorf("the stranger's document is there %d times (%v), want once", n, err)
	}
	if !strings.Contains(log.String(), theirs.Placement.Namespace) {
		t.Errorf("the log does not tell of the collection: %s", log.String())
	}
	_, err = db.Store().Documents.Usage(t.Context(), mine)
	must(t, err)
}

// A collection that turns up at the target of a move that has begun stays as it is, and the move leaves no claim on its name.
func TestCollectionThatTurnsUp(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db)
	target := renamed(place)
	to, err := db.owners.home(target)
	must(t, err)
	from, err := db.owners.home(place)
	must(t, err)
	m, err := places{db.owners}.survey(t.Context(), place.Org, from, to)
	must(t, err)
	must(t, places{db.owners}.announce(t.Context(), m))
	application(t, home(db, target), bson.D{e("_id", "doc"), e("n", 1)})
	for range 2 { // found by the rename itself, and by the next call
		want(t, tenant.CodeConflict, places{db.owners}.arrive(t.Context(), m), "arrive")
		want(t, tenant.CodeConflict, db.Store().Places.Rename(t.Context(), place, target), "rename")
	}
	_, err = db.Store().Documents.Usage(t.Context(), place)
	must(t, err)
	if _, err := db.owners.find(t.Context(), to); !isMissing(err) {
		t.Errorf("the stranger's collection has an owner record: %v", err)
	}
}

// What others wrote into the catalog's collections breaks nothing and counts for nothing.
func TestCatalogWithStrangers(t *testing.T) {
	o := Options{Database: "orgd_t_strangers_" + tenant.NewID()[:8]}
	first := openTest(t, o)
	for _, name := range []string{"organizations", "users", "operators"} {
		for range 2 {
			application(t, first.main.Collection(name), bson.D{e("claims", bson.A{"name:acme"}), e("email", "a@example.com"), e("state", "active")})
		}
	}
	db := openTest(t, o)
	_, err := db.Store().Orgs.Find(t.Context(), "name:acme")
	want(t, tenant.CodeNotFound, err, "find by a stranger's claim")
	n, err := db.Store().Orgs.Count(t.Context())
	if err != nil || n != 0 {
		t.Errorf("the count is %d (%v), want 0", n, err)
	}
	org := tenant.Organization{ID: tenant.OrgID(tenant.NewID()), Name: "Acme", Claims: []tenant.Claim{"name:acme"}}
	must(t, db.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
}

package mongo

import (
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// wantRule complains unless an error has the code and says so.
func wantRule(t *testing.T, code tenant.Code, err error, says, what string) {
	t.Helper()
	want(t, code, err, what)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: the error is %v, want one with %q", what, err, says)
	}
}

// leaf returns a new document with an id of its own.
func leaf(data string) tenant.Document {
	return tenant.Document{ID: tenant.DocumentID(tenant.NewID()), Data: tenant.Data(data), WriteID: tenant.NewID()}
}

// A unique index that an application made holds for orgd's writes too. Whoever writes is told of it, and not that an id is taken.
func TestUniqueIndexOfAnApplication(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	insert := func(doc tenant.Document) error {
		_, err := docs.Insert(t.Context(), place.In(""), doc, 0)
		return err
	}
	unique := func(keys bson.D) {
		_, err := home(db, place).Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: keys, Options: options.Index().SetUnique(true)})
		must(t, err)
	}
	first, second := leaf(`{"email":"a","n":1}`), leaf(`{"email":"b","n":2}`)
	must(t, insert(first))
	must(t, insert(second))
	again := first
	again.WriteID = tenant.NewID()
	want(t, tenant.CodeIDTaken, insert(again), "an id that is taken")
	unique(bson.D{e("email", 1)})
	const says = "a unique index of the collection, which an application made, refuses the document"
	wantRule(t, tenant.CodeConflict, insert(leaf(`{"email":"a","n":3}`)), says+": another one has the same value of email", "insert")
	object := leaf(`{"email":"a","n":3}`)
	object.ID = tenant.DocumentID(bson.NewObjectID().Hex())
	wantRule(t, tenant.CodeConflict, insert(object), says, "insert with an id of another form")
	wantRule(t, tenant.CodeConflict, patch(t, docs, place, second.ID, `{"email":"a"}`), says, "patch")
	want(t, tenant.CodeIDTaken, insert(again), "an id that is taken, and more")
	must(t, insert(first)) // was done before
	unique(bson.D{e("n", 1)})
	wantRule(t, tenant.CodeConflict, insert(leaf(`{"email":"c","n":1}`)), says, "insert against one index of two")
	found, err := docs.Get(t.Context(), place.In(""), second.ID)
	must(t, err)
	if string(found.Data) != `{"email":"b","n":2}` || found.Version != 1 {
		t.Errorf("the document is %s at version %d, want it as it was", found.Data, found.Version)
	}
}

// What a server tells of a key is told on, and the refusal of a validator is about the document, not about the server.
func TestRulesAsServersTellThem(t *testing.T) {
	f := &forgetful{}
	server := actor{behind: engineHost(t), answer: f.answer}
	db := openTest(t, Options{URI: "mongodb://" + server.play(t) + "/?directConnection=true", tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	there := leaf(`{"n":1}`)
	_, err := docs.Insert(t.Context(), place.In(""), there, 0)
	must(t, err)
	for _, c := range []struct {
		kind   string
		detail bson.D
		code   tenant.Code
		says   string
	}{
		{"insert", bson.D{e("code", 11000), e("keyPattern", bson.D{e("tenant", 1), e("email", 1)})}, tenant.CodeConflict, "the same value of tenant, email"},
		{"insert", bson.D{e("code", 11000), e("keyPattern", bson.D{e("_id", 1)})}, tenant.CodeIDTaken, "has this id"},
		{"insert", bson.D{e("code", 11000)}, tenant.CodeIDTaken, "has this id"}, // of a document that is gone
		{"update", bson.D{e("code", 11000), e("keyPattern", bson.D{e("email", 1)})}, tenant.CodeConflict, "the same value of email"},
		{"insert", bson.D{e("code", codeDocumentValidationFailure)}, tenant.CodeInvalid, "the collection's validator"},
		{"update", bson.D{e("code", codeDocumentValidationFailure)}, tenant.CodeInvalid, "the collection's validator"},
	} {
		refusal := append(bson.D{e("index", 0), e("errmsg", "refused")}, c.detail...)
		f.kind = c.kind
		f.old = func(bson.Raw) bson.D {
			return bson.D{e("ok", 1), e("n", 0), e("nModified", 0), e("writeErrors", bson.A{refusal})}
		}
		f.left.Store(1)
		if c.kind == "insert" {
			_, err = docs.Insert(t.Context(), place.In(""), leaf(`{"n":2}`), 0)
		} else {
			err = patch(t, docs, place, there.ID, `{"n":2}`)
		}
		if f.left.Load() != 0 {
			t.Errorf("%s %v was not asked for once", c.kind, c.detail)
		}
		wantRule(t, c.code, err, c.says, c.kind)
	}
}

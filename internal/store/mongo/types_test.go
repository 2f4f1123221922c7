package mongo

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// treasures are values that only an application can have stored, in an order and of numeric types that JSON does not tell.
func treasures(t *testing.T) bson.D {
	t.Helper()
	price, err := bson.ParseDecimal128("12.50")
	must(t, err)
	return bson.D{
		e("when", bson.NewDateTimeFromTime(time.UnixMilli(1772625600000))), e("price", price), e("long", int64(1)), e("whole", 1.0),
		e("raw", bson.Binary{Subtype: 4, Data: []byte("0123456789abcdef")}), e("by", bson.NewObjectID()),
		e("time", bson.Timestamp{T: 1, I: 2}), e("regex", bson.Regex{Pattern: "a", Options: "i"}), e("max", bson.MaxKey{}),
		e("ref", bson.D{e("$ref", "things"), e("$id", bson.NewObjectID()), e("$db", "other")}),
		e("odd", bson.D{e("$odd", int64(1)), e("a.b", int64(2)), e("", int64(3))}),
		e("like", bson.D{e("$date", "no date")}), e("text", "no \xff Unicode"),
		e("list", bson.A{int64(1), bson.NewObjectID(), bson.D{e("z", int64(1)), e("a", int64(2))}}),
	}
}

// patch applies a merge patch to a document, as the API does.
func patch(t *testing.T, docs store.Documents, place tenant.Place, id tenant.DocumentID, text string) error {
	t.Helper()
	_, err := docs.Update(t.Context(), place.In(""), id, 0, func(d *tenant.Document) (err error) {
		d.WriteID = tenant.NewID()
		d.Data, err = tenant.MergePatch(d.Data, []byte(text))
		return err
	})
	return err
}

// A patch of one member leaves all the others byte for byte as an application stored them, at the top and below.
func TestPatchKeepsWhatAnApplicationStored(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	kept := treasures(t)
	document := func(n int32) bson.D {
		deep := append(bson.D{e("z", "z"), e("n", n)}, kept...)
		return append(bson.D{e("_id", "doc"), e("n", n), e("a.b", int64(1)), e("deep", deep)}, kept...)
	}
	application(t, home(db, place), document(1))
	must(t, patch(t, docs, place, "doc", `{"n":2,"deep":{"n":2}}`))
	raw, err := home(db, place).FindOne(t.Context(), bson.M{"_id": "doc"}).Raw()
	must(t, err)
	expected, err := bson.Marshal(document(2))
	must(t, err)
	stored := members(raw)
	for _, el := range elements(expected) {
		if before, after := el.Value(), stored[el.Key()]; !sameMembers(before, after) {
			t.Errorf("%s was %s and is %s", el.Key(), before, after)
		}
	}
	if _, err := docs.List(t.Context(), place.In(""), "", 9); err != nil {
		t.Errorf("list: %v", err)
	}
}

// sameMembers reports whether two values are identical but for the order of the members at their top.
func sameMembers(a, b bson.RawValue) bool {
	if a.Type != bson.TypeEmbeddedDocument || b.Type != bson.TypeEmbeddedDocument {
		return identical(a, b)
	}
	left, right := members(a.Document()), members(b.Document())
	for name, value := range left {
		if !identical(value, right[name]) {
			return false
		}
	}
	return len(left) == len(right)
}

// What a caller sends takes the place of what was there, and a value of an application's is one value: it can be replaced
// and taken out, but not added to.
func TestReplaceWhatAnApplicationStored(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	order := bson.D{e("z", int64(1)), e("a", int64(2))}
	application(t, home(db, place), append(bson.D{e("_id", "doc"), e("order", order)}, treasures(t)...))
	want(t, tenant.CodeInvalid, patch(t, docs, place, "doc", `{"when":{"x":1}}`), "a member added to a date")
	must(t, patch(t, docs, place, "doc", `{"when":"now","price":null,"list":[1,2]}`))
	got, err := docs.Get(t.Context(), place.In(""), "doc")
	must(t, err)
	if text := string(got.Data); !strings.Contains(text, `"when":"now"`) || strings.Contains(text, "price") || !strings.Contains(text, `"list":[1,2]`) {
		t.Errorf("the document is %s", text)
	}
	put := func(text string) error {
		_, err := docs.Update(t.Context(), place.In(""), "doc", 0, func(d *tenant.Document) error {
			d.WriteID, d.Data = tenant.NewID(), tenant.Data(text)
			return nil
		})
		return err
	}
	must(t, put(`{"a":{"b":1},"order":{"a":2,"z":1}}`))
	raw, err := home(db, place).FindOne(t.Context(), bson.M{"_id": "doc"}).Raw()
	must(t, err)
	ordered, err := bson.Marshal(order)
	must(t, err)
	if stored := members(raw); len(stored) != 4 || !bytes.Equal(stored["order"].Value, ordered) {
		t.Errorf("after a replacement the document is %s", raw)
	}
}

// A member whose name an update would take for a path, or for an operator, is never taken out by mistake: nor is another one.
func TestMembersThatNoUpdateCanName(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	docs, place := db.Store().Documents, settle(t, db)
	for _, name := range []string{"a.b", "$set", ""} {
		id := tenant.DocumentID(tenant.NewID())
		application(t, home(db, place), bson.D{e("_id", string(id)), e("a", bson.D{e("b", 1)}), e(name, 2)})
		_, err := docs.Update(t.Context(), place.In(""), id, 0, func(d *tenant.Document) error {
			d.Data = tenant.Data(`{"a":{"b":1}}`)
			return nil
		})
		want(t, tenant.CodeConflict, err, "replace a document with "+name)
		must(t, patch(t, docs, place, id, `{"n":1}`))
		raw, err := home(db, place).FindOne(t.Context(), bson.M{"_id": string(id)}).Raw()
		must(t, err)
		if stored := members(raw); stored[name].AsInt64() != 2 || stored["n"].AsInt64() != 1 || raw.Lookup("a", "b").AsInt64() != 1 {
			t.Errorf("the document is %s", raw)
		}
	}
}

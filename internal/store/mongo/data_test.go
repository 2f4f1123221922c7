package mongo

import (
	"math"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// there and back returns what becomes of data.
func thereAndBack(t *testing.T, data string) string {
	t.Helper()
	raw, err := packDocument("org", tenant.Document{ID: "doc", Version: 1, Data: tenant.Data(data)})
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if err := raw.Validate(); err != nil {
		t.Fatalf("%s becomes invalid BSON: %v", data, err)
	}
	doc, err := unpackDocument(raw)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return string(doc.Data)
}

// Data comes back to the byte, members in their order.
func TestData(t *testing.T) {
	for _, data := range []string{
		`{}`, `{"b":1,"a":2}`, `{"n":[0,-1,2147483648,-9223372036854775808,9007199254740993]}`,
		`{"f":[1.0,-0.0,0.1,1e+21,5e-324,1.7976931348623157e+308]}`, `{"s":"\"\\\n\u001f \u2028 <é>"}`,
		`{"v":[null,true,false,{},[],{"a":[{"b":[]}]}]}`, `{"a$":1,"[0]":2,"0":3,"a b":4}`,
	} {
		if got := thereAndBack(t, data); got != strings.ReplaceAll(data, `\u2028`, "\u2028") {
			t.Errorf("%s comes back as %s", data, got)
		}
	}
}

// An integer takes four bytes where it fits, as drivers write it, and a whole float stays one.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]bson.Type{
		"0": bson.TypeInt32, "2147483647": bson.TypeInt32, "-2147483648": bson.TypeInt32, "2147483648": bson.TypeInt64,
		"-2147483649": bson.TypeInt64, "1.0": bson.TypeDouble, "1e+20": bson.TypeDouble,
	} {
		if v, err := number(text); err != nil || v.Type != want {
			t.Errorf("%s becomes a %s (%v), want %s", text, v.Type, err, want)
		}
	}
}

// What JSON has no word for shows as Extended JSON and becomes what it was.
func TestExtendedJSON(t *testing.T) {
	id := bson.NewObjectID()
	raw, err := bson.Marshal(bson.D{
		e("_id", id), e("when", bson.NewDateTimeFromTime(time.UnixMilli(1))), e("raw", []byte{1}), e("nan", math.NaN()),
		e("regex", bson.Regex{Pattern: "a", Options: "i"}), e("list", bson.A{id, 1}), e("time", bson.Timestamp{T: 1, I: 2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := unpackDocument(raw)
	if err != nil || doc.ID != tenant.DocumentID(id.Hex()) {
		t.Fatalf("%s reads as %+v (%v)", bson.Raw(raw), doc, err)
	}
	fields, err := toBSON(doc.Data)
	if err != nil {
		t.Fatalf("%s: %v", doc.Data, err)
	}
	for _, f := range fields {
		stored, err := bson.Raw(raw).LookupErr(f.name)
		if err != nil || stored.Type != f.value.Type || !alike(stored, f.value) {
			t.Errorf("%s was %s and becomes %s", f.name, stored, f.value)
		}
	}
	if _, err := toBSON(tenant.Data(`{"a":{"$date":"never"}}`)); !tenant.IsCode(err, tenant.CodeInvalid) {
		t.Errorf("a date that is none: %v", err)
	}
}

// The end of a prefix is the first text beyond all that begin with it, in the order of UTF-8.
func TestSuccessor(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "b", "ab": "ac", "é": "ê", "\uD7FF": "\uE000", "a\U0010FFFF": "b", "\u00FF": "\u0100",
	} {
		if got, ok := successor(prefix); !ok || got != want {
			t.Errorf("after %q comes %q (%t), want %q", prefix, got, ok, want)
		}
	}
	if got, ok := successor("\U0010FFFF"); ok {
		t.Errorf("after the last of all texts comes %q", got)
	}
}

// An update names the fields that differ, and no other.
func TestDelta(t *testing.T) {
	pack := func(d bson.D) bson.Raw {
		raw, err := bson.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	by := delta(pack(bson.D{e("same", 1), e("type", 1), e("gone", 1)}), pack(bson.D{e("same", 1), e("type", int64(1)), e("new", 1)}))
	if len(by.set) != 2 || by.set["type"] == nil || by.set["new"] == nil || len(by.unset) != 1 || by.unset["gone"] == nil {
		t.Errorf("the delta sets %v and unsets %v", by.set, by.unset)
	}
}

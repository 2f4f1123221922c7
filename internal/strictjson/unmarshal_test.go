package strictjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgd/orgd/internal/strictjson"
)

// change has one field of each sort that our routes read.
type change struct {
	Name     *string         `json:"organization_name,omitempty"`
	Password string          `json:"password"`
	Count    int             `json:"count"`
	Small    uint8           `json:"small"`
	Share    float64         `json:"share"`
	On       bool            `json:"on"`
	Tags     []string        `json:"tags"`
	Place    struct{ X int } `json:"place"`
	Key      []byte          `json:"key"`
	Any      any             `json:"any"`
	Raw      json.RawMessage `json:"raw"`
}

func TestNamesMatchExactly(t *testing.T) {
	var got change
	raw := `{"password":"right","PASSWORD":"wrong","Password":"wrong","pass_word":"wrong","unknown":{"password":"wrong"}}`
	if err := strictjson.Unmarshal([]byte(raw), &got); err != nil || got.Password != "right" {
		t.Errorf("got %q, %v", got.Password, err)
	}
}

func TestNullIsNotGiven(t *testing.T) {
	name := "before"
	got := change{Name: &name, Password: "before", Tags: []string{"before"}, Count: 7}
	if err := strictjson.Unmarshal([]byte(`{"organization_name":null,"password":null,"tags":null}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != nil || got.Password != "" || got.Tags != nil {
		t.Errorf("null must make the zero value: %+v", got)
	}
	if got.Count != 7 {
		t.Error("a member that is not given must stay")
	}
}

func TestAnyHoldsFloats(t *testing.T) {
	var got any
	if err := strictjson.Unmarshal([]byte(`{"n":[1,1.5,9007199254740993],"s":"x","z":null,"b":true}`), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"n": []any{1.0, 1.5, 9007199254740992.0}, "s": "x", "z": nil, "b": true}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestRawKeepsDigits(t *testing.T) {
	var got change
	if err := strictjson.Unmarshal([]byte(`{"raw":{"n":9007199254740993}}`), &got); err != nil || string(got.Raw) != `{"n":9007199254740993}` {
		t.Errorf("got %s, %v", got.Raw, err)
	}
}

func TestTypeErrors(t *testing.T) {
	for raw, want := range map[string]string{
		`{"password":12345678}`:             "a number stands where a string is wanted in /password",
		`{"password":{"$ne":null}}`:         "an object stands where a string is wanted in /password",
		`{"organization_name":["secret"]}`:  "an array stands where a string is wanted in /organization_name",
		`{"count":"secret"}`:                "a string stands where a whole number is wanted in /count",
		`{"count":1.5}`:                     "a number stands where a whole number is wanted in /count",
		`{"count":1e2}`:                     "a number stands where a whole number is wanted in /count",
		`{"count":99999999999999999999}`:    "the number is out of range in /count",
		`{"small":300}`:                     "the number is out of range in /small",
		`{"share":"secret"}`:                "a string stands where a number is wanted in /share",
		`{"on":1}`:                          "a number stands where a truth value is wanted in /on",
		`{"on":{"a":true}}`:                 "an object stands where a truth value is wanted in /on",
		`{"tags":["a",true]}`:               "a truth value stands where a string is wanted in /tags/1",
		`{"tags":"secret"}`:                 "a string stands where an array is wanted in /tags",
		`{"place":[]}`:                      "an array stands where an object is wanted in /place",
		`{"key":"!!secret!!"}`:              "the value does not fit in /key",
		`{"key":1}`:                         "a number stands where a string is wanted in /key",
		`["secret"]`:                        "an array stands where an object is wanted",
		`{"password":1,"count":1,"count":}`: "duplicate name \"count\" at byte 24",
		`{"password":1,`:                    "unexpected end of the text at byte 14",
	} {
		var v change
		if err := strictjson.Unmarshal([]byte(raw), &v); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
	}
}

// picky reads JSON itself and, as such types do, puts the text into its error.
type picky struct{}

func (*picky) UnmarshalJSON(raw []byte) error { return errors.New("cannot read " + string(raw)) }

func TestCausesStayInside(t *testing.T) {
	var v struct {
		P picky `json:"p"`
	}
	err := strictjson.Unmarshal([]byte(`{"p":"secret"}`), &v)
	if err == nil || err.Error() != "the value does not fit in /p" || errors.Unwrap(err) != nil {
		t.Errorf("got %v", err)
	}
	var fault *strictjson.TypeError
	if !errors.As(err, &fault) || fault.Offset != 5 {
		t.Errorf("got %#v", err)
	}
}

func TestLongPathsAreNotRepeated(t *testing.T) {
	var v map[string]int
	for _, name := range []string{strings.Repeat("n", 300), "a\u202eb", `a\nb`} {
		err := strictjson.Unmarshal([]byte(`{"`+name+`":"x"}`), &v)
		if err == nil || err.Error() != "a string stands where a whole number is wanted" {
			t.Errorf("got %v", err)
		}
	}
}

func TestProgrammersErrorsAreErrors(t *testing.T) {
	if err := strictjson.Unmarshal([]byte(`{}`), nil); err == nil {
		t.Error("nil target: no error")
	}
}

// TestErrorsHoldNoValue breaks a body at random and looks for the password in what is said about it.
func TestErrorsHoldNoValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[G-Z]{4,12}`).Draw(t, "secret")
		raw := []byte(`{"email":"a@b.example","password":"` + secret + `","n":1,"list":["` + secret + `",{"x":"` + secret + `"}]}`)
		at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		raw[at] = rapid.SampledFrom([]byte("\"\\{}[]:,0-etn x\x00\xff")).Draw(t, "byte")
		raw = raw[:rapid.IntRange(at, len(raw)).Draw(t, "end")]
		var v change
		err := strictjson.Unmarshal(raw, &v)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}

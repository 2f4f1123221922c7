package strictjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/strictjson"
)

// accepted are texts that the decoder must take, among them the ones nearest to each limit.
var accepted = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0`, `""`, " \t\r\n{ }\n",
	`{"email":"a@b.example","password":"x"}`,
	`{"a":1,"A":2}`,
	`{"a":{"a":1},"b":[{"a":1},{"a":2}]}`,
	`"\ud83d\ude00"`, `"\u00e9\n\/\\u0000"`, `{"a\u0000":"x\u0000y"}`, `"\\\u0000"`, `"é😀"`, "\"\u007f\u2028\"", `{"":1}`,
	`1e308`, `-1.7976931348623157e308`, `1e-400`, `1E+2`,
	strings.Repeat("9", 64), "0." + strings.Repeat("3", 62),
	strings.Repeat("[", 32) + strings.Repeat("]", 32),
	strings.Repeat(`{"a":`, 31) + `[1]` + strings.Repeat("}", 31),
	"[" + strings.Repeat("[[]],{},", 40) + "0]",
	`["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]`,
	`["` + strings.Repeat("9", 100) + `"]`,
}

// refused are texts that the decoder must not take, with what it says of them.
var refused = []struct{ raw, want string }{
	{``, "unexpected end of the text at byte 0"},
	{"  ", "unexpected end of the text at byte 2"},
	{`{`, "unexpected end of the text at byte 1"},
	{`[1`, "unexpected end of the text at byte 2"},
	{`"abc`, "unexpected end of the text at byte 4"},
	{`"abc\`, "unexpected end of the text at byte 5"},
	{`-`, "unexpected end of the text at byte 1"},
	{`{"a":1,"a":2}`, `duplicate name "a" at byte 7`},
	{`{"a":1,"\u0061":2}`, `duplicate name "a" at byte 7`},
	{`{"x":[{"a":1},{"a":1 , "b":{}, "a":null}]}`, `duplicate name "a" at byte 31`},
	{`{"":1,"":2}`, `duplicate name "" at byte 6`},
	{`{"a/~":1,"a/~":2}`, `duplicate name "a/~" at byte 9`},
	{"{\"a\u202e\":1,\"a\u202e\":2}", "duplicate name at byte 10"},
	{`{"\n":1,"\n":2}`, "duplicate name at byte 8"},
	{`{"` + strings.Repeat("n", 65) + `":1,"` + strings.Repeat("n", 65) + `":2}`, "duplicate name at byte 71"},
	{strings.Repeat("[", 33) + strings.Repeat("]", 33), "more than 32 levels at byte 32"},
	{strings.Repeat("[", 1<<20), "more than 32 levels at byte 32"},
	{`[` + strings.Repeat("9", 65) + `]`, "number of more than 64 characters at byte 1"},
	{`[1e309]`, "number out of range at byte 1"},
	{`-1E+999`, "number out of range at byte 0"},
	{`{"\u0000":1,"\u0000":2}`, "duplicate name at byte 12"},
	{"\"a\x00b\"", "control character at byte 2"},
	{"\x00{}", "control character at byte 0"},
	{"{}\x00", "more text after the value at byte 2"},
	{"\"a\nb\"", "control character at byte 2"},
	{"\"\xff\"", "invalid UTF-8 at byte 1"},
	{"\"\xed\xa0\x80\"", "invalid UTF-8 at byte 1"},
	{"\"\xc0\xaf\"", "invalid UTF-8 at byte 1"},
	{`"\ud800"`, "invalid escape at byte 1"},
	{`"\udc00\ud800"`, "invalid escape at byte 1"},
	{`"\ud800\u0041"`, "invalid escape at byte 1"},
	{`"\x41"`, "invalid escape at byte 1"},
	{`1 2`, "more text after the value at byte 2"},
	{`{} {}`, "more text after the value at byte 3"},
	{`01`, "more text after the value at byte 1"},
	{`+1`, "unexpected character at byte 0"},
	{`[1,]`, "unexpected character at byte 3"},
	{`{"a":1,}`, "unexpected character at byte 7"},
	{`{a:1}`, "unexpected character at byte 1"},
	{`{"a" 1}`, "unexpected character at byte 5"},
	{`{1:1}`, "unexpected character at byte 1"},
	{`'a'`, "unexpected character at byte 0"},
	{`NaN`, "unexpected character at byte 0"},
	{`[1 /* one */]`, "unexpected character at byte 3"},
	{`nul`, "unexpected end of the text at byte 3"},
	{`True`, "unexpected character at byte 0"},
	{`[1}`, "unexpected character at byte 2"},
	{"\ufeff{}", "unexpected character at byte 0"},
}

func TestCheckAccepts(t *testing.T) {
	for _, raw := range accepted {
		if err := strictjson.Check([]byte(raw)); err != nil {
			t.Errorf("%.80q: %v", raw, err)
		}
		var v any
		if err := strictjson.Unmarshal([]byte(raw), &v); err != nil {
			t.Errorf("Unmarshal %.80q: %v", raw, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, tt := range refused {
		err := strictjson.Check([]byte(tt.raw))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%.80q: got %v, want %s", tt.raw, err, tt.want)
		}
		var v any
		if again := strictjson.Unmarshal([]byte(tt.raw), &v); again == nil || again.Error() != tt.want {
			t.Errorf("Unmarshal %.80q: got %v, want %s", tt.raw, again, tt.want)
		}
		if _, again := strictjson.Compact([]byte(tt.raw)); again == nil || again.Error() != tt.want {
			t.Errorf("Compact %.80q: got %v, want %s", tt.raw, again, tt.want)
		}
		if fault := (*strictjson.SyntaxError)(nil); !errors.As(err, &fault) {
			t.Errorf("%.80q: %T is no *SyntaxError", tt.raw, err)
		}
	}
}

func TestLimitsAreParameters(t *testing.T) {
	tight := strictjson.Limits{Depth: 1, NumberLength: 3}
	for raw, want := range map[string]string{
		`[100]`:  "",
		`"\\"`:   "",
		`[[]]`:   "more than 1 levels at byte 1",
		`[1000]`: "number of more than 3 characters at byte 1",
	} {
		if err := tight.Check([]byte(raw)); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: got %v, want %q", raw, err, want)
		}
	}
	wide := strictjson.Limits{Depth: 1, NumberLength: 1000}
	if err := wide.Check([]byte(strings.Repeat("9", 400))); err == nil {
		t.Error("400 digits are beyond float64 and must be refused without an exponent too")
	}
}

func TestCompact(t *testing.T) {
	raw := []byte(" { \"b\" : 1.0 ,\r\n\t\"a\":\"\\u0041 \\/\" , \"c\":[ 1e2 , { } ] } ")
	before := string(raw)
	got, err := strictjson.Compact(raw)
	if want := `{"b":1.0,"a":"\u0041 \/","c":[1e2,{}]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if string(raw) != before {
		t.Error("Compact changed its input")
	}
}

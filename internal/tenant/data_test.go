package tenant_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func TestParseDataIsCanonicalAndExact(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                                    `{}`,
		" { \"b\" : 1 ,\n\"a\":[ true,null ] }": `{"b":1,"a":[true,null]}`,
		`{"n":9007199254740993}`:                `{"n":9007199254740993}`,
		`{"n":-9223372036854775808}`:            `{"n":-9223372036854775808}`,
		`{"n":1.0}`:                             `{"n":1.0}`,
		`{"n":1e20}`:                            `{"n":1e+20}`,
		`{"n":1e2}`:                             `{"n":100.0}`,
		`{"n":-0}`:                              `{"n":-0.0}`,
		`{"n":0.1}`:                             `{"n":0.1}`,
		`{"s":"\u0041\/"}`:                      `{"s":"A/"}`,
		`{"_id2":{"_id":1}}`:                    `{"_id2":{"_id":1}}`,
		`{"s":"\\u0000","t":"\\\\u0000"}`:       `{"s":"\\u0000","t":"\\\\u0000"}`,
	} {
		got, err := tenant.ParseData([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s became %s (%v), want %s", in, got, err, want)
		}
		again, err := tenant.ParseData(got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%s is not stable: %s (%v)", got, again, err)
		}
	}
}

func TestParseDataRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"an array":              `[]`,
		"a string":              `"x"`,
		"an integer over int64": `{"n":9223372036854775808}`,
		"a float over float64":  `{"n":1e999}`,
		"a number of 65 digits": `{"n":[` + strings.Repeat("9", 65) + `]}`,
		"an empty name":         `{"":1}`,
		"a dollar name":         `{"a":{"$ne":null}}`,
		"a dotted name":         `{"a":[{"b.c":1}]}`,
		"_id":                   `{"_id":1}`,
		"_orgd":                 `{"_orgd":{}}`,
		"NUL":                   `{"a":"\u0000"}`,
		"NUL deep inside":       `{"a":[{"b":"x\u0000y"}]}`,
		"NUL after a backslash": `{"a":"\\u0000","b":"\\\u0000"}`,
		"NUL in a name":         `{"a\u0000":1}`,
		"too much":              `{"a":"` + strings.Repeat("x", tenant.MaxDataBytes) + `"}`,
	} {
		if got, err := tenant.ParseData([]byte(in)); !tenant.IsCode(err, tenant.CodeInvalid) {
			t.Errorf("%s was taken as %s (%v)", name, got[:min(len(got), 80)], err)
		}
	}
	for name, in := range map[string]string{
		"nothing":                     ``,
		"a duplicate name":            `{"a":1,"\u0061":2}`,
		"a lone surrogate":            `{"a":"\ud800"}`,
		"depth 33":                    strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33),
		"a number beyond, and no end": `{"n":1e999`,
	} {
		if got, err := tenant.ParseData([]byte(in)); err == nil || tenant.CodeOf(err) == tenant.CodeInvalid {
			t.Errorf("%s was taken as %s (%v)", name, got[:min(len(got), 80)], err)
		}
	}
}

// The table of RFC 7396 appendix A, as far as both sides are objects.
func TestMergePatch(t *testing.T) {
	for _, tc := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		got, err := tenant.MergePatch(tenant.Data(tc[0]), []byte(tc[1]))
		if err != nil || string(got) != tc[2] {
			t.Errorf("%s patched by %s is %s (%v), want %s", tc[0], tc[1], got, err, tc[2])
		}
	}
	for _, patch := range []string{`null`, `["c"]`, `{"_id":1}`, `{"a":99999999999999999999}`, `{`} {
		if got, err := tenant.MergePatch(tenant.Data(`{}`), []byte(patch)); err == nil {
			t.Errorf("patch %s was taken and gave %s", patch, got)
		}
	}
}

// referenceMerge is RFC 7396 section 2 over decoded values, word for word.
func referenceMerge(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result, ok := target.(map[string]any)
	if !ok {
		result = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(result, name)
		} else {
			result[name] = referenceMerge(result[name], value)
		}
	}
	return result
}

func FuzzMergePatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null,"c":[1,null]}}`))
	f.Add([]byte(`{"a":1}`), []byte(`{"a":{"b":{"c":null}}}`))
	f.Add([]byte(`{"":1}`), []byte(`{"a":1e400}`))
	f.Fuzz(func(t *testing.T, rawTarget, patch []byte) {
		target, err := tenant.ParseData(rawTarget)
		if err != nil {
			return
		}
		before := string(target)
		got, err := tenant.MergePatch(target, patch)
		if string(target) != before {
			t.Fatalf("the patch changed its target to %s", target)
		}
		if err != nil {
			return
		}
		again, err := tenant.ParseData(got)
		if err != nil || string(again) != string(got) {
			t.Fatalf("the result %s is not canonical: %s (%v)", got, again, err)
		}
		want := referenceMerge(decode(t, target), decode(t, patch))
		if have := decode(t, got); !reflect.DeepEqual(have, want) {
			t.Fatalf("%s patched by %s is %s, want %v", target, patch, got, want)
		}
	})
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return v
}

package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// form is a route that takes JSON, two parameters and an Idempotency-Key.
var form = &route{media: []string{jsonMedia}, query: []string{"limit", "cursor"}, keyed: true, limit: 100}

// Whatever two readers could take for different things is refused before anyone reads it.
func TestFormOfRequests(t *testing.T) {
	for _, tc := range []struct {
		name    string
		query   string
		headers http.Header
		length  int64
		want    api.Code
		place   string
	}{
		{name: "nothing at all"},
		{name: "known parameters", query: "limit=1&cursor=a%2Bb"},
		{name: "an empty value", query: "limit="},
		{name: "JSON", headers: http.Header{"Content-Type": {"application/json"}}, length: 1},
		{name: "JSON with a charset", headers: http.Header{"Content-Type": {"Application/JSON; charset=utf-8"}}, length: -1},
		{name: "identity is no encoding", headers: http.Header{"Content-Encoding": {"identity"}}},
		{name: "the longest body", headers: http.Header{"Content-Type": {"application/json"}}, length: 100},
		{name: "a condition", headers: http.Header{"If-Match": {`"1"`}, "If-None-Match": {"*"}}},
		{name: "a key", headers: http.Header{"Idempotency-Key": {"k"}}},

		{name: "unknown parameter", query: "limit=1&x=2", want: api.CodeInvalid, place: "query.x"},
		{name: "parameter in another case", query: "Limit=1", want: api.CodeInvalid, place: "query.Limit"},
		{name: "repeated parameter", query: "limit=1&limit=2", want: api.CodeInvalid, place: "query.limit"},
		{name: "repeated in another spelling", query: "limit=1&%6cimit=2", want: api.CodeInvalid, place: "query.limit"},
		{name: "parameter without value", query: "limit", want: api.CodeMalformed},
		{name: "nothing between signs", query: "limit=1&&cursor=2", want: api.CodeMalformed},
		{name: "semicolon", query: "limit=1;cursor=2", want: api.CodeMalformed},
		{name: "broken escape", query: "limit=%zz", want: api.CodeMalformed},
		{name: "broken escape in a name", query: "%zz=1", want: api.CodeMalformed},
		{name: "long unknown name is not repeated", query: strings.Repeat("a", 65) + "=1", want: api.CodeInvalid, place: "query.?"},
		{name: "unprintable unknown name is not repeated", query: "%0a=1", want: api.CodeInvalid, place: "query.?"},

		{name: "no type", length: 1, want: api.CodeUnsupportedMediaType},
		{name: "form", headers: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, length: 1, want: api.CodeUnsupportedMediaType},
		{name: "text", headers: http.Header{"Content-Type": {"text/plain"}}, length: 1, want: api.CodeUnsupportedMediaType},
		{name: "some other JSON", headers: http.Header{"Content-Type": {"application/x+json"}}, length: 1, want: api.CodeUnsupportedMediaType},
		{name: "two types", headers: http.Header{"Content-Type": {"application/json", "text/plain"}}, length: 1, want: api.CodeUnsupportedMediaType},
		{name: "broken type", headers: http.Header{"Content-Type": {"application/json;;"}}, length: 1, want: api.CodeUnsupportedMediaType},
		{name: "gzip", headers: http.Header{"Content-Encoding": {"gzip"}}, want: api.CodeUnsupportedMediaType},
		{name: "encoded twice", headers: http.Header{"Content-Encoding": {"identity", "gzip"}}, want: api.CodeUnsupportedMediaType},
		{name: "a longer body", headers: http.Header{"Content-Type": {"application/json"}}, length: 101, want: api.CodeBodyTooLarge},
		{name: "empty condition", headers: http.Header{"If-Match": {""}}, want: api.CodeInvalid, place: "header.If-Match"},
		{name: "blank condition", headers: http.Header{"If-None-Match": {" "}}, want: api.CodeInvalid, place: "header.If-None-Match"},
		{name: "two conditions", headers: http.Header{"If-Match": {`"1"`, `"2"`}}, want: api.CodeInvalid, place: "header.If-Match"},
		{name: "empty key", headers: http.Header{"Idempotency-Key": {""}}, want: api.CodeInvalid, place: "header.Idempotency-Key"},
		{name: "two keys", headers: http.Header{"Idempotency-Key": {"a", "b"}}, want: api.CodeInvalid, place: "header.Idempotency-Key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.RawQuery, r.ContentLength = tc.query, tc.length
			if tc.headers != nil {
				r.Header = tc.headers
			}
			err = form.checkForm(r)
			if tc.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			p := problemFrom(err)
			if p.Code != tc.want {
				t.Fatalf("code %q, want %q: %s", p.Code, tc.want, p.Detail)
			}
			if tc.place != "" && (len(p.Errors) != 1 || p.Errors[0].Location != tc.place || !strings.Contains(p.Detail, strings.TrimPrefix(tc.place, "header."))) {
				t.Errorf("errors %+v, detail %q, want the place %q", p.Errors, p.Detail, tc.place)
			}
		})
	}
}

// A route that answers with a secret refuses an Idempotency-Key; one that can be repeated anyway ignores it.
func TestKeysWhereTheyDoNotBelong(t *testing.T) {
	key := http.Header{"Idempotency-Key": {"k"}}
	if err := (&route{secret: true}).checkKey(key); problemFrom(err).Code != api.CodeInvalid {
		t.Errorf("a route with a secret takes a key: %v", err)
	}
	if err := (&route{}).checkKey(key); err != nil {
		t.Errorf("another route refuses one: %v", err)
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "BEARER  abc": "abc",
		"": "", "Bearer": "", "Bearer ": "", "Basic abc": "", "abc": "", "Bearerabc": "",
	} {
		got, ok := bearer(http.Header{"Authorization": {header}})
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q gives %q, %t", header, got, ok)
		}
	}
	if _, ok := bearer(http.Header{"Authorization": {"Bearer a", "Bearer b"}}); ok {
		t.Error("two headers give a token")
	}
}

func TestConditions(t *testing.T) {
	for header, want := range map[string]etag{
		"": {}, `"1"`: {version: 1}, ` "42" `: {version: 42}, `"9223372036854775807"`: {version: 9223372036854775807},
		`"3.zz"`: {3, 1295}, `"1.-1"`: {1, -1}, `"2.1y2p0ij32e8e7"`: {2, 9223372036854775807},
	} {
		if got, err := ifMatch(header); err != nil || got != want {
			t.Errorf("If-Match: %s gives %+v, %v", header, got, err)
		}
	}
	for _, header := range []string{
		"*", "1", `W/"1"`, `"0"`, `"-1"`, `"01"`, `"+1"`, `"1`, `1"`, `""`, `"a"`, `"1", "2"`, `"9223372036854775808"`,
		`""1""`, `"1.`, `"1."`, `".1"`, `"1.0"`, `"1.01"`, `"1.Z"`, `"1.z.z"`, `"1.+z"`, `"0.z"`, `"1.1y2p0ij32e8e8"`, `W/"1.z"`,
	} {
		if got, err := ifMatch(header); problemFrom(err).Code != api.CodeInvalid {
			t.Errorf("If-Match: %s gives %+v, %v", header, got, err)
		}
	}
	for header, want := range map[string]bool{
		`"3.z"`: true, `W/"3.z"`: true, `"1.z", "3.z"`: true, "*": true, "": false, `"4.z"`: false, `"3.y"`: false, `"3"`: false, "3.z": false,
	} {
		if got := unchanged(header, etag{3, 35}.String()); got != want {
			t.Errorf("If-None-Match: %s says %t of \"3.z\"", header, got)
		}
	}
	if _, err := condition(`"1"`, "*"); problemFrom(err).Code != api.CodeInvalid {
		t.Errorf("both conditions at once: %v", err)
	}
	if _, err := condition("", `"1"`); problemFrom(err).Code != api.CodeInvalid {
		t.Errorf("If-None-Match with a version for a PUT: %v", err)
	}
}

package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/strictjson"
)

// bodies are a login, and a document of about 20 KB.
var bodies = map[string][]byte{
	"login": []byte(`{"email":"owner@acme.example","password":"correct horse battery staple"}`),
	"document": []byte(`{"items":[` + strings.Repeat(`{"id":12345,"title":"A line of text, as people write it","price":12.5,"tags":["a","b"],"stock":true},`, 199) +
		`{"id":1}]}`),
}

func BenchmarkCheck(b *testing.B) {
	perBody(b, func(raw []byte) error { return strictjson.Check(raw) })
}

func BenchmarkUnmarshalAny(b *testing.B) {
	perBody(b, func(raw []byte) error { var v any; return strictjson.Unmarshal(raw, &v) })
}

func BenchmarkUnmarshalAnyStdlib(b *testing.B) {
	perBody(b, func(raw []byte) error { var v any; return json.Unmarshal(raw, &v) })
}

func BenchmarkUnmarshalStruct(b *testing.B) {
	perBody(b, func(raw []byte) error { var v change; return strictjson.Unmarshal(raw, &v) })
}

func BenchmarkCompact(b *testing.B) {
	perBody(b, func(raw []byte) error { _, err := strictjson.Compact(raw); return err })
}

func perBody(b *testing.B, f func([]byte) error) {
	for name, raw := range bodies {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

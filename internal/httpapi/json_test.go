package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/tenant"
)

// What is written by hand says what encoding/json says.
func TestAppendedJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 60_000_000, time.UTC)
	doc := api.Document{ID: "a~b", Version: 7, CreatedAt: at, UpdatedAt: at.Add(time.Hour), Data: json.RawMessage(`{"a":"<b>"}`)}
	org := tenant.Organization{
		ID: "0192f0c1-0000-7000-8000-00000000000a", Name: "O'Neil & \"S\u00f6hne\" \\ <b> \u2028", Slug: "o", State: tenant.StateActive,
		CreatedAt: at, UpdatedAt: at.Truncate(time.Second), Placement: tenant.Placement{Namespace: "org_o"},
	}
	for _, v := range []any{
		doc, api.DocumentPage{Items: []api.Document{}}, api.DocumentPage{Items: []api.Document{doc, doc}, NextCursor: "c-_"},
	} {
		var got bytes.Buffer
		if err := marshalJSON(&got, v); err != nil {
			t.Fatal(err)
		}
		alike(t, got.Bytes(), v)
	}
	alike(t, appendPublic(nil, &org), publicView(&org))
}

// alike compares the members, their order and their values; escapes may be others.
func alike(t *testing.T, got []byte, v any) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(want.String(), `\u2028`, "\u2028") != string(got) {
		t.Errorf("got  %s\nwant %s", got, want.Bytes())
	}
}

func BenchmarkLargeDocument(b *testing.B) {
	doc := api.Document{ID: "d", Data: json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)}
	b.SetBytes(int64(len(doc.Data)))
	for b.Loop() {
		if err := marshalJSON(&discard{}, doc); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

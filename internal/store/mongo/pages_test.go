package mongo

import (
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// The first ObjectId after a text is the smallest of all 24 hex digits that are greater by bytes.
func TestObjectAfter(t *testing.T) {
	const zeros, effs = "000000000000000000000000", "ffffffffffffffffffffffff"
	for text, want := range map[string]string{
		"":                         zeros,
		"-":                        zeros,
		"0":                        zeros,
		"00-":                      zeros,
		"12":                       "120000000000000000000000",
		"12-":                      "120000000000000000000000",
		"12A":                      "12a000000000000000000000",
		"12z":                      "130000000000000000000000",
		"19z":                      "1a0000000000000000000000",
		"1fz":                      "200000000000000000000000",
		"ffz":                      "",
		"z":                        "",
		"Z":                        "a00000000000000000000000",
		zeros:                      "000000000000000000000001",
		zeros + "x":                "000000000000000000000001",
		"65a1b2c3d4e5f60718293a4f": "65a1b2c3d4e5f60718293a50",
		effs:                       "",
		effs[:23]:                  effs[:23] + "0",
	} {
		got, ok := objectAfter(text)
		if ok != (want != "") || ok && got.Hex() != want {
			t.Errorf("after %q comes %q (%t), want %q", text, got.Hex(), ok, want)
		}
	}
}

// A merged page has no gap: it ends where one of its parts was cut, at the limit, or at the bytes of a page.
func TestMerge(t *testing.T) {
	part := func(cut bool, ids ...tenant.DocumentID) (p page) {
		for _, id := range ids {
			p.docs = append(p.docs, tenant.Document{ID: id, Data: tenant.Data("{}")})
		}
		p.cut = cut
		return p
	}
	heavy := part(false, "b")
	heavy.docs[0].Data = make(tenant.Data, store.PageBytes)
	for name, c := range map[string]struct {
		a, b page
		want []tenant.DocumentID
	}{
		"one part":            {part(false, "a", "c"), part(false), []tenant.DocumentID{"a", "c"}},
		"in turn":             {part(false, "a", "c"), part(false, "b"), []tenant.DocumentID{"a", "b", "c"}},
		"at the limit":        {part(false, "a", "c", "e"), part(false, "b", "d"), []tenant.DocumentID{"a", "b", "c"}},
		"where one was cut":   {part(true, "a"), part(false, "b"), []tenant.DocumentID{"a"}},
		"where both were cut": {part(true, "a", "d"), part(true, "b", "c"), []tenant.DocumentID{"a", "b", "c"}},
		"for its bytes":       {part(false, "a"), heavy, []tenant.DocumentID{"a"}},
	} {
		var got []tenant.DocumentID
		for _, doc := range merge(c.a, c.b, 3) {
			got = append(got, doc.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

package tenant_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/orgd/orgd/internal/tenant"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct{ in, name, key, slug string }{
		{"Acme Corp", "Acme Corp", "acme corp", "acme_corp"},
		{"  Acme \t Corp\n", "Acme Corp", "acme corp", "acme_corp"},
		{"ACME  corp", "ACME corp", "acme corp", "acme_corp"},
		{"Cafe\u0301", "Café", "café", "cafe"},
		{"Straße", "Straße", "strasse", "strasse"},
		{"Acme, Inc.", "Acme, Inc.", "acme, inc.", "acme_inc"},
		{"acme-inc", "acme-inc", "acme-inc", "acme_inc"},
		{"Ａｃｍｅ", "Ａｃｍｅ", "ａｃｍｅ", "acme"},
		{"北京", "北京", "北京", "bei_jing"},
		{strings.Repeat("a", 50), strings.Repeat("a", 50), strings.Repeat("a", 50), strings.Repeat("a", 50)},
	} {
		name, err := tenant.ParseName("f", tc.in)
		if err != nil || string(name) != tc.name || string(name.Key()) != tc.key {
			t.Errorf("%q: name %q key %q (%v), want %q %q", tc.in, name, name.Key(), err, tc.name, tc.key)
		}
		if slug, err := name.Slug("f"); err != nil || string(slug) != tc.slug {
			t.Errorf("%q: slug %q (%v), want %q", tc.in, slug, err, tc.slug)
		}
	}
}

func TestNamesRefused(t *testing.T) {
	for why, in := range map[string]string{
		"empty": "", "blank": " \t ", "NUL": "a\x00b", "control": "a\x07b", "invalid UTF-8": "a\xffb",
		"right-to-left override": "a\u202eb", "too long": strings.Repeat("ä", 201), "DEL": "a\x7f",
	} {
		if name, err := tenant.ParseName("f", in); !tenant.IsCode(err, tenant.CodeInvalid) {
			t.Errorf("%s: took %q as %q (%v)", why, in, name, err)
		}
	}
	for why, in := range map[string]string{
		"no letter": "!!!", "emoji alone": "🙂", "slug too long": strings.Repeat("a", 51), "reserved": "Admin",
		"reserved spelled oddly": "a-d m i n", "id": "0192f0c1-0000-7000-8000-00000000000a",
		"id without hyphens": "0192F0C1000070008000 00000000000a", "id in braces": "{0192f0c1-0000-7000-8000-00000000000a}",
	} {
		name, err := tenant.ParseName("f", in)
		if err != nil {
			t.Fatal(err)
		}
		slug, err := name.Slug("f")
		if why == "reserved spelled oddly" {
			if err != nil || slug != "a_d_m_i_n" {
				t.Errorf("%s: %q %v", why, slug, err)
			}
			continue
		}
		if !tenant.IsCode(err, tenant.CodeInvalid) {
			t.Errorf("%s: %q gave slug %q (%v)", why, in, slug, err)
		}
	}
}

// TestKeyFoldsEveryLetter holds for all letters that there are: the cases of one give one key, which folds to itself.
func TestKeyFoldsEveryLetter(t *testing.T) {
	key := func(r rune) tenant.NameKey { return tenant.Name(norm.NFC.String(string(r))).Key() }
	letters := 0
	for r := range unicode.MaxRune + 1 {
		other := unicode.SimpleFold(r)
		if other == r {
			continue
		}
		letters++
		if key(other) != key(r) {
			t.Errorf("%q and %q have the keys %q and %q", r, other, key(r), key(other))
		}
		if again := tenant.Name(key(r)).Key(); again != key(r) {
			t.Errorf("the key %q of %q folds again to %q", key(r), r, again)
		}
	}
	if letters < 2500 {
		t.Errorf("only %d letters have cases", letters)
	}
}

// FuzzName holds for every text: what is accepted is stable, bounded and survives its own rules; case and white space do
// not make another organization.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"Acme Corp", " İstanbul ", "ﬀ", "ǅ", "Ω", "ß", "a\u0301\u0300", "\u200bAcme", "ᏣᎳꭹ", "١٢٣", "K"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name, err := tenant.ParseName("f", in)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(string(name)); n < 1 || n > tenant.MaxNameLength {
			t.Fatalf("%q has %d characters", name, n)
		}
		again, err := tenant.ParseName("f", string(name))
		if err != nil || again != name {
			t.Fatalf("%q is not stable: %q (%v)", name, again, err)
		}
		if spaced, err := tenant.ParseName("f", "\t"+string(name)+"  "); err != nil || spaced.Key() != name.Key() {
			t.Fatalf("white space made %q another name than %q (%v)", spaced, name, err)
		}
		if key := tenant.Name(name.Key()).Key(); key != name.Key() {
			t.Fatalf("the key %q of %q folds again to %q", name.Key(), name, key)
		}
		cherokee := strings.ContainsFunc(string(name), func(r rune) bool { return unicode.Is(unicode.Cherokee, r) })
		if folded := tenant.NameKey(norm.NFC.String(cases.Fold().String(string(name)))); name.Key() != folded && !cherokee {
			t.Fatalf("the key of %q is %q, and folding gives %q", name, name.Key(), folded)
		}
		slug, err := name.Slug("f")
		if err != nil {
			return
		}
		if parsed, err := tenant.ParseSlug("f", string(slug)); err != nil || parsed != slug || tenant.LooksLikeID(string(slug)) {
			t.Fatalf("%q gave the slug %q, which a path does not take (%v)", name, slug, err)
		}
		if strings.HasPrefix(string(slug), "_") || strings.HasSuffix(string(slug), "_") || strings.Contains(string(slug), "__") {
			t.Fatalf("%q gave the ragged slug %q", name, slug)
		}
	})
}

func TestOrgIDHasOneSpelling(t *testing.T) {
	const id = "0192f0c1-0000-7000-8000-00000000000a"
	if got, err := tenant.ParseOrgID(id); err != nil || string(got) != id {
		t.Fatal(got, err)
	}
	for _, in := range []string{strings.ToUpper(id), "urn:uuid:" + id, "{" + id + "}", strings.ReplaceAll(id, "-", ""), id + " ", ""} {
		if _, err := tenant.ParseOrgID(in); err == nil {
			t.Errorf("took %q", in)
		}
		if in != "" && in != id+" " && !tenant.LooksLikeID(in) {
			t.Errorf("%q does not look like an id", in)
		}
	}
}

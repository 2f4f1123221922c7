package tenant_test

import (
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func TestEmails(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":               "ada@example.com",
		"Ada.Lovelace+x@Example.COM":    "ada.lovelace+x@example.com",
		"ada@bücher.example":            "ada@xn--bcher-kva.example",
		"ada@XN--BCHER-KVA.example":     "ada@xn--bcher-kva.example",
		"ada@ｅｘａｍｐｌｅ.com":               "ada@example.com",
		"o'hara!#$%&*/=?^_`{|}~@a.b.io": "o'hara!#$%&*/=?^_`{|}~@a.b.io",
	} {
		if got, err := tenant.ParseEmail("f", in); err != nil || string(got) != want {
			t.Errorf("%q: %q (%v), want %q", in, got, err, want)
		}
	}
}

func TestEmailsRefused(t *testing.T) {
	for _, in := range []string{
		"", "@", "a@", "@b.c", "a", "a b@example.com", `"a b"@example.com`, "a(c)@example.com", "<a@example.com>",
		"Ada <a@example.com>", "a@localhost", "a@[127.0.0.1]", "a@example.com.", "a@.example.com", "a..b@example.com",
		".a@example.com", "a.@example.com", "ä@example.com", "a@exam ple.com", "a@b@example.com", "a\x00@example.com",
		"a@example.com\n", " a@example.com", "a@exa\x00mple.com", "a@example.com\x00", "a@-example.com", "a@exa_mple.com", "a@127.0.0.1.", "a@127.0.0.1", "mailto:a@example.com,b@example.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a", 64) + ".com",
		strings.Repeat("a", 60) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "com",
	} {
		if got, err := tenant.ParseEmail("f", in); !tenant.IsCode(err, tenant.CodeInvalid) {
			t.Errorf("took %q as %q (%v)", in, got, err)
		}
	}
}

// FuzzEmail holds for every text: an accepted address is ASCII, lower-case, bounded and reads back to itself, so that two
// spellings are one address if and only if their values are equal bytes.
func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"Ada@Example.com", "a@bücher.example", "a@xn--bcher-kva.example", "K@x.y", "a@ß.de", "a@x。y", "a@İ.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		email, err := tenant.ParseEmail("f", in)
		if err != nil {
			return
		}
		s := string(email)
		if len(s) > tenant.MaxEmailLength || s != strings.ToLower(s) || strings.Count(s, "@") != 1 {
			t.Fatalf("%q became %q", in, s)
		}
		for i := range len(s) {
			if s[i] <= ' ' || s[i] > '~' {
				t.Fatalf("%q became %q, which is not visible ASCII", in, s)
			}
		}
		if again, err := tenant.ParseEmail("f", s); err != nil || again != email {
			t.Fatalf("%q is not stable: %q (%v)", s, again, err)
		}
		if upper, err := tenant.ParseEmail("f", strings.ToUpper(s)); err != nil || upper != email {
			t.Fatalf("upper case made %q another address: %q (%v)", s, upper, err)
		}
	})
}

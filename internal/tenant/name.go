package tenant

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosimple/slug"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Limits of names, in characters.
const (
	MaxNameLength = 200
	MaxSlugLength = 50
)

// Name is an organization's name as people write it: NFC, without white space at its ends, inner white space collapsed to
// single blanks, 1 to 200 characters, none of them a control or a direction-changing one.
type Name string

// NameKey is what two spellings of one name share: the case-folded [Name]. Unique over the living organizations.
type NameKey string

// Slug is the part of an organization's name that serves in paths and physical names: 1 to 50 of a-z, 0-9 and _.
type Slug string

// ParseName normalises s and returns it, or a CodeInvalid error for the field location.
func ParseName(location, s string) (Name, error) {
	if !utf8.ValidString(s) {
		return "", Invalid(location, "encoding", "a name is valid UTF-8 text")
	}
	if !isPlain(s) {
		s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	}
	for _, r := range s {
		if unicode.IsControl(r) || isBidi(r) || r == utf8.RuneError {
			return "", Invalid(location, "control_character", "a name has no control or direction-changing characters")
		}
	}
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", Invalid(location, "empty", "a name has at least one character")
	case n > MaxNameLength:
		return "", Invalid(location, "too_long", "a name has at most 200 characters")
	}
	return Name(s), nil
}

// Key returns the key under which the name is unique.
func (n Name) Key() NameKey {
	if isPlain(string(n)) {
		return NameKey(strings.ToLower(string(n))) // what the next line does to ASCII, at a tenth of its cost
	}
	return NameKey(norm.NFC.String(strings.Map(foldCherokee, cases.Fold().String(string(n)))))
}

// foldCherokee folds the letters of Cherokee to their capitals, as Unicode's CaseFolding.txt does since the small ones came after them.
// [cases.Fold] makes each case the other, so that two spellings would stay two.
func foldCherokee(r rune) rune {
	if unicode.Is(unicode.Cherokee, r) {
		return unicode.ToUpper(r)
	}
	return r
}

// isPlain reports whether s is printable ASCII with single blanks inside: a name, or the key of one, as it stands.
func isPlain(s string) bool {
	blank := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return !blank
}

// Slug derives the slug, or fails with CodeInvalid for the field location where the name yields none, a too long one
// (it is never cut, lest two long names meet), a reserved one, or one that could be taken for an id.
func (n Name) Slug(location string) (Slug, error) {
	s := strings.ReplaceAll(slug.Make(string(n)), "-", "_")
	s = strings.Trim(collapse(s, '_'), "_")
	switch {
	case s == "":
		return "", Invalid(location, "no_slug", "the name has no letter or digit from which a slug could be made")
	case len(s) > MaxSlugLength:
		return "", Invalid(location, "too_long", "the name gives a slug of more than 50 characters; shorten the name")
	case reservedSlugs[s]:
		return "", Invalid(location, "reserved", "the name is reserved; choose another one")
	case LooksLikeID(s):
		return "", Invalid(location, "reserved", "the name looks like an id; choose another one")
	}
	return Slug(s), nil
}

// ParseSlug accepts a slug as it stands in a path.
func ParseSlug(location, s string) (Slug, error) {
	if s == "" || len(s) > MaxSlugLength || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "", Invalid(location, "slug", "a slug has 1 to 50 of a-z, 0-9 and _")
	}
	return Slug(s), nil
}

func collapse(s string, c rune) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		if r != c || last != c {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

// isBidi reports the characters of Unicode TR 36 section 2.5 that reorder the text around them.
func isBidi(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200E || r == 0x200F || r == 0x061C
}

// reservedSlugs would collide with paths, physical names or words that a person takes for the service itself.
var reservedSlugs = setOf(
	"admin", "administrator", "api", "apis", "app", "assets", "auth", "config", "console", "dashboard", "default", "docs",
	"health", "healthz", "help", "internal", "invitations", "jwks", "local", "login", "logout", "master", "me", "metrics",
	"mongodb", "new", "null", "openapi", "operator", "operators", "orgd", "org", "orgs", "organization", "organizations",
	"owner", "private", "public", "readyz", "root", "settings", "signup", "static", "status", "support", "system", "trash",
	"undefined", "v1", "v2", "well_known", "www",
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// PrefixKey returns the key prefix of all names that begin with s, in any spelling that [ParseName] would fold.
func PrefixKey(s string) NameKey {
	return Name(norm.NFC.String(strings.TrimLeft(strings.Join(strings.Fields(s), " "), " "))).Key()
}

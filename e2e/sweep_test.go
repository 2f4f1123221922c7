package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// secret is something that was planted and must be found nowhere, or only in some places.
type secret struct {
	what, value string
	// allowed reports whether the place may hold the value itself; nil is nowhere.
	allowed func(place string) bool
	needles map[string][]byte
}

// newSecret plants a value of its own kind.
func newSecret(what, value string) *secret {
	return &secret{what: what, value: value, needles: needles(value)}
}

// random is a text that occurs nowhere else, and that orgd takes for a password.
func random(kind string) string { return kind + "-" + rand.Text() }

// needles are the forms in which a value could give itself away.
func needles(value string) map[string][]byte {
	raw := []byte(value)
	sum := sha256.Sum256(raw)
	found := map[string][]byte{
		"raw":         raw,
		"hex":         []byte(hex.EncodeToString(raw)),
		"HEX":         []byte(strings.ToUpper(hex.EncodeToString(raw))),
		"SHA-256":     sum[:],
		"SHA-256 hex": []byte(hex.EncodeToString(sum[:])),
		"SHA-256 HEX": []byte(strings.ToUpper(hex.EncodeToString(sum[:]))),
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		found["SHA-256 "+name] = []byte(encoding.EncodeToString(sum[:]))
		for shift := range 3 { // the value may stand in the middle of what was encoded
			found[fmt.Sprintf("%s+%d", name, shift)] = shiftedBase64(encoding, raw, shift)
		}
	}
	return found
}

// shiftedBase64 encodes the value as it looks after shift bytes of something else: the letters that depend on it alone.
func shiftedBase64(encoding *base64.Encoding, value []byte, shift int) []byte {
	text := encoding.EncodeToString(append(make([]byte, shift), value...))
	return []byte(text[(shift*8+5)/6 : (shift+len(value))*8/6])
}

// place is somewhere to look.
type place struct {
	name    string
	content []byte
}

// search returns what was found where it must not be.
func search(secrets []*secret, places []place) (found []string) {
	for _, s := range secrets {
		for _, p := range places {
			for form, needle := range s.needles {
				if bytes.Contains(p.content, needle) && (form != "raw" || s.allowed == nil || !s.allowed(p.name)) {
					found = append(found, fmt.Sprintf("%s as %s in %s", s.what, form, p.name))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestSearchBites hides a value in each form and finds it.
func TestSearchBites(t *testing.T) {
	t.Parallel()
	value := random("bite")
	sum := sha256.Sum256([]byte(value))
	for form, hidden := range map[string]string{
		"raw":              `{"password":"` + value + `"}`,
		"hex":              fmt.Sprintf("x'%x'", value),
		"HEX":              fmt.Sprintf("%X", value),
		"base64":           base64.StdEncoding.EncodeToString([]byte(`{"password":"` + value + `"}`)),
		"base64, shifted":  base64.URLEncoding.EncodeToString([]byte(`{"password" :"` + value + `"}`)),
		"base64, again":    base64.StdEncoding.EncodeToString([]byte(`{"password" : "` + value + `"}`)),
		"base64url":        base64.RawURLEncoding.EncodeToString([]byte(value)),
		"SHA-256":          "\x00\x01" + string(sum[:]) + "\x00",
		"SHA-256 hex":      fmt.Sprintf("sha256:%x", sum),
		"SHA-256 base64":   base64.StdEncoding.EncodeToString(sum[:]),
		"SHA-256 url-safe": base64.RawURLEncoding.EncodeToString(sum[:]),
	} {
		if found := search([]*secret{newSecret("the value", value)}, []place{{"a place", []byte(hidden)}}); len(found) == 0 {
			t.Errorf("%s: not found in %q", form, hidden)
		}
	}
	if found := search([]*secret{newSecret("the value", value)}, []place{{"a place", []byte(random("bite"))}}); len(found) > 0 {
		t.Errorf("found what is not there: %q", found)
	}
}

package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func testCursors(key string) cursors {
	return cursors{mac: func(label string, parts ...string) string {
		h := hmac.New(sha256.New, []byte(key))
		for _, p := range append([]string{label}, parts...) {
			h.Write([]byte(p))
			h.Write([]byte{0})
		}
		return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
	}}
}

// A cursor begins a page where it was made to, for the list and filters that it was made for, and nothing else is one.
func FuzzCursors(f *testing.F) {
	c := testCursors("k")
	f.Add("", "a", "list")
	f.Add(c.next("a", "list"), "a", "list")
	f.Add(c.next("a", "list"), "a", "other")
	f.Add(c.next("a", "list")[1:], "b", "list")
	f.Add(testCursors("l").next("a", "list"), "a", "list")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte("a\n")), "a", "list")
	f.Fuzz(func(t *testing.T, cursor, key, list string) {
		if got, err := c.after(cursor, list); err == nil && cursor != "" {
			if c.next(got, list) != cursor {
				t.Fatalf("%q is taken for a cursor after %q", cursor, got)
			}
		} else if err != nil && !tenant.IsCode(err, tenant.CodeInvalid) {
			t.Fatalf("%q: %v", cursor, err)
		}
		if key == "" || strings.Contains(key, "\n") || len(key) > 128 {
			return // no id is like that
		}
		made := c.next(key, list)
		if got, err := c.after(made, list); err != nil || got != key {
			t.Fatalf("a cursor after %q reads as %q, %v", key, got, err)
		}
		for _, other := range [][]string{{list + "x"}, {list, ""}, nil} {
			if _, err := c.after(made, other...); err == nil {
				t.Fatalf("the cursor of list %q is one of %q", list, other)
			}
		}
		if _, err := testCursors("l").after(made, list); err == nil {
			t.Fatal("the cursor of another installation is taken")
		}
	})
}

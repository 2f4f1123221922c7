package adoption_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/orgd/orgd/internal/store"
)

// TestReasonsEndWithWhatToDo makes everything that a reason quotes as long as it is read, and full of signs that forge lines: each
// reason is one line still, and ends with the advice.
func TestReasonsEndWithWhatToDo(t *testing.T) {
	bad := func(prefix string) string {
		return prefix + strings.Repeat("\x1b[2J\nadopted\u202e ", 80)[:store.ForeignText]
	}
	for end, change := range map[string]func(w *world){
		"; give each its own": func(w *world) {
			for _, id := range []string{"b", "c", "d", "e"} {
				twin := w.org(id, bad(id))
				twin.Collection, twin.IDs = "org_acme", []string{bad(id)}
			}
		},
		"; change or remove the others": func(w *world) {
			w.orgs[0].Admins = []string{"x"}
			w.user("x", bad("a")).IDs = []string{"x"}
			w.user("x", bad("b"))
			w.user("x", "").IDs = []string{bad("c"), "x"}
		},
		"; name its field with --org-collection":         func(w *world) { w.orgs[0].Collection, w.orgs[0].Slug = "", bad("s"); w.collections = nil },
		"; rename it, there and in the organization":     func(w *world) { w.orgs[0].Collection = bad("org_") },
		"; create it, empty, or remove the organization": func(w *world) { w.orgs[0].Collection = "org_" + strings.Repeat("x", 1000) },
		"or name its field with --org-admin": func(w *world) {
			w.orgs[0].Admins = nil
			w.users[0].Orgs, w.users[0].Role, w.users[0].Email = []string{"acme"}, bad("r"), bad("m")
		},
	} {
		w := newWorld()
		change(w)
		verdicts, _ := w.judge(t)
		reason := verdicts["acme"].Reason
		if !strings.HasSuffix(reason, end) || strings.ContainsFunc(reason, func(r rune) bool { return unicode.Is(unicode.C, r) }) {
			t.Errorf("the reason is %q, and should end %q", reason, end)
		}
	}
}

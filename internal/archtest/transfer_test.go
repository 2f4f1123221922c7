package archtest_test

import (
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/archtest"
)

// wholesale is a tree whose contract has a store as it is, and users of it that may.
var wholesale = sources{
	"internal/tenant/user.go":        "package tenant\n\ntype User struct{}\n",
	"internal/store/users.go":        "package store\n\ntype Users interface{ Get() }\n",
	"internal/store/transfer.go":     "package store\n\ntype Table[T any] interface{ Add(records []T) error }\n\ntype Transfer struct{ Users Table[int] }\n\ntype Store struct{ Transfer Transfer }\n",
	"internal/store/sqlite/all.go":   wholesaleUse("sqlite", "func f(s store.Store) { s.Transfer.Users.Add(nil) }"),
	"internal/migration/copy.go":     wholesaleUse("migration", "func f(s store.Store) { s.Transfer.Users.Add(nil) }"),
	"cmd/orgd/main.go":               wholesaleUse("main", "func f(s store.Store) any { return s.Transfer }"),
	"internal/members/x_test.go":     wholesaleUse("members", "func g(s store.Store) { s.Transfer.Users.Add(nil) }"),
	"internal/audit/audit.go":        wholesaleUse("audit", "type bank struct{ Transfer int }\n\nfunc f(b bank, s store.Store) (int, any) { return b.Transfer, s }"),
	"internal/store/sqlite/users.go": "package sqlite\n",
}

// wholesaleUse returns a file of package name that imports the contract.
func wholesaleUse(name, body string) string {
	return "package " + name + "\n\nimport \"github.com/orgd/orgd/internal/store\"\n\n" + body + "\n"
}

// ofTransfer returns what is found by the rule.
func (s sources) ofTransfer(t *testing.T) (lines []string) {
	t.Helper()
	for _, line := range s.check(t, importRules()) {
		if strings.Contains(line, archtest.TransferApart.String()) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestTransferLetsItsRoomsIn(t *testing.T) {
	t.Parallel()
	if lines := wholesale.ofTransfer(t); len(lines) > 0 {
		t.Errorf("want no violation, got:\n%s", strings.Join(lines, "\n"))
	}
}

// TestTransferBites reaches for the store as it is in each way that the language has.
func TestTransferBites(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"to write":            "func g(s store.Store) { s.Transfer.Users.Add(nil) }",
		"to keep it":          "type svc struct{ all store.Transfer }\n\nfunc g(s store.Store) svc { return svc{s.Transfer} }",
		"through a pointer":   "func g(s *store.Store) any { return &s.Transfer.Users }",
		"an embedded store":   "type svc struct{ store.Store }\n\nfunc (s svc) g() { s.Transfer.Users.Add(nil) }",
		"a type of one's own": "type mine store.Store\n\nfunc g(s mine) { s.Transfer.Users.Add(nil) }",
		"in a closure":        "func g(s store.Store) func() { return func() { s.Transfer.Users.Add(nil) } }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := wholesale.with(sources{"internal/members/x.go": wholesaleUse("members", body)}).ofTransfer(t)
			if len(lines) != 1 || !strings.HasPrefix(lines[0], "internal/members/x.go:") {
				t.Errorf("want one violation of %q, got:\n%s", archtest.TransferApart, strings.Join(lines, "\n"))
			}
		})
	}
}

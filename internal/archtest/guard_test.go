package archtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/archtest"
)

// guarded is a tree whose contract has an interface to guard, and users of it
// that may: the rooms named by the guard, whoever only reads, and tests.
var guarded = sources{
	"internal/tenant/user.go": "package tenant\n\ntype UserID string\n\ntype User struct{ ID UserID }\n",
	"internal/store/users.go": `package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

type Users interface {
	Get(ctx context.Context, id tenant.UserID) (tenant.User, error)
	Put(ctx context.Context, user tenant.User) error
}

type Store struct{ Users Users }
`,
	"internal/store/sqlite/users.go": guardedBy("sqlite", "type rows struct{ store.Users }\n\nfunc (r rows) twice(ctx context.Context, u tenant.User) { r.Put(ctx, u) }"),
	"internal/authn/authn.go":        guardedBy("authn", "func f(ctx context.Context, s store.Store, u tenant.User) { s.Users.Put(ctx, u) }"),
	"internal/members/members.go":    guardedBy("members", "func f(ctx context.Context, s store.Store, id tenant.UserID) { s.Users.Get(ctx, id) }"),
	"internal/members/x_test.go":     guardedBy("members", "func g(ctx context.Context, s store.Store, u tenant.User) { s.Users.Put(ctx, u) }"),
	"internal/audit/audit.go": guardedBy("audit", `// Put has the name and the arguments, and nothing to do with users.
type log struct{}

func (log) Put(ctx context.Context, u tenant.User) error { return nil }

func f(ctx context.Context, u tenant.User) { log{}.Put(ctx, u) }

type shelf interface{ Put(ctx context.Context, id tenant.UserID) error }

func g(ctx context.Context, s shelf, id tenant.UserID) { s.Put(ctx, id) }`),
}

// guardedBy returns a file of package name that imports the contract.
func guardedBy(name, body string) string {
	return "package " + name + `

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

` + body + "\n"
}

// guardRules is the house's table, with a guard for the tree above.
func guardRules() archtest.Rules {
	rules := archtest.House
	rules.Users.Reads = []string{"Get"}
	rules.Users.Writes = []string{"Put"}
	return rules
}

func TestGuardLetsItsRoomsIn(t *testing.T) {
	t.Parallel()
	if lines := guarded.check(t, guardRules()); len(lines) > 0 {
		t.Errorf("want no violation, got:\n%s", strings.Join(lines, "\n"))
	}
}

// TestGuardBites calls the guarded method in each way that the language has.
func TestGuardBites(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"through the store":        "func g(ctx context.Context, s store.Store, u tenant.User) { s.Users.Put(ctx, u) }",
		"a field":                  "type svc struct{ rows store.Users }\n\nfunc (s *svc) g(ctx context.Context, u tenant.User) { s.rows.Put(ctx, u) }",
		"a getter":                 "type svc struct{ s store.Store }\n\nfunc (s svc) users() store.Users { return s.s.Users }\n\nfunc (s svc) g(ctx context.Context, u tenant.User) { s.users().Put(ctx, u) }",
		"a variable":               "func g(ctx context.Context, s store.Store, u tenant.User) { rows := s.Users; rows.Put(ctx, u) }",
		"an embedded interface":    "type svc struct{ store.Users }\n\nfunc (s *svc) g(ctx context.Context, u tenant.User) { s.Put(ctx, u) }",
		"a narrower interface":     "type putter interface{ Put(ctx context.Context, user tenant.User) error }\n\nfunc g(ctx context.Context, s putter, u tenant.User) { s.Put(ctx, u) }",
		"a narrower one, embedded": "type putter interface{ Put(ctx context.Context, user tenant.User) error }\n\ntype svc struct{ putter }\n\nfunc g(ctx context.Context, s svc, u tenant.User) { s.Put(ctx, u) }",
		"an alias":                 "type people = store.Users\n\nfunc g(ctx context.Context, s people, u tenant.User) { s.Put(ctx, u) }",
		"a type parameter":         "func g[T store.Users](ctx context.Context, s T, u tenant.User) { s.Put(ctx, u) }",
		"a method value":           "func g(s store.Store) any { put := s.Users.Put; return put }",
		"a method expression":      "var put = store.Users.Put",
		"a closure of a library":   "func g(ctx context.Context, s store.Store, u tenant.User) { context.AfterFunc(ctx, func() { s.Users.Put(ctx, u) }) }",
		"a type that implements":   "type svc struct{}\n\nfunc (svc) Get(context.Context, tenant.UserID) (u tenant.User, err error) { return }\n\nfunc (svc) Put(context.Context, tenant.User) error { return nil }\n\nfunc g(ctx context.Context, s svc, u tenant.User) { s.Put(ctx, u) }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := guarded.with(sources{"internal/members/x.go": guardedBy("members", body)}).check(t, guardRules())
			if len(lines) != 1 || !strings.HasPrefix(lines[0], "internal/members/x.go:") || !strings.Contains(lines[0], archtest.UsersGuarded.String()) {
				t.Errorf("want one violation of %q, got:\n%s", archtest.UsersGuarded, strings.Join(lines, "\n"))
			}
		})
	}
}

// TestGuardIgnoresTheFileNextDoor: a program for go generate in the same folder
// must not hide the room from the check.
func TestGuardIgnoresTheFileNextDoor(t *testing.T) {
	t.Parallel()
	lines := guarded.with(sources{
		"internal/members/a.go": "//go:build ignore\n\npackage main\n",
		"internal/members/x.go": guardedBy("members", "func g(ctx context.Context, s store.Store, u tenant.User) { s.Users.Put(ctx, u) }"),
	}).check(t, guardRules())
	if len(lines) != 1 {
		t.Errorf("want one violation, got:\n%s", strings.Join(lines, "\n"))
	}
}

// TestGuardKnowsEveryMethod: the interface exists, and the lists name its
// methods, each once.
func TestGuardKnowsEveryMethod(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*archtest.Guard){
		"a method without a word":      func(g *archtest.Guard) { g.Writes = nil },
		"a method in both lists":       func(g *archtest.Guard) { g.Reads = append(slices.Clone(g.Reads), "Put") },
		"an interface of another name": func(g *archtest.Guard) { g.Interface = "People" },
		"an old name":                  func(g *archtest.Guard) { g.Writes = append(slices.Clone(g.Writes), "Rename") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := guardRules()
			change(&rules.Users)
			lines := guarded.check(t, rules)
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, archtest.TableComplete.String()) }) {
				t.Errorf("want a violation of %q, got:\n%s", archtest.TableComplete, strings.Join(lines, "\n"))
			}
		})
	}
}

package archtest_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgd/orgd/internal/archtest"
)

// sources is a tree as file names and their content.
type sources map[string]string

// sound is a small tree that keeps every rule.
var sound = sources{
	"go.mod":                            "module github.com/orgd/orgd\n",
	"cmd/orgd/main.go":                  imports("main", "net/http", "orgd/internal/config", "orgd/internal/httpapi", "orgd/internal/store/sqlite"),
	"cmd/orgctl/main.go":                imports("main", "orgd/api", "orgd/client", "github.com/alecthomas/kong"),
	"api/organization.go":               imports("api", "time"),
	"client/client.go":                  imports("client", "net/http", "orgd/api"),
	"internal/config/config.go":         imports("config", "orgd/internal/tenant"),
	"internal/httpapi/orgs.go":          imports("httpapi", "net/http", "github.com/danielgtaylor/huma/v2", "orgd/api", "orgd/internal/orgs"),
	"internal/orgs/orgs.go":             imports("orgs", "orgd/internal/access", "orgd/internal/store", "orgd/internal/tenant"),
	"internal/orgs/orgs_test.go":        imports("orgs_test", "net/http", "orgd/internal/members", "orgd/internal/orgs", "orgd/internal/store/sqlite", "orgd/internal/store/storetest", "orgd/internal/store/teststores"),
	"internal/members/members.go":       imports("members", "orgd/internal/store"),
	"internal/access/access.go":         imports("access", "orgd/internal/tenant"),
	"internal/store/store.go":           "package store\n\ntype Store interface{ Orgs }\n",
	"internal/store/orgs.go":            "package store\n\nimport _ \"github.com/orgd/orgd/internal/tenant\"\n\ntype Orgs interface{ Get() }\n",
	"internal/store/page.go":            "package store\n\ntype Page struct{ Limit int }\n",
	"internal/store/sqlite/orgs.go":     imports("sqlite", "database/sql", "modernc.org/sqlite", "orgd/internal/store"),
	"internal/store/sqlite/open.go":     imports("sqlite", "github.com/pressly/goose/v3"),
	"internal/store/storetest/suite.go": imports("storetest", "testing", "orgd/internal/store"),
	"internal/store/teststores/each.go": imports("teststores", "testing", "orgd/internal/store", "orgd/internal/store/sqlite"),
	"internal/access/access_test.go":    imports("access", "orgd/internal/store/teststores"),
	"internal/tenant/organization.go":   imports("tenant", "orgd/internal/strictjson"),
	"internal/strictjson/decode.go":     imports("strictjson", "encoding/json"),
	"internal/orgs/testdata/bad.go":     "not Go at all",
	"tools/go.mod":                      "module github.com/orgd/orgd/tools\n",
	"tools/tool.go":                     imports("tools", "orgd/internal/store/sqlite"),
}

// imports returns a file that imports the named packages; those that begin with
// orgd/ are this module's.
func imports(name string, packages ...string) string {
	var b strings.Builder
	b.WriteString("package " + name + "\n\n")
	for _, p := range packages {
		if ours, ok := strings.CutPrefix(p, "orgd/"); ok {
			p = "github.com/orgd/orgd/" + ours
		}
		b.WriteString("import _ \"" + p + "\"\n")
	}
	return b.String()
}

// with returns the tree with more files in it, or other content in those it has.
func (s sources) with(more sources) sources {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// check judges the tree and returns what it finds, one line each.
func (s sources) check(t *testing.T, rules archtest.Rules) []string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, content := range s {
		tree[name] = &fstest.MapFile{Data: []byte(content)}
	}
	found, err := archtest.Check(tree, rules)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, violation := range found {
		lines = append(lines, violation.String())
	}
	return lines
}

// importRules is the house's table without the guard, which has trees and tests
// of its own.
func importRules() archtest.Rules {
	rules := archtest.House
	rules.Users = archtest.Guard{}
	return rules
}

func TestSoundTreeKeepsEveryRule(t *testing.T) {
	t.Parallel()
	if lines := sound.check(t, importRules()); len(lines) > 0 {
		t.Errorf("want no violation, got:\n%s", strings.Join(lines, "\n"))
	}
}

// TestRulesBite breaks one rule at a time and wants exactly that one reported,
// at that place.
func TestRulesBite(t *testing.T) {
	t.Parallel()
	for _, broken := range []struct {
		name, file, content string
		where               string // file, or file:line
		rule                archtest.Rule
	}{
		{"an operation looks up to a door", "internal/orgs/x.go", imports("orgs", "orgd/internal/httpapi"), "internal/orgs/x.go:3", archtest.ArrowsGoDown},
		{"the vocabulary looks up to the store", "internal/tenant/x.go", imports("tenant", "errors", "orgd/internal/store"), "internal/tenant/x.go:4", archtest.ArrowsGoDown},
		{"the contract looks up to a service", "internal/store/x.go", imports("store", "orgd/internal/access"), "internal/store/x.go:3", archtest.ArrowsGoDown},
		{"a door looks aside", "internal/console/x.go", imports("console", "orgd/internal/httpapi"), "internal/console/x.go:3", archtest.ArrowsGoDown},
		{"a service looks aside", "internal/access/x.go", imports("access", "orgd/internal/tokens"), "", archtest.ArrowsGoDown},
		{"a test looks up", "internal/tenant/x_test.go", imports("tenant", "orgd/internal/orgs"), "internal/tenant/x_test.go:3", archtest.ArrowsGoDown},
		{"a backend knows a service", "internal/store/sqlite/x.go", imports("sqlite", "orgd/internal/access"), "internal/store/sqlite/x.go:3", archtest.ArrowsGoDown},
		{"a door reads the configuration", "internal/httpapi/x.go", imports("httpapi", "orgd/internal/config"), "internal/httpapi/x.go:3", archtest.ArrowsGoDown},
		{"an operation decodes wire JSON", "internal/members/x.go", imports("members", "orgd/internal/strictjson"), "internal/members/x.go:3", archtest.ArrowsGoDown},
		{"an operation knows the wire types", "internal/orgs/x.go", imports("orgs", "orgd/api"), "internal/orgs/x.go:3", archtest.ArrowsGoDown},
		{"the remote CLI takes a short cut", "cmd/orgctl/x.go", imports("main", "orgd/internal/tenant"), "cmd/orgctl/x.go:3", archtest.ArrowsGoDown},
		{"the wire types need a module", "api/x.go", imports("api", "github.com/google/uuid"), "api/x.go:3", archtest.ArrowsGoDown},
		{"an operation imports another", "internal/orgs/x.go", imports("orgs", "orgd/internal/members"), "internal/orgs/x.go:3", archtest.OperationsApart},
		{"an operation names a store", "internal/orgs/x.go", imports("orgs", "orgd/internal/store/sqlite"), "internal/orgs/x.go:3", archtest.StoresUnnamed},
		{"the benchmark names a store", "bench/x.go", imports("main", "orgd/internal/store/sqlite"), "bench/x.go:3", archtest.StoresUnnamed},
		{"one store names the other", "internal/store/mongo/orgs.go", imports("mongo", "orgd/internal/store/sqlite"), "internal/store/mongo/orgs.go:3", archtest.StoresUnnamed},
		{"the product needs the suite", "cmd/orgd/x.go", imports("main", "orgd/internal/store/storetest"), "cmd/orgd/x.go:3", archtest.StoresUnnamed},
		{"the product needs the tests' stores", "internal/orgs/x.go", imports("orgs", "orgd/internal/store/teststores"), "internal/orgs/x.go:3", archtest.StoresUnnamed},
		{"the tests' stores know a service", "internal/store/teststores/x.go", imports("teststores", "orgd/internal/access"), "internal/store/teststores/x.go:3", archtest.ArrowsGoDown},
		{"the tests' stores look up", "internal/store/teststores/x.go", imports("teststores", "orgd/internal/orgs"), "internal/store/teststores/x.go:3", archtest.ArrowsGoDown},
		{"the tests' stores speak SQL", "internal/store/teststores/x.go", imports("teststores", "database/sql"), "internal/store/teststores/x.go:3", archtest.TonguesStop},
		{"the suite names a store", "internal/store/storetest/x.go", imports("storetest", "orgd/internal/store/sqlite"), "internal/store/storetest/x.go:3", archtest.StoresUnnamed},
		{"an operation speaks HTTP", "internal/orgs/x.go", imports("orgs", "net/http"), "internal/orgs/x.go:3", archtest.TonguesStop},
		{"an operation speaks Huma", "internal/members/x.go", imports("members", "github.com/danielgtaylor/huma/v2"), "internal/members/x.go:3", archtest.TonguesStop},
		{"a door speaks SQL", "internal/httpapi/x.go", imports("httpapi", "database/sql"), "internal/httpapi/x.go:3", archtest.TonguesStop},
		{"the server speaks BSON", "cmd/orgd/x.go", imports("main", "go.mongodb.org/mongo-driver/v2/bson"), "cmd/orgd/x.go:3", archtest.TonguesStop},
		{"the SQL store speaks BSON", "internal/store/sqlite/x.go", imports("sqlite", "go.mongodb.org/mongo-driver/v2/bson"), "internal/store/sqlite/x.go:3", archtest.TonguesStop},
		{"a backend lacks a noun", "internal/store/keys.go", "package store\n\ntype Keys interface{ Get() }\n", "internal/store/sqlite/keys.go", archtest.SameNouns},
		{"a room without a line", "internal/util/x.go", imports("util"), "internal/util", archtest.TableComplete},
		{"a room within a room", "internal/orgs/names/x.go", imports("names"), "internal/orgs/names", archtest.TableComplete},
		{"an import of nothing", "internal/orgs/x.go", imports("orgs", "orgd/internal/gone"), "internal/orgs/x.go:3", archtest.TableComplete},
	} {
		t.Run(broken.name, func(t *testing.T) {
			t.Parallel()
			lines := sound.with(sources{broken.file: broken.content}).check(t, importRules())
			if len(lines) != 1 || !strings.HasPrefix(lines[0], broken.where) || !strings.Contains(lines[0], broken.rule.String()) {
				t.Errorf("want one violation of %q at %s, got:\n%s", broken.rule, broken.where, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestUnreadableTreeIsAnError(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"internal/orgs/x.go": {Data: []byte("package orgs\n\nfunc {")}}
	if _, err := archtest.Check(tree, archtest.House); err == nil || !strings.Contains(err.Error(), "internal/orgs/x.go:3") {
		t.Errorf("want the place that does not parse, got %v", err)
	}
}

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMigratePage does what docs/migrate.md shows of a move to MongoDB and back.
func TestMigratePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/migrate.md")
	must(t, err)
	_, section, found := strings.Cut(string(page), "\n## From one store to another\n")
	section, _, _ = strings.Cut(section, "\n## ")
	steps := parseSession(section)
	if !found || len(steps) < 8 {
		t.Fatalf("the page has a session of %d commands", len(steps))
	}
	mongo := prepare(t, mongoStore)
	s := prepare(t, sqliteStore, "ORGD_DATABASE="+mongo.setting("ORGD_DATABASE"))
	s.start()
	for n, name := range []string{"Acme Corp", "Globex"} {
		o := s.found(name, fmt.Sprintf("owner%d@example.com", n))
		for i := range 3 - n {
			o.write(numbered(i), fields{"answer": i}).is(http.StatusCreated)
		}
	}
	s.stop()
	shell := newShell(t, s)
	for _, step := range steps {
		output := shell.do(strings.ReplaceAll(step.command, "mongodb://localhost:27017/", mongo.setting("ORGD_STORE")))
		if want, output := asOnPage(step.output, "/srv/acme"), asOnPage(output, s.folder); want != output {
			t.Errorf("docs/migrate.md: %s\n--- it says\n%s\n--- it is\n%s", step.command, want, output)
		}
	}
}

var (
	// progressLine is one of those whose number depends on how fast the work was.
	progressLine = regexp.MustCompile(`(?m)^\d+ of \d+: (counting|copying) .*\n`)
	listedID     = regexp.MustCompile(`(?m)^[0-9a-f-]{36}  (.*) \d{4}-\d\d-\d\d \d\d:\d\d$`)
)

// asOnPage returns an output without what differs from run to run. Organizations are listed in the order of their ids.
func asOnPage(output, folder string) string {
	output = strings.ReplaceAll(output, filepath.Clean(folder)+"/", "FOLDER/")
	output = strings.ReplaceAll(output, "exit code 1\n", "")
	output = dataLine.ReplaceAllString(output, "mongodb://HOST/orgd")
	output = listedID.ReplaceAllString(output, "ID $1 TIME")
	for _, c := range changing {
		output = c.found.ReplaceAllString(output, c.shown)
	}
	if progressLine.MatchString(output) {
		output = fmt.Sprintf("PROGRESS\n%s", progressLine.ReplaceAllString(output, ""))
	}
	return strings.TrimRight(output, "\n")
}

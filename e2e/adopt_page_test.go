package e2e

import (
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// dataLine is where a server's greeting says that its data is.
var dataLine = regexp.MustCompile(`mongodb://\S+`)

// TestAdoptPage does what docs/migrate.md shows of an adoption, on the database that it tells of.
func TestAdoptPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/migrate.md")
	must(t, err)
	_, section, found := strings.Cut(string(page), "\n## From a service on MongoDB\n")
	section, _, _ = strings.Cut(section, "\n## ")
	steps := parseSession(section)
	if !found || len(steps) < 6 {
		t.Fatalf("the page has a session of %d commands", len(steps))
	}
	s := prepare(t, mongoStore)
	o := oldServiceOf(t, s, "page")
	made := time.Date(2024, 3, 13, 12, 0, 0, 0, time.UTC)
	for _, org := range []struct{ n, name, slug, email string }{
		{"1", "Acme Corp", "acme_corp", "Ada@acme.example"}, {"2", "Globex", "globex", "grace@globex.example"}, {"3", "Initech", "initech", "alan@initech.example"},
	} {
		admin, err := bson.ObjectIDFromHex("65f1a2b3c4d5e6f708192b0" + org.n)
		must(t, err)
		id, err := bson.ObjectIDFromHex("65f1a2b3c4d5e6f708192a0" + org.n)
		must(t, err)
		o.has("users", d("_id", admin, "email", org.email, "hashed_password", hashed(t, oldPassword), "role", "admin", "organization_id", id))
		o.has("organizations", d("_id", id, "organization_name", org.name, "collection_name", "org_"+org.slug, "admin_id", admin, "created_at", made))
		if org.slug != "initech" {
			o.hasTenant("org_" + org.slug)
		} else {
			clerk, err := bson.ObjectIDFromHex("65f1a2b3c4d5e6f708192b04")
			must(t, err)
			acme, err := bson.ObjectIDFromHex("65f1a2b3c4d5e6f708192a01")
			must(t, err)
			o.has("users", d("_id", clerk, "email", "bob@acme.example", "hashed_password", hashed(t, oldPassword), "organization_id", acme))
		}
	}
	shell := newShell(t, s)
	shown, got := newRun(s.folder), newRun(s.folder)
	for _, step := range steps {
		var output string
		if serverLine.MatchString(step.command) {
			if output, err = s.tryStart(); err != nil {
				t.Fatalf("the server does not start: %v\n%s", err, s.log)
			}
			address, err := url.Parse(s.url)
			must(t, err)
			got.address = address.Host
		} else {
			command := pagePort.ReplaceAllString(step.command, got.address)
			output = shell.do(strings.ReplaceAll(command, "--database app", "--database "+o.main.Name()))
		}
		output = strings.ReplaceAll(output, "exit code 1\n", "")
		output = dataLine.ReplaceAllString(output, "mongodb://localhost:27017/orgd")
		if want, output := shown.normal(step.output), got.normal(output); want != output {
			t.Errorf("docs/migrate.md: %s\n--- it says\n%s\n--- it is\n%s", step.command, want, output)
		}
	}
	s.stop()
}

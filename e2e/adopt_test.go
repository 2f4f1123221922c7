package e2e

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/api"
)

// TestAdoptRefuses adopts a database in which most is wrong about something, twice. Each organization is adopted or named with its
// reason, and not a byte of what was there changes.
func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	s.found("Taken Name", "taken.name@orgd.example")
	s.found("Somebody", "Taken.Address@old.example")
	o := oldServiceOf(t, s, "wrong")
	hash := hashed(t, oldPassword)
	add := func(id string, change ...any) {
		user := d("_id", "u-"+id, "email", id+"@old.example", "password", hash)
		org := d("_id", id, "name", "The "+id, "collection", "org_"+id, "admin_id", "u-"+id)
		for i := 0; i < len(change); i += 2 {
			for _, doc := range []bson.D{user, org} {
				if at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == change[i] }); at >= 0 {
					doc[at].Value = change[i+1]
				}
			}
		}
		o.has("users", user)
		o.has("organizations", org)
		if id != "missing" {
			o.hasTenant("org_" + id)
		}
	}
	add("sound")
	add("slug1", "name", "Two Names")
	add("slug2", "name", "Two-Names!")
	add("name1", "name", "One Name")
	add("name2", "name", " one  NAME ")
	add("shared1", "collection", "org_shared1")
	add("shared2", "collection", "org_shared1")
	add("missing")
	add("clear", "password", "in the clear")
	add("cost3", "password", strings.Replace(hash, "$04$", "$03$", 1))
	add("cost16", "password", strings.Replace(hash, "$04$", "$16$", 1))
	add("longer", "password", hash+hash)
	add("nobody", "admin_id", nil)
	add("gone", "admin_id", "u-elsewhere")
	add("pair1", "email", "Pair@old.example")
	add("pair2", "email", "pAIR@OLD.example")
	add("reserved", "name", "Admin")
	add("wrongly", "collection", "Org-Wrongly")
	add("catalog", "collection", "users")
	add("orgdname", "name", "taken NAME")
	add("orgdmail", "email", "taken.address@old.example")
	add("badmail", "email", "not an address")
	o.has("users", d("_id", "u-stray", "email", "stray@old.example", "password", hash))
	o.has("users", d("_id", "u-clerk", "email", "clerk@old.example", "password", hash, "organization_id", "sound"))
	o.has("org_unclaimed", d("_id", 1))

	before := o.snapshot()
	lines := []string{
		"refused           Two Names (slug1): it has the name, as it reads in a path, in common with \"Two-Names!\" (slug2)",
		"refused           Two-Names! (slug2): it has the name, as it reads in a path, in common with \"Two Names\" (slug1)",
		"refused           One Name (name1): it has the name, in whatever case, in common with ",
		"refused            one  NAME  (name2): it has the name, in whatever case, in common with ",
		"refused           The shared1 (shared1): it has the collection in common with \"The shared2\" (shared2)",
		"refused           The shared2 (shared2): it has the collection in common with \"The shared1\" (shared1)",
		"refused           The missing (missing): its collection org_missing does not exist",
		"refused           The clear (clear): what stands for its admin's password is not bcrypt",
		"refused           The cost3 (cost3): what stands for its admin's password is not bcrypt of cost 4 to 15",
		"refused           The cost16 (cost16): what stands for its admin's password is not bcrypt of cost 4 to 15",
		"refused           The longer (longer): what stands for its admin's password is not bcrypt",
		"refused           The nobody (nobody): it names no admin and no user refers to it",
		"refused           The gone (gone): no user has the id or address of its admin",
		"refused           The pair1 (pair1): its admin's address or id is also that of another user (Pair@old.example, pAIR@OLD.example)",
		"refused           The pair2 (pair2): its admin's address or id is also that of another user (Pair@old.example, pAIR@OLD.example)",
		"refused           Admin (reserved): the name is reserved",
		"refused           The wrongly (wrongly): its collection \"Org-Wrongly\" is not of the form",
		"refused           The catalog (catalog): its collection \"users\" is not of the form",
		"refused           taken NAME (orgdname): organization ",
		"refused           The orgdmail (orgdmail): user ",
		"refused           The badmail (badmail): the address of its admin is none",
		"left              user stray@old.example (u-stray) belongs to no organization",
		"left              user clerk@old.example (u-clerk) is not the admin of the organization",
		"left              user nobody@old.example (u-nobody) belongs to no organization",
		"left              user gone@old.example (u-gone) belongs to no organization",
	}
	for _, run := range []struct{ word, flag, sum string }{
		{"would be adopted  The sound (sound): org_sound, sound@old.example", "--dry-run", "22 organizations: 1 would be adopted, 0 adopted already, 21 refused; users left: 4."},
		{"adopted           The sound (sound): org_sound, sound@old.example", "--writers-stopped", "22 organizations: 1 adopted, 0 adopted already, 21 refused; users left: 4."},
		{"adopted already   The sound (sound)", "--writers-stopped", "22 organizations: 0 adopted, 1 adopted already, 21 refused; users left: 4."},
	} {
		text := o.adopt(1, run.flag)
		says(t, text, append(lines, run.word, run.sum)...)
		if strings.Contains(text, "$04$") || strings.Contains(text, "in the clear") {
			t.Errorf("a password is told in\n%s", text)
		}
		o.stays(before, "after "+run.flag)
	}
	if names := strings.Count(s.does("", "org", "list"), " active "); names != 3 {
		t.Errorf("%d organizations are active, want the two of orgd and the one that was adopted", names)
	}
	s.member("The sound", "sound@old.example")
	if strings.Contains(s.does("", "org", "list"), "direct writers") {
		t.Error("it has direct writers, though they are stopped")
	}
}

// TestAdoptWithDirectWriters keeps the name that an application knows from the next organization of that name.
func TestAdoptWithDirectWriters(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	o := oldServiceOf(t, s, "direct")
	names := o.numbered(1)
	o.adopt(0)
	says(t, strings.ReplaceAll(s.does("", "org", "list"), s.member(names[0], "tenant_0@old.example").org.ID+"  ", ""), "Tenant 0  active  3")
	if !strings.Contains(s.does("", "org", "list"), "  direct writers\n") || !strings.Contains(s.does("", "org", "list", "--json"), `"direct_writers":true`) {
		t.Errorf("nothing is said of direct writers:\n%s", s.does("", "org", "list"))
	}
	m := s.member(names[0], "tenant_0@old.example")
	m.renameTo("Elsewhere").is(http.StatusOK)
	o.has("org_tenant_0", d("_id", "late")) // by a program that knows no better
	next := s.found(names[0], "next@orgd.example")
	if !strings.HasPrefix(next.org.CollectionName, "org_tenant_0_") || len(next.documents()) != 0 {
		t.Errorf("the next one is at %s, with %d documents", next.org.CollectionName, len(next.documents()))
	}
	if len(m.documents()) != shown || m.org.CollectionName != "org_elsewhere" {
		t.Errorf("the first one is at %s, with %d documents", m.org.CollectionName, len(m.documents()))
	}
}

// TestAdoptedLife lives with an adopted organization: its admin signs in on a server that ran before, writes and renames, its
// collection follows the name within its database, and it comes back from the trash.
func TestAdoptedLife(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, "ORGD_BCRYPT_COST=10")
	o := oldServiceOf(t, s, "life")
	id := bson.NewObjectID()
	long := strings.Repeat("long ", 20) // passlib compares the first 72 bytes alone
	o.has("users", d("_id", id, "email", "ada@old.example", "password", hashed(t, oldPassword)))
	o.has("users", d("_id", "l", "email", "long@old.example", "password", hashed(t, long[:72])))
	o.has("organizations", d("name", "Acme Corp", "collection", "org_legacy_7", "admin_id", id, "created_at", time.UnixMilli(1500000000000)))
	o.has("organizations", d("name", "Long", "collection", "org_long", "admin_id", "l"))
	o.hasTenant("org_legacy_7")
	o.hasTenant("org_long")
	old := o.snapshot()
	o.adopt(0, "--writers-stopped")

	ada := s.member("acme corp", "ADA@old.example")
	ada.get("/v1/me").is(http.StatusOK)
	if ada.org.CollectionName != "org_legacy_7" || !ada.org.CreatedAt.Equal(time.UnixMilli(1500000000000)) {
		t.Errorf("the organization is %+v", ada.org)
	}
	ada.write("new", fields{"by": "orgd"}).is(http.StatusCreated)
	ada.patch(documentsOf(ada.org.ID, "settings"), fields{"theme": "light"}).is(http.StatusOK)
	ada.write("new", fields{"by": "orgd", "n": 2}).is(http.StatusOK)
	there := ada.documents()
	if len(there) != shown+1 || there["settings"].Version != 2 {
		t.Errorf("the documents are %+v", there)
	}
	in := func(name string, others ...string) {
		t.Helper()
		found := slices.Sorted(maps.Keys(o.collections(o.main)))
		if want := append([]string{name, "org_long", "organizations", "users"}, others...); !slices.Equal(found, slices.Sorted(slices.Values(want))) {
			t.Errorf("the collections are %v, want %v", found, want)
		}
	}
	// Deleted and restored before the first rename it is where it was.
	ada.dropIt().is(http.StatusOK)
	s.stranger().login(ada.email, ada.password).is(http.StatusUnauthorized)
	s.does("", "org", "restore", ada.org.ID)
	in("org_legacy_7")
	ada.signIn(s)
	ada.renameTo("Beta").is(http.StatusOK)
	in("org_beta")
	ada.dropIt().is(http.StatusOK)
	s.stranger().lookup("Beta").is(http.StatusNotFound)
	s.does("", "org", "restore", ada.org.ID)
	in("org_beta")
	ada.signIn(s)
	if got := ada.documents(); !maps.Equal(versions(there), versions(got)) {
		t.Errorf("the documents are %v, and were %v", versions(got), versions(there))
	}
	// What orgd does not show has come along, and the service's own documents are as they were.
	if raw := o.snapshot()["org_beta"]; len(raw) != 4 || !slices.ContainsFunc(raw, func(doc bson.Raw) bool { return doc.Lookup("_id").Type == bson.TypeInt32 }) {
		t.Errorf("org_beta holds %v", raw)
	}
	now := o.snapshot()
	delete(now, "org_beta")
	delete(old, "org_legacy_7")
	if !maps.EqualFunc(now, old, func(a, b []bson.Raw) bool {
		return slices.EqualFunc(a, b, func(x, y bson.Raw) bool { return string(x) == string(y) })
	}) {
		t.Error("what was not adopted has changed")
	}
	says(t, o.adopt(0), "adopted already   Acme Corp", "adopted already   Long")

	// A password beyond 72 bytes is not cut, as passlib did; a link sets a new one.
	s.stranger().login("long@old.example", long).is(http.StatusUnauthorized)
	s.does("", "user", "reset-link", "long@old.example")
}

func versions(docs map[string]api.Document) map[string]int64 {
	all := map[string]int64{}
	for id, doc := range docs {
		all[id] = doc.Version
	}
	return all
}

// TestAdoptKilled kills the command again and again, at another organization each time, and lets it end at last: every organization
// is adopted once, with one entry in the log.
func TestAdoptKilled(t *testing.T) {
	t.Parallel()
	s := prepare(t, mongoStore)
	o := oldServiceOf(t, s, "killed")
	names := o.numbered(8)
	before := o.snapshot()
	for kill := range 4 {
		command := s.command(t.Context(), "adopt", "--database", o.main.Name(), "--writers-stopped")
		out, err := command.StdoutPipe()
		must(t, err)
		must(t, command.Start())
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "adopted  ") && kill > 0 {
				break
			}
			if kill == 0 {
				break
			}
		}
		time.AfterFunc(time.Duration(kill)*3*time.Millisecond, func() { _ = command.Process.Kill() })
		_ = command.Wait()
	}
	o.adopt(0, "--writers-stopped")
	o.stays(before, "after four kills")
	s.start()
	for i, name := range names {
		if m := s.member(name, strings.ReplaceAll(strings.ToLower(name), " ", "_")+"@old.example"); len(m.documents()) != shown {
			t.Errorf("%d: %s has %d documents", i, name, len(m.documents()))
		}
	}
	s.stop()
	l := lookAt(t, s)
	entries := 0
	for org, log := range l.audit() {
		for _, e := range log {
			if e.action == "organization.adopt" {
				entries++
			}
		}
		if org != "" && len(log) != 1 {
			t.Errorf("the log of %s has %d entries", org, len(log))
		}
	}
	if n := len(all[record](l, l.main, "places")); entries != len(names) || n != len(names) {
		t.Errorf("there are %d entries and %d records of collections for %d organizations", entries, n, len(names))
	}
}

// TestAdoptOnAFolder says what to do instead, and a URI with a password is no flag.
func TestAdoptOnAFolder(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"adopt", "--database", "app"}, 1, "orgd migrate --to sqlite:FOLDER"},
		{[]string{"adopt"}, 2, "name the database of the other service with --database"},
		{[]string{"adopt", "--database", "app", "--from", "mongodb://u:hunter2@host/"}, 1, "ORGD_ADOPT_FROM_FILE"},
	} {
		r := s.orgd("", c.args...)
		if r.code != c.code || r.stdout != "" || strings.Contains(r.stderr, "hunter2") {
			t.Errorf("%v exits with %d and says %q %q", c.args, r.code, r.stdout, r.stderr)
		}
		wantOneLine(t, r.stderr, c.want)
	}
	if _, err := os.Stat(filepath.Join(s.folder, "orgd-data")); err == nil {
		t.Error("a folder was made")
	}
}

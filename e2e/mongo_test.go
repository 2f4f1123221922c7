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

// beside makes a server on the same database as another, which is not started yet.
func beside(t testing.TB, s *server, settings ...string) *server {
	t.Helper()
	next := prepare(t, mongoStore)
	next.env = append(append([]string{}, s.env...), settings...)
	next.env = append(next.env, "ORGD_KEY_FILE="+filepath.Join(s.folder, s.setting("ORGD_KEY_FILE")))
	return next
}

// TestTwoServersOnOneDatabase has two servers on one database: what one does the other knows, and neither waits for one that has
// left.
func TestTwoServersOnOneDatabase(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
	next := beside(t, s)
	next.start()
	there := *ada
	there.caller = next.as(ada.token)
	for i := range 4 {
		here, away := ada, &there
		if i%2 == 1 {
			here, away = away, here
		}
		here.renameTo(fmt.Sprintf("Acme %d", i)).is(http.StatusOK)
		away.org = here.org
		here.read("plan").is(http.StatusOK)
		away.read("plan").is(http.StatusOK)
		away.write(fmt.Sprintf("note%d", i), fields{"n": i}).is(http.StatusCreated)
		here.read(fmt.Sprintf("note%d", i)).is(http.StatusOK)
	}
	if list := s.does("", "instances"); strings.Count(list, "alive") != 2 {
		t.Errorf("the servers are\n%s", list)
	}
	s.stop()
	there.renameTo("Acme alone").is(http.StatusOK)
	there.read("note3").is(http.StatusOK)
}

// TestKilledServerIsDeclaredDead renames after a kill: the dead server is on the list of those that a rename waits for until its
// heartbeats have stood still for long enough.
func TestKilledServerIsDeclaredDead(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, "ORGD_LEASE=2s", "ORGD_REQUEST_TIMEOUT=1900ms")
	ada := s.found("Acme", "ada@acme.example")
	s.kill()
	s.start()
	ada.caller = s.as(ada.token)
	eventually(t, "a rename is done", func() bool { return ada.renameTo("Acme 2").status == http.StatusOK })
	if list := s.does("", "instances"); strings.Count(list, "dead") != 1 || strings.Count(list, "alive") != 1 {
		t.Errorf("the servers are\n%s", list)
	}
	ada.renameTo("Acme 3").is(http.StatusOK)
	s.does("", "org", "list")
}

// TestOutboxIsMeasured wants the entries of an act in a metric until they are in the log.
func TestOutboxIsMeasured(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, "ORGD_METRICS_LISTEN=127.0.0.1:0")
	s.found("Acme", "ada@acme.example")
	eventually(t, "the outboxes are empty", func() bool {
		return strings.Contains(string(s.stranger().get("/metrics").is(http.StatusOK).body), "\norgd_audit_outbox_entries 0\n")
	})
	if waiting := lookAt(t, s).outboxes(); len(waiting) > 0 {
		t.Errorf("the metric is 0, and these entries wait: %v", waiting)
	}
}

var signingKey = regexp.MustCompile(`(?m)^(\S+) +signing `)

// TestKeysByCommand rotates and revokes signing keys beside a running server, which learns of both within two seconds.
func TestKeysByCommand(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		rotated := regexp.MustCompile(`key (\S+);`).FindStringSubmatch(s.does("", "keys", "rotate"))
		if rotated == nil {
			t.Fatal("no key was published")
		}
		eventually(t, "the new key is published", func() bool {
			return strings.Contains(string(s.stranger().get("/.well-known/jwks.json").is(http.StatusOK).body), rotated[1])
		})
		ada.get("/v1/me").is(http.StatusOK)
		kid := signingKey.FindStringSubmatch(s.does("", "keys", "list"))
		if kid == nil {
			t.Fatal("no key signs")
		}
		s.does("", "keys", "revoke", kid[1])
		eventually(t, "its tokens are worth nothing", func() bool { return ada.get("/v1/me").status == http.StatusUnauthorized })
		ada.signIn(s)
		ada.get("/v1/me").is(http.StatusOK)
	})
}

// TestPasswordOfTheStoreIsNotTold gives a password that the engine does not take, in each way that there is, to a server and
// to a command: one line says what is wrong, and nothing holds the password in any form.
func TestPasswordOfTheStoreIsNotTold(t *testing.T) {
	t.Parallel()
	s := prepare(t, mongoStore, "ORGD_LOG_LEVEL=debug")
	password := random("store")
	scheme, hosts, _ := strings.Cut(s.setting("ORGD_STORE"), "://")
	uri := scheme + "://orgd:" + password + "@" + hosts[strings.LastIndexByte(hosts, '@')+1:]
	must(t, os.WriteFile(filepath.Join(s.folder, "uri"), []byte(uri+"\n"), 0o600))
	var said []place
	try := func(code int, want string, args ...string) {
		t.Helper()
		r := s.orgd("", args...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("%v exits with %d and says %q, want %d and %q", args, r.code, r.stdout+r.stderr, code, want)
		}
		said = append(said, place{strings.Join(args, " "), []byte(r.stdout + r.stderr)})
	}
	try(1, "list of processes", "org", "list", "--store", uri)
	for _, way := range []string{"ORGD_STORE=" + uri, "ORGD_STORE="} {
		s.env = append(s.env, way, "ORGD_STORE_FILE="+map[bool]string{true: "uri"}[way == "ORGD_STORE="])
		try(1, "refuses the user or the password", "serve")
		try(1, "refuses the user or the password", "org", "list")
		try(0, "orgd:***@", "config")
		try(1, "no server answers", "healthcheck")
		try(1, "mongodump", "backup", "copy")
	}
	for _, found := range search([]*secret{newSecret("the store's password", password)}, said) {
		t.Error("found", found)
	}
}

// TestCommandOnADatabaseOfNobody mistypes a name: nothing is made under it. Adding the first operator may come before the
// first start, as on a folder.
func TestCommandOnADatabaseOfNobody(t *testing.T) {
	t.Parallel()
	s := prepare(t, mongoStore)
	for _, args := range [][]string{{"org", "list"}, {"keys", "rotate"}, {"user", "reset-link", "ada@acme.example"}} {
		r := s.orgd("", args...)
		if r.code != 1 || r.stdout != "" {
			t.Errorf("%v exits with %d and says %q", args, r.code, r.stdout)
		}
		wantOneLine(t, r.stderr, "there is no database of orgd", "ORGD_DATABASE")
	}
	l := lookAt(t, s)
	if main, private := l.collections(l.main), l.collections(l.private); len(main)+len(private) > 0 {
		t.Errorf("there are %v and %v", main, private)
	}
	s.does(goodPassword+"\n", "operator", "add", "--email", "op@orgd.example")
	s.start()
	s.signInOperator("op@orgd.example", goodPassword).organizations()
}

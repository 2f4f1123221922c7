package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// beside makes a server on the same database as another, which is not started yet.
func beside(t *testing.T, s *server, settings ...string) *server {
	t.Helper()
	next := prepare(t, mongoStore)
	next.env = append(append([]string{}, s.env...), settings...)
	next.env = append(next.env, "ORGD_KEY_FILE="+filepath.Join(s.folder, s.setting("ORGD_KEY_FILE")))
	return next
}

// TestSecondServerTakesOver starts servers on the database of a running one: one that cannot listen leaves it alone, one that
// can takes its place, and renames at once.
func TestSecondServerTakesOver(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)

	lame := beside(t, s, "ORGD_LISTEN="+strings.TrimPrefix(s.url, "http://"))
	if r := lame.orgd("", "serve"); r.code != 1 || r.stdout != "" {
		t.Errorf("a server without an address exits with %d and says %q", r.code, r.stdout)
	}
	ada.renameTo("Acme 1").is(http.StatusOK)

	next := beside(t, s)
	next.start()
	ada.caller = next.as(ada.token)
	ada.renameTo("Acme 2").is(http.StatusOK)
	ada.read("plan").is(http.StatusOK)
	if err := s.ended(); err == nil {
		t.Error("the server before it ends as if it was asked to")
	}
	wantContains(t, s.log.String(), "takes this one's place")
	wantContains(t, next.log.String(), "still runs and will end now")
	ada.renameTo("Acme 3").is(http.StatusOK)
	ada.read("plan").is(http.StatusOK)
}

// TestKilledServerHoldsNobodyUp renames after a kill: the dead server is still on the list of those that a rename waits for.
func TestKilledServerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	ada := s.found("Acme", "ada@acme.example")
	s.kill()
	s.start()
	ada.caller = s.as(ada.token)
	ada.renameTo("Acme 2").is(http.StatusOK)
	s.does("", "org", "list")
	ada.renameTo("Acme 3").is(http.StatusOK)
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

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestCatalogIsTakenAway moves the catalog of a running server away: the server says that it is not ready, and why, until the
// catalog is back.
func TestCatalogIsTakenAway(t *testing.T) {
	t.Parallel()
	s := launch(t, sqliteStore)
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
	catalog := filepath.Join(s.data(), "orgd.db")
	for name, instead := range map[string]func() error{
		"nothing": func() error { return nil },
		"another": func() error { return os.WriteFile(catalog, nil, 0o600) },
	} {
		must(t, os.Rename(catalog, catalog+".away"))
		must(t, instead())
		t.Logf("%s in its place: %s", name, s.stranger().get("/readyz").refused(http.StatusServiceUnavailable, api.CodeUnavailable).Detail)
		s.stranger().get("/healthz").is(http.StatusOK)
		must(t, os.Rename(catalog+".away", catalog))
		s.stranger().get("/readyz").is(http.StatusOK)
	}
	s.restart()
	s.as(ada.token).get(documentsOf(ada.org.ID, "plan")).is(http.StatusOK)
}

// TestFileIsDamaged damages the file of one organization under a running server, which has not opened it since its start: its
// owner is told so with 503, nobody else is concerned, and once the file is mended everything is there without a restart.
func TestFileIsDamaged(t *testing.T) {
	t.Parallel()
	s := launch(t, sqliteStore)
	ada, eve := s.found("Acme", "ada@acme.example"), s.found("Eves", "eve@eve.example")
	for _, o := range []*owner{ada, eve} {
		o.write("plan", fields{"n": 1}).is(http.StatusCreated)
	}
	s.restart()
	ada.caller, eve.caller = s.as(ada.token), s.as(eve.token)
	file := filepath.Join(s.data(), "tenants", ada.org.ID+".db")
	sound, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, []byte(strings.Repeat("garbage ", len(sound)/8)), 0o600))

	for _, a := range []answer{ada.read("plan"), ada.write("new", fields{"n": 1}), ada.delete(documentsOf(ada.org.ID, "plan"))} {
		wantContains(t, a.refused(http.StatusServiceUnavailable, api.CodeUnavailable).Detail, "damaged")
	}
	eve.read("plan").is(http.StatusOK)
	ada.get("/v1/me").is(http.StatusOK)
	s.stranger().get("/readyz").is(http.StatusOK)

	must(t, os.WriteFile(file, sound, 0o600))
	ada.read("plan").is(http.StatusOK)
	ada.write("new", fields{"n": 1}).is(http.StatusCreated)
	s.stop()
	wantContains(t, s.log.String(), "a database file is damaged", ada.org.ID)
	if strings.Contains(s.log.String(), eve.org.ID+".db") {
		t.Error("the log complains about a sound file")
	}
}

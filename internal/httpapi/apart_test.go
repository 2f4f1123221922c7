package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestServerThatIsApart changes nothing, and does not say that it has changed what it began before that.
func TestServerThatIsApart(t *testing.T) {
	t.Parallel()
	asked, from := 0, 1<<30 // apart from which question on
	w := newWorld(t, func(s *setup) { s.apart = func() bool { asked++; return asked > from } })
	acme := w.found("Acme", "ada@acme.example")
	documents := "/v1/organizations/" + acme.org.ID + "/documents"

	from = asked
	acme.do("POST", documents, `{"n":1}`).refused(t, http.StatusServiceUnavailable, api.CodeUnavailable)
	w.send(t, "POST", "/org/create", body(map[string]any{"organization_name": "Beta", "email": "b@b.example", "password": goodPassword})).
		refused(t, http.StatusServiceUnavailable, api.CodeUnavailable)
	var page api.DocumentPage
	acme.get(documents).want(t, http.StatusOK, &page)
	if len(page.Items) != 0 {
		t.Errorf("%d documents were written", len(page.Items))
	}

	from = asked + 1 // it loses touch while it writes
	acme.do("POST", documents, `{"n":1}`).refused(t, http.StatusServiceUnavailable, api.CodeUnknownOutcome)
	acme.get(documents).want(t, http.StatusOK, &page)
	if len(page.Items) != 1 {
		t.Errorf("%d documents were written, want the one whose outcome is unknown", len(page.Items))
	}
	from = 1 << 30
	acme.do("POST", documents, `{"n":2}`).want(t, http.StatusCreated, nil)
}

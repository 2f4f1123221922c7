package e2e

import (
	"net/http"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestTokensOutliveRestarts restarts the server, in order and by a kill, between the moments of a token's life: it is good
// over restarts and renames, and worth nothing after the deletion, also on the next owner of the name.
func TestTokensOutliveRestarts(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, on.mortal...)
		ada := s.found("Acme", "ada@acme.example")
		ada.write("plan", fields{"step": 1}).is(http.StatusCreated)
		keys := string(s.stranger().get("/.well-known/jwks.json").is(http.StatusOK).body)
		again := func() {
			s.t.Helper()
			s.kill()
			s.start()
			ada.get("/v1/me").is(http.StatusOK)
			s.settle() // until then a rename waits for the killed one
		}
		s.restart()
		ada.read("plan").is(http.StatusOK)
		again()
		if now := string(s.stranger().get("/.well-known/jwks.json").body); now != keys {
			t.Errorf("the published keys were %s and are %s", keys, now)
		}

		ada.renameTo("Acme International").is(http.StatusOK)
		ada.read("plan").is(http.StatusOK)
		again()
		ada.read("plan").is(http.StatusOK)
		ada.renameTo("Acme").is(http.StatusOK)

		ada.dropIt().is(http.StatusOK)
		s.kill()
		s.start()
		ada.read("plan").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		s.found("Acme", "ada@acme.example")
		for _, path := range []string{documentsOf(ada.org.ID, "plan"), documentsOf("acme", "plan"), documentsOf("acme"), "/v1/me"} {
			ada.get(path).refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		}
	})
}

// TestEndedSessionsStayEnded changes a password, which ends the other sessions for good: for changes at once, for reads as
// soon as what the server remembers is two seconds old.
func TestEndedSessionsStayEnded(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		other := s.as(s.stranger().login(ada.email, ada.password).accessToken())
		other.get("/v1/me").is(http.StatusOK)
		ada.patch("/v1/organizations/"+ada.org.ID, fields{"password": "another staple entirely"}).is(http.StatusOK)
		other.rename("Acme", "Mine").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		eventually(t, "the other session ends for reads", func() bool { return other.get("/v1/me").status == http.StatusUnauthorized })
		ada.get("/v1/me").is(http.StatusOK)
		s.kill()
		s.start()
		other.get("/v1/me").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		ada.get("/v1/me").is(http.StatusOK)
	})
}

package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// lateBody is a body before whose first byte something else happens.
type lateBody struct {
	io.Reader
	before func()
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.before()
	return b.Reader.Read(p)
}

// late sends a request whose body arrives after something else happened, and returns the status.
func (p *person) late(method, target, text string, before func()) int {
	reader := &lateBody{strings.NewReader(text), sync.OnceFunc(before)}
	r := httptest.NewRequestWithContext(p.world.t.Context(), method, "http://localhost"+target, reader)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+p.token)
	answer := httptest.NewRecorder()
	p.world.server.ServeHTTP(answer, r)
	return answer.Code
}

// A client chooses how long its body takes, and with it how long ago its token was looked at. A session that a new password
// has ended meanwhile neither acts nor comes back to life.
func TestSessionThatEndsWhileTheBodyArrives(t *testing.T) {
	for name, request := range map[string]struct{ method, target, body string }{
		"a new password":   {"PUT", "/org/update", `{"organization_name":"Acme","password":"thief of a thousand staples"}`},
		"a new name":       {"PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":"Stolen"}`},
		"a password by id": {"PATCH", "/v1/organizations/{org}", `{"password":"thief of a thousand staples"}`},
		"a deletion":       {"DELETE", "/org/delete", `{"organization_name":"Acme"}`},
		"the account":      {"PATCH", "/v1/me", `{"email":"thief@x.example","current_password":"` + otherPassword + `"}`},
		"a document":       {"POST", "/v1/organizations/{org}/documents", `{"stolen":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			thief := w.found("Acme", "ada@acme.example")
			ada := &person{world: w, org: thief.org, token: w.signIn("ada@acme.example", goodPassword).AccessToken}
			got := thief.late(request.method, strings.Replace(request.target, "{org}", thief.org.ID, 1), request.body, func() {
				ada.do("PATCH", "/v1/me", body(map[string]any{"password": otherPassword, "current_password": goodPassword})).
					want(t, http.StatusOK, nil)
			})
			if got != http.StatusUnauthorized {
				t.Errorf("status %d, want 401", got)
			}
			if w.signIn("ada@acme.example", otherPassword).AccessToken == "" {
				t.Error("the password of the account's owner is not in force")
			}
			thief.get("/v1/me").want(t, http.StatusUnauthorized, nil)
		})
	}
}

// Who signed in anew after a change of password can change it again: the session is of the account's next generation.
func TestPasswordIsChangedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	for _, next := range []string{"second of many staples", "third of many staples"} {
		ada.do("PUT", "/org/update", body(map[string]any{"organization_name": "Acme", "password": next})).want(t, http.StatusOK, nil)
		ada.token = w.signIn("ada@acme.example", next).AccessToken
	}
}

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// goodPassword is one that orgd takes.
const goodPassword = "correct horse battery"

// fields is a JSON object.
type fields map[string]any

// caller sends requests to a server: a stranger, or somebody with a token.
type caller struct {
	*server
	token  string
	header http.Header
}

// stranger sends requests without a token.
func (s *server) stranger() caller { return caller{server: s} }

// as sends requests with a token.
func (s *server) as(token string) caller { return caller{server: s, token: token} }

// with adds a header to the caller's requests.
func (c caller) with(name, value string) caller {
	c.header = maps.Clone(c.header)
	if c.header == nil {
		c.header = http.Header{}
	}
	c.header.Set(name, value)
	return c
}

func (c caller) get(path string) answer            { return c.send(http.MethodGet, path, nil) }
func (c caller) post(path string, body any) answer { return c.send(http.MethodPost, path, body) }
func (c caller) put(path string, body any) answer  { return c.send(http.MethodPut, path, body) }
func (c caller) patch(path string, b any) answer   { return c.send(http.MethodPatch, path, b) }
func (c caller) delete(path string) answer         { return c.send(http.MethodDelete, path, nil) }

// The seed's routes.

func (c caller) lookup(name string) answer { return c.get("/org/get" + named(name)) }
func (c caller) drop(name string) answer   { return c.delete("/org/delete" + named(name)) }

func (c caller) login(email, password string) answer {
	return c.post("/admin/login", fields{"email": email, "password": password})
}

func (c caller) rename(name, next string) answer {
	return c.put("/org/update", fields{"organization_name": name, "new_organization_name": next})
}

func (c caller) create(name, email, password string) answer {
	return c.post("/org/create", newOrg(name, email, password))
}

func newOrg(name, email, password string) fields {
	return fields{"organization_name": name, "email": email, "password": password}
}

// named is the query that names an organization.
func named(name string) string { return "?organization_name=" + url.QueryEscape(name) }

// documentsOf is the path of an organization's documents, or of one of them.
func documentsOf(org string, id ...string) string {
	path := "/v1/organizations/" + org + "/documents"
	for _, one := range id {
		path += "/" + url.PathEscape(one)
	}
	return path
}

// send sends a request. body is sent as JSON, unless it is a string, which is sent as it is; nil sends none.
func (c caller) send(method, path string, body any) answer {
	a := answer{t: c.t, method: method, path: path, sent: body}
	var content io.Reader = http.NoBody
	switch b := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	if err != nil {
		a.err = err
		return a
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	maps.Copy(request.Header, c.header)
	response, err := c.client.Do(request)
	if err != nil {
		a.err = err
		return a
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	a.body, a.err = io.ReadAll(response.Body)
	return a
}

// hashing lets requests that hash a password take turns: of one address the server takes only one more than it works on.
type hashing chan struct{}

func newHashing() hashing { return make(hashing, 2) }

// do sends the request when it is its turn, and again while the server is busy all the same.
func (h hashing) do(send func() answer) answer {
	h <- struct{}{}
	defer func() { <-h }()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for {
		a := send()
		if a.status != http.StatusTooManyRequests {
			return a
		}
		select {
		case <-again.C:
		case <-late:
			return a
		}
	}
}

// answer is what came of a request: an answer, or the error of a connection that failed.
type answer struct {
	t testing.TB
	// method, path and sent are the request.
	method, path string
	sent         any
	status       int
	header       http.Header
	body         []byte
	err          error
}

// String is for messages.
func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("%s %s failed: %v", a.method, a.path, a.err)
	}
	return fmt.Sprintf("%s %s was answered with %d: %.600s", a.method, a.path, a.status, a.body)
}

// is ends the story unless the answer has one of the statuses.
func (a answer) is(statuses ...int) answer {
	a.t.Helper()
	if a.err != nil || !slices.Contains(statuses, a.status) {
		a.t.Fatalf("%s, want %v", a, statuses)
	}
	return a
}

// was is for goroutines: it fails the story and tells, but does not end it.
func (a answer) was(statuses ...int) bool {
	a.t.Helper()
	if a.err != nil || !slices.Contains(statuses, a.status) {
		a.t.Errorf("%s, want %v", a, statuses)
		return false
	}
	return true
}

// refused wants a problem of the status and code, with a detail for people, and returns it.
func (a answer) refused(status int, code api.Code) api.Problem {
	a.t.Helper()
	a.is(status)
	var p api.Problem
	a.into(&p)
	if p.Code != code || p.Status != status || p.Detail == "" || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Fatalf("%s, want a problem of code %s with a detail", a, code)
	}
	return p
}

// into reads the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s: %v", a, err)
	}
}

// org reads the body as an organization.
func (a answer) org() (org api.Organization) {
	a.t.Helper()
	a.into(&org)
	return org
}

// document reads the body as a document.
func (a answer) document() (doc api.Document) {
	a.t.Helper()
	a.into(&doc)
	return doc
}

// accessToken reads the body as the answer of a login.
func (a answer) accessToken() string {
	a.t.Helper()
	var token api.Token
	a.is(http.StatusOK).into(&token)
	if token.AccessToken == "" {
		a.t.Fatalf("%s: no token", a)
	}
	return token.AccessToken
}

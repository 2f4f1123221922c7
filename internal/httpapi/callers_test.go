package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// row is what one route answers each kind of caller. {org}, {name} and {email} stand for the organization that the request
// is about, {fresh} for a name that nobody has.
type row struct {
	target, body string
	headers      []string
	anonymous    int
	stranger     int
	operator     int
	owner        int
	// hidden replaces anonymous and stranger where lookup is for members only.
	hidden [2]int
	// own says that the request itself holds what the answer shows: the credentials of the owner.
	own bool
}

const secret = "what only the owner may read"

// callerTable has every route of the server; see TestEveryRouteAndCaller.
var callerTable = map[string]row{
	"POST /org/create": {
		body:      `{"organization_name":"{fresh}","email":"{fresh}@fresh.example","password":"` + goodPassword + `"}`,
		anonymous: 201, stranger: 201, operator: 201, owner: 201,
	},
	"GET /org/get": {
		target: "?organization_name={name}", anonymous: 200, stranger: 200, operator: 200, owner: 200, hidden: [2]int{401, 404},
	},
	"PUT /org/update": {
		body:      `{"organization_name":"{name}","new_organization_name":"{fresh}"}`,
		anonymous: 401, stranger: 403, operator: 200, owner: 200, hidden: [2]int{401, 404},
	},
	"DELETE /org/delete": {
		target: "?organization_name={name}", anonymous: 401, stranger: 403, operator: 428, owner: 200, hidden: [2]int{401, 404},
	},
	"POST /admin/login": {
		body: `{"email":"{email}","password":"` + goodPassword + `"}`, anonymous: 200, stranger: 200, operator: 200, owner: 200, own: true,
	},
	"POST /v1/auth/login": {
		body: `{"email":"{email}","password":"` + goodPassword + `"}`, anonymous: 200, stranger: 200, operator: 200, owner: 200, own: true,
	},
	"POST /v1/auth/password-reset": {
		body: `{"token":"t","password":"` + otherPassword + `"}`, anonymous: 422, stranger: 422, operator: 422, owner: 422,
	},
	"POST /v1/organizations": {
		body:      `{"organization_name":"{fresh}","email":"{fresh}@fresh.example","password":"` + goodPassword + `"}`,
		anonymous: 201, stranger: 201, operator: 201, owner: 201,
	},
	"GET /v1/organizations":       {anonymous: 401, stranger: 200, operator: 200, owner: 200},
	"GET /v1/organizations/{org}": {anonymous: 401, stranger: 404, operator: 200, owner: 200},
	"PATCH /v1/organizations/{org}": {
		body: `{"organization_name":"{fresh}"}`, anonymous: 401, stranger: 404, operator: 200, owner: 200,
	},
	"DELETE /v1/organizations/{org}":       {anonymous: 401, stranger: 404, operator: 204, owner: 204},
	"POST /v1/organizations/{org}/restore": {anonymous: 401, stranger: 404, operator: 409, owner: 403},
	"POST /v1/organizations/{org}/documents": {
		body: `{"a":1}`, anonymous: 401, stranger: 404, operator: 403, owner: 201,
	},
	"GET /v1/organizations/{org}/documents":      {anonymous: 401, stranger: 404, operator: 403, owner: 200},
	"GET /v1/organizations/{org}/documents/{id}": {anonymous: 401, stranger: 404, operator: 403, owner: 200},
	"PUT /v1/organizations/{org}/documents/{id}": {
		body: `{"a":1}`, anonymous: 401, stranger: 404, operator: 403, owner: 200,
	},
	"PATCH /v1/organizations/{org}/documents/{id}": {
		body: `{"a":1}`, anonymous: 401, stranger: 404, operator: 403, owner: 200,
	},
	"DELETE /v1/organizations/{org}/documents/{id}": {anonymous: 401, stranger: 404, operator: 403, owner: 204},
	"GET /v1/me": {anonymous: 401, stranger: 200, operator: 200, owner: 200},
	"PATCH /v1/me": {
		body: `{"current_password":"` + goodPassword + `"}`, anonymous: 401, stranger: 200, operator: 200, owner: 200,
	},
	"GET /.well-known/jwks.json": everybody,

	"GET /healthz":      everybody,
	"GET /readyz":       everybody,
	"GET /metrics":      everybody,
	"GET /openapi.json": everybody,
	"GET /openapi.yaml": everybody,
	"GET /docs":         everybody,
	"GET /docs/{file}":  everybody,
}

var everybody = row{anonymous: 200, stranger: 200, operator: 200, owner: 200}

// Every route meets every kind of caller. A route that is not in the table fails; a token that is worth nothing is 401 where
// one is needed and counts as none elsewhere; what others may not see is in no answer; a refused act has changed nothing.
func TestEveryRouteAndCaller(t *testing.T) {
	for mode, settings := range map[string][]setting{"public lookup": nil, "members' lookup": {membersOnly}} {
		t.Run(mode, func(t *testing.T) {
			c := newCast(t, settings...)
			for _, route := range c.world.server.Routes() {
				row, known := callerTable[route]
				if !known {
					t.Errorf("%s is not in the table of callers", route)
					continue
				}
				if settings != nil && row.hidden != [2]int{} {
					row.anonymous, row.stranger = row.hidden[0], row.hidden[1]
				}
				t.Run(route, func(t *testing.T) { c.meet(t, route, row) })
			}
		})
	}
}

// meet lets every caller of the cast send the request of one route.
func (c *cast) meet(t *testing.T, route string, row row) {
	victim := c.victim(t)
	before := c.state(t, victim)
	check := func(who string, p *person, status int, mayRead bool) {
		t.Helper()
		got := c.send(t, p, route, row, victim)
		wantSecure(t, route, got)
		if got.status != status {
			t.Errorf("%s gets %d, want %d: %.200s", who, got.status, status, got.body)
		}
		if !mayRead && !row.own {
			for _, word := range []string{victim.email, victim.org.AdminID, secret} {
				if strings.Contains(string(got.body), word) {
					t.Errorf("%s reads %q", who, word)
				}
			}
		}
		if status >= 400 {
			got.problem(t)
			if after := c.state(t, victim); after != before {
				t.Errorf("%s was refused and changed %s to %s", who, before, after)
			}
		}
		if _, told := got.header["Www-Authenticate"]; told != (status == 401) {
			t.Errorf("%s gets %d with WWW-Authenticate %q", who, got.status, got.header.Get("WWW-Authenticate"))
		}
	}
	check("nobody", &person{world: c.world}, row.anonymous, false)
	for who, token := range c.worthless(t, victim) {
		check(who, &person{world: c.world, token: token}, row.anonymous, false)
	}
	c.misplace(t, route, row, victim, before)
	check("stranger", c.stranger, row.stranger, false)
	check("operator", c.operator, row.operator, row.operator < 300 && !strings.Contains(route, "/me"))
	if row.operator < 300 && !strings.HasPrefix(route, "GET") {
		victim = c.victim(t) // the operator's act may have been the end of the first
	}
	check("owner", victim, row.owner, true)
}

// misplace sends a good token everywhere but in the Authorization header, where it counts for nothing: what a browser adds by
// itself, and what stands in links and logs, proves nothing.
func (c *cast) misplace(t *testing.T, route string, row row, victim *person, before string) {
	t.Helper()
	nobody := &person{world: c.world}
	for _, headers := range [][]string{
		{"Cookie", "token=" + victim.token + "; access_token=" + victim.token + "; Authorization=Bearer " + victim.token},
		{"X-Api-Key", victim.token, "X-Access-Token", victim.token, "X-Auth-Token", victim.token, "X-Authorization", "Bearer " + victim.token},
		{"Proxy-Authorization", "Bearer " + victim.token},
	} {
		sent := row
		sent.headers = slices.Concat(row.headers, headers)
		if got := c.send(t, nobody, route, sent, victim); got.status != row.anonymous {
			t.Errorf("a token in the header %s gets %d, want %d", headers[0], got.status, row.anonymous)
		}
	}
	for _, name := range []string{"token", "access_token", "Authorization"} {
		sent := row
		if sent.target += "&"; row.target == "" {
			sent.target = "?"
		}
		sent.target += name + "=" + victim.token
		want := row.anonymous
		got := c.send(t, nobody, route, sent, victim)
		if got.status == http.StatusUnprocessableEntity && callerTable[route].anonymous < 300 { // it refuses parameters that it does not know
			want = got.status
		}
		if got.status != want {
			t.Errorf("a token in the query, as %s, gets %d, want %d", name, got.status, want)
		}
	}
	if after := c.state(t, victim); after != before {
		t.Errorf("a misplaced token changed %s to %s", before, after)
	}
}

// cacheable are the routes whose answers hold neither credentials nor tenants' data.
var cacheable = map[string]string{
	"GET /.well-known/jwks.json": "public, max-age=300",
	"GET /openapi.json":          "no-cache", "GET /openapi.yaml": "no-cache", "GET /docs": "no-cache", "GET /docs/{file}": "no-cache",
}

// wantSecure checks the headers that keep browsers safe, which every answer has.
func wantSecure(t *testing.T, route string, got answer) {
	t.Helper()
	kept := "no-store"
	if public, ok := cacheable[route]; ok && got.status < 400 {
		kept = public
	}
	for name, want := range map[string]string{
		"Cache-Control": kept, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if values := got.header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s answers %d with %s: %q, want %s", route, got.status, name, values, want)
		}
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s answers %d with the policy %q", route, got.status, policy)
	}
	if got.header.Get("Set-Cookie") != "" || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s answers %d with %v", route, got.status, got.header)
	}
}

// state is what a refused act must not change.
func (c *cast) state(t *testing.T, victim *person) string {
	t.Helper()
	var org api.Organization
	c.operator.get(victim.path("")).want(t, http.StatusOK, &org)
	var doc api.Document
	victim.get(victim.path("/documents/d")).want(t, http.StatusOK, &doc)
	return fmt.Sprintf("%s version %d %s, document version %d", org.Name, org.Version, org.AdminEmail, doc.Version)
}

// send fills the row in for a victim and sends it.
func (c *cast) send(t *testing.T, p *person, route string, row row, victim *person) answer {
	t.Helper()
	c.count++
	method, path, _ := strings.Cut(route, " ")
	fill := strings.NewReplacer(
		"{org}", victim.org.ID, "{name}", strings.ReplaceAll(victim.org.Name, " ", "%20"), "{email}", victim.email,
		"{fresh}", fmt.Sprintf("fresh%d", c.count), "{id}", "d", "{file}", "init.js",
	)
	b := strings.NewReplacer("{name}", victim.org.Name).Replace(row.body)
	headers := slices.Clone(row.headers)
	if p.token != "" {
		headers = append(headers, "Authorization", "Bearer "+p.token)
	}
	return c.world.send(t, method, fill.Replace(path+row.target), fill.Replace(b), headers...)
}

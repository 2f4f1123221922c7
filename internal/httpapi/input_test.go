package httpapi_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// planted is what a client sends in places where it is wrong. No answer and no log line ever repeats it.
const planted = "PlantedValue77"

// bodies are the routes that take JSON, with a good body of each. Members in optional may be left out.
func bodies(ada *person) []jsonRoute {
	account := map[string]any{"organization_name": "New Org", "email": "new@acme.example", "password": goodPassword}
	change := map[string]any{"organization_name": "New Org", "email": "new@acme.example", "password": goodPassword, "current_password": goodPassword}
	update := maps.Clone(change)
	update["new_organization_name"], update["organization_name"] = "New Org", "Acme"
	login := map[string]any{"email": "ada@acme.example", "password": goodPassword}
	return []jsonRoute{
		{"POST", "/org/create", account, []string{"organization_name", "email", "password"}},
		{"POST", "/v1/organizations", account, []string{"organization_name", "email", "password"}},
		{"PUT", "/org/update", update, []string{"organization_name"}},
		{"PATCH", ada.path(""), change, nil},
		{"DELETE", "/org/delete?organization_name=Acme", map[string]any{"organization_name": "Acme"}, nil},
		{"POST", ada.path("/restore"), map[string]any{"organization_name": "x", "email": "x@acme.example"}, nil},
		{"POST", "/admin/login", login, []string{"email", "password"}},
		{"POST", "/v1/auth/login", map[string]any{"email": "ada@acme.example", "password": goodPassword, "as": "member"}, []string{"email", "password"}},
		{"POST", "/v1/auth/password-reset", map[string]any{"token": "t", "password": goodPassword}, []string{"token", "password"}},
		{"PATCH", "/v1/me", map[string]any{"email": "a@b.example", "password": goodPassword, "current_password": goodPassword}, []string{"current_password"}},
	}
}

type jsonRoute struct {
	method, target string
	good           map[string]any
	required       []string
}

// What each JSON route says of bad input: one story for all of them.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	for _, route := range bodies(ada) {
		t.Run(route.method+" "+strings.ReplaceAll(route.target, ada.org.ID, "ID"), func(t *testing.T) {
			send := func(b string, headers ...string) answer {
				got := ada.do(route.method, route.target, b, headers...)
				if strings.Contains(string(got.body), planted) {
					t.Errorf("the answer repeats a value: %s", got.body)
				}
				return got
			}
			good := body(route.good)
			send(good, "Content-Type", "text/plain").refused(t, 415, api.CodeUnsupportedMediaType)
			send(good, "Content-Type", "application/x-www-form-urlencoded").refused(t, 415, api.CodeUnsupportedMediaType)
			send(good, "Content-Encoding", "gzip").refused(t, 415, api.CodeUnsupportedMediaType)
			for _, b := range []string{
				"{", `{"email":"` + planted, planted, good + good, good + "x", "{\"email\":\"\xff" + planted + "\"}",
				`{"email":"` + planted + `","email":"` + planted + `"}`, `{"email":"\ud800` + planted + `"}`, "\ufeff" + good,
				strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), `{"email":` + strings.Repeat("1", 100) + `}`, "{'email':1}",
			} {
				send(b).refused(t, 400, api.CodeMalformed)
			}
			for _, b := range []string{`[]`, `"` + planted + `"`, `1`, `true`, `[{"email":"` + planted + `"}]`} {
				p := send(b).refused(t, 422, api.CodeInvalid)
				if len(p.Errors) == 0 || p.Errors[0].Location != "body" {
					t.Errorf("%s: %+v", b, p.Errors)
				}
			}
			badMembers(t, route, send)
			if route.required != nil {
				p := send("").refused(t, 422, api.CodeInvalid)
				if len(p.Errors) != 1 || p.Errors[0].Location != "body" || p.Errors[0].Code != "required" {
					t.Errorf("without a body: %+v", p.Errors)
				}
			}
			send(good[:len(good)-1]+`,"a":"`+strings.Repeat("x", 1<<20)+`"}`).refused(t, 413, api.CodeBodyTooLarge)
		})
	}
	if log := w.log.String(); strings.Contains(log, planted) || strings.Contains(log, goodPassword) || strings.Contains(log, ada.token) {
		t.Error("the log repeats what was sent")
	}
	var org api.Organization
	ada.get("/org/get?organization_name=Acme").want(t, http.StatusOK, &org)
	if org.Version != ada.org.Version {
		t.Errorf("bad input changed the organization to %+v", org)
	}
}

// badMembers leaves out, misspells and mistypes each member, and expects it to be named.
func badMembers(t *testing.T, route jsonRoute, send func(string, ...string) answer) {
	t.Helper()
	expect := func(b map[string]any, places ...string) {
		t.Helper()
		p := send(body(b)).refused(t, 422, api.CodeInvalid)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Location)
			if e.Code == "" || e.Message == "" || !strings.Contains(p.Detail, e.Location) {
				t.Errorf("an incomplete error %+v under %q", e, p.Detail)
			}
		}
		slices.Sort(got)
		slices.Sort(places)
		if !slices.Equal(got, places) {
			t.Errorf("%s is told as %v, want %v", body(b), got, places)
		}
	}
	with := func(name string, value any) map[string]any {
		b := maps.Clone(route.good)
		b[name] = value
		return b
	}
	for name := range route.good {
		place := "body." + name
		for _, value := range []any{1, true, []string{planted}, map[string]any{"$ne": nil}, map[string]any{"$gt": planted}} {
			expect(with(name, value), place)
		}
		wrong := strings.ToUpper(name[:1]) + name[1:]
		b := with(wrong, planted)
		delete(b, name)
		if slices.Contains(route.required, name) {
			expect(b, "body."+wrong, place)
			delete(b, wrong)
			expect(b, place)
			expect(with(name, nil), place)
		} else {
			expect(b, "body."+wrong)
		}
	}
	expect(with("unknown", planted), "body.unknown")
	expect(with("__proto__", planted), "body.__proto__")
	expect(with(strings.Repeat("n", 65), planted), "body.?")
	expect(with("bidi\u202e", planted), "body.?")
}

// What a name, an address and a password may not be.
func TestBadValues(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct{ member, value string }{
		{"organization_name", ""},
		{"organization_name", "   "},
		{"organization_name", "!!!"},
		{"organization_name", "\u2603"},
		{"organization_name", "admin"},
		{"organization_name", "System"},
		{"organization_name", "health"},
		{"organization_name", "bell\u0007"},
		{"organization_name", "bidi\u202eevil"},
		{"organization_name", strings.Repeat("n", 51)},
		{"organization_name", strings.Repeat("n ", 101)},
		{"organization_name", "0192f0c1-8a54-7cc3-9a6e-3f1d2b4c5d6e"},
		{"email", ""},
		{"email", "nobody"},
		{"email", "a@b"},
		{"email", "a b@acme.example"},
		{"email", `"a"@acme.example`},
		{"email", "Ada <ada@acme.example>"},
		{"email", "ada@[127.0.0.1]"},
		{"email", strings.Repeat("a", 65) + "@acme.example"},
		{"email", "a@" + strings.Repeat("a.", 150) + "example"},
		{"password", ""},
		{"password", "short"},
		{"password", strings.Repeat("x", 73)},
		{"password", strings.Repeat("é", 37)},
		{"password", "password123"},
	} {
		b := map[string]any{"organization_name": "Acme", "email": "ada@acme.example", "password": goodPassword}
		b[tc.member] = tc.value
		got := w.send(t, "POST", "/org/create", body(b))
		if got.status == http.StatusCreated {
			t.Fatalf("%s %q is accepted", tc.member, tc.value)
		}
		p := got.refused(t, 422, api.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body."+tc.member || tc.value != "" && len(tc.value) > 8 && strings.Contains(p.Detail, tc.value) {
			t.Errorf("%s %q: %q %+v", tc.member, tc.value, p.Detail, p.Errors)
		}
	}
	w.send(t, "POST", "/org/create", `{"organization_name":"","email":"","password":"x"}`).refused(t, 422, api.CodeInvalid)
	w.get(t, "/org/get?organization_name=Acme").refused(t, 404, api.CodeNotFound)
	for _, query := range []string{"", "?", "?organization_name=", "?name=Acme", "?organization_name=Acme&x=1", "?organization_name=A&organization_name=B"} {
		w.get(t, "/org/get"+query).refused(t, 422, api.CodeInvalid)
	}
	w.get(t, "/org/get?organization_name").refused(t, 400, api.CodeMalformed)
}

// Who guesses a password begins with the names that everybody knows, so it may not be made of them, whichever route it comes by:
// of the names that are sent with it, or of those that stay.
func TestPasswordsMadeOfKnownNames(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	refused := func(route jsonRoute, password, rule string, without ...string) {
		t.Helper()
		b := maps.Clone(route.good)
		b["password"] = password
		for _, member := range without {
			delete(b, member)
		}
		p := ada.do(route.method, route.target, body(b)).refused(t, 422, api.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.password" || p.Errors[0].Code != rule {
			t.Errorf("%s %s: the password %s is told as %+v, want %s", route.method, route.target, password, p.Errors, rule)
		}
	}
	for i, route := range bodies(ada)[:4] {
		refused(route, "Orgd-2026", "product_name")
		refused(route, "New Org 2026", "organization_name")
		refused(route, "new.new.2026", "email")
		if i >= 2 { // a change, of the password alone
			rest := []string{"new_organization_name", "email"}
			if route.method == "PATCH" {
				rest[0] = "organization_name"
			}
			refused(route, "orgdorgd", "product_name", rest...)
			refused(route, "Acme2026", "organization_name", rest...)
			refused(route, "ada+ada1", "email", rest...)
		}
	}
	w.get(t, "/org/get?organization_name=New+Org").refused(t, 404, api.CodeNotFound)
	w.signIn("ada@acme.example", goodPassword)
}

// A NUL is JSON, and in no value that we take: it is told under the member that holds it.
func TestNULIsRefusedWhereItStands(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	for _, route := range bodies(ada)[:4] { // those whose members all are names, addresses and new passwords
		for _, member := range []string{"organization_name", "email", "password"} {
			b := maps.Clone(route.good)
			if member == "organization_name" && route.method == "PUT" {
				member = "new_organization_name"
			}
			b[member] = "x\u0000" + goodPassword
			p := ada.do(route.method, route.target, body(b)).refused(t, 422, api.CodeInvalid)
			if len(p.Errors) != 1 || p.Errors[0].Location != "body."+member {
				t.Errorf("%s %s: a NUL in %s is told as %+v", route.method, route.target, member, p.Errors)
			}
		}
	}
}

// A body that ends early is the client's fault and no 500.
func TestBrokenBody(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	got := raw(t, server, "POST /org/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, `"code":"malformed"`) {
		t.Errorf("a broken chunk is answered with %s", got)
	}
}

package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// The same acts in REST form, by id or slug.
func TestOrganizationsInRESTForm(t *testing.T) {
	w := newWorld(t)
	var org api.Organization
	created := w.send(t, "POST", "/v1/organizations", `{"organization_name":"Acme Corp","email":"ada@acme.example","password":"`+goodPassword+`"}`)
	created.want(t, http.StatusCreated, &org)
	if created.header.Get("Location") != "/v1/organizations/"+org.ID || !strings.HasPrefix(created.header.Get("ETag"), fmt.Sprintf(`"%d.`, org.Version)) {
		t.Errorf("headers %v for %+v", created.header, org)
	}
	ada := &person{world: w, token: w.signIn("ada@acme.example", goodPassword).AccessToken, org: org}
	for _, ref := range []string{org.ID, "acme_corp"} {
		got := ada.get("/v1/organizations/"+ref).want(t, http.StatusOK, &org)
		if org.AdminEmail != "ada@acme.example" || org.Placement == nil || got.header.Get("ETag") != created.header.Get("ETag") {
			t.Errorf("%s gives %+v", ref, org)
		}
	}
	for _, ref := range []string{strings.ToUpper(org.ID), "Acme_Corp", "acme-corp", strings.ReplaceAll(org.ID, "-", ""), "urn:uuid:" + org.ID, "nobody", "%00"} {
		ada.get("/v1/organizations/"+ref).refused(t, 404, api.CodeNotFound)
	}
	var renamed api.Organization
	ada.do("PATCH", ada.path(""), `{"organization_name":"Acme International"}`).want(t, http.StatusOK, &renamed)
	if renamed.Slug != "acme_international" || renamed.AdminEmail != "ada@acme.example" {
		t.Errorf("renamed %+v", renamed)
	}
	if got := ada.do("DELETE", ada.path(""), "").want(t, http.StatusNoContent, nil); len(got.body) != 0 {
		t.Errorf("204 with %q", got.body)
	}
	ada.get(ada.path("")).refused(t, 401, api.CodeUnauthenticated)
}

// If-Match holds a change back whose version is not the current one; If-None-Match spares an answer.
func TestOrganizationVersions(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	tag := ada.get(ada.path("")).header.Get("ETag")
	if got := ada.get(ada.path(""), "If-None-Match", tag).want(t, http.StatusNotModified, nil); len(got.body) != 0 || got.header.Get("ETag") != tag {
		t.Errorf("304 with %q %q", got.header.Get("ETag"), got.body)
	}
	next := ada.do("PATCH", ada.path(""), `{"organization_name":"Acme 2"}`, "If-Match", tag).want(t, http.StatusOK, nil).header.Get("ETag")
	if next == tag || next == "" {
		t.Errorf("a change moved the ETag from %s to %s", tag, next)
	}
	ada.get(ada.path(""), "If-None-Match", tag).want(t, http.StatusOK, nil)
	for _, send := range []func() answer{
		func() answer {
			return ada.do("PATCH", ada.path(""), `{"organization_name":"Acme 3"}`, "If-Match", tag)
		},
		func() answer {
			return ada.do("PUT", "/org/update", `{"organization_name":"Acme 2","new_organization_name":"Acme 3"}`, "If-Match", tag)
		},
		func() answer { return ada.do("DELETE", ada.path(""), "", "If-Match", tag) },
		func() answer { return ada.do("DELETE", "/org/delete?organization_name=Acme+2", "", "If-Match", tag) },
	} {
		send().refused(t, 412, api.CodePrecondition)
	}
	ada.do("DELETE", ada.path(""), "", "If-Match", next).want(t, http.StatusNoContent, nil)
}

// Fields are told by the names that they have on the route.
func TestRefusedFieldsAreNamedAsSent(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	for _, tc := range []struct{ method, target, body, want string }{
		{"PATCH", ada.path(""), `{"organization_name":""}`, "body.organization_name"},
		{"PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":""}`, "body.new_organization_name"},
		{"PUT", "/org/update", `{"organization_name":"","new_organization_name":"x"}`, "body.organization_name"},
		{"PUT", "/org/update", `{"organization_name":"Acme","email":"x"}`, "body.email"},
		{"PUT", "/org/update", `{"organization_name":"Acme","password":"x"}`, "body.password"},
		{"DELETE", "/org/delete?organization_name=%07", "", "query.organization_name"},
		{"DELETE", "/org/delete", `{"organization_name":"\u0007"}`, "body.organization_name"},
		{"GET", "/org/get?organization_name=%07", "", "query.organization_name"},
		{"POST", "/org/create", `{"organization_name":"","email":"a@b.example","password":"` + goodPassword + `"}`, "body.organization_name"},
	} {
		p := ada.do(tc.method, tc.target, tc.body).refused(t, 422, api.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != tc.want {
			t.Errorf("%s %s %s: %+v, want %s", tc.method, tc.target, tc.body, p.Errors, tc.want)
		}
	}
}

// Operators see all organizations, in pages whose cursors cannot be made up or carried elsewhere.
func TestListOfOrganizations(t *testing.T) {
	w := newWorld(t)
	root := w.operator()
	var people []*person
	for i := range 5 {
		people = append(people, w.found(fmt.Sprintf("Acme %d", i), fmt.Sprintf("ada%d@acme.example", i)))
	}
	people[0].do("POST", people[0].path("/documents"), `{"a":1}`).want(t, http.StatusCreated, nil)

	var names []string
	target := "/v1/organizations?limit=2"
	for range 3 {
		var page api.OrganizationPage
		root.get(target).want(t, http.StatusOK, &page)
		for _, org := range page.Items {
			names = append(names, org.Name)
		}
		target = "/v1/organizations?limit=2&cursor=" + page.NextCursor
		if (page.NextCursor == "") != (len(names) == 5) {
			t.Fatalf("after %v comes cursor %q", names, page.NextCursor)
		}
	}
	if len(names) != 5 || !slices.IsSorted(names) {
		t.Errorf("the pages hold %v", names)
	}

	var page api.OrganizationPage
	root.get("/v1/organizations?name_prefix=ACME+0").want(t, http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].Usage == nil || page.Items[0].Usage.Documents != 1 || page.Items[0].Usage.Bytes == 0 {
		t.Errorf("prefix finds %+v", page.Items)
	}
	root.get("/v1/organizations?limit=1&name_prefix=acme").want(t, http.StatusOK, &page)
	cursor := page.NextCursor
	for _, target := range []string{
		"?cursor=" + cursor, "?cursor=" + cursor + "&name_prefix=other", "?cursor=x", "?cursor=" + cursor[1:] + "&name_prefix=acme",
		"?cursor=" + cursor + "A&name_prefix=acme", "?limit=201", "?limit=0", "?limit=-1", "?limit=x", "?limit=1.5", "?state=here",
		"?cursor=" + people[0].org.ID, "?offset=1", "?limit=1&limit=2",
	} {
		root.get("/v1/organizations"+target).refused(t, 422, api.CodeInvalid)
	}
	people[1].get("/v1/organizations").want(t, http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].ID != people[1].org.ID {
		t.Errorf("a member sees %+v", page.Items)
	}
}

// A deleted organization comes back with its data, under another name if the old one is taken by then.
func TestRestore(t *testing.T) {
	w := newWorld(t)
	root := w.operator()
	ada := w.found("Acme", "ada@acme.example")
	ada.do("PUT", ada.path("/documents/d"), `{"a":1}`).want(t, http.StatusCreated, nil)
	ada.do("DELETE", ada.path(""), "").want(t, http.StatusNoContent, nil)

	var page api.OrganizationPage
	root.get("/v1/organizations?state=trashed").want(t, http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].ID != ada.org.ID || page.Items[0].DeletedAt == nil {
		t.Fatalf("the trash holds %+v", page.Items)
	}
	for _, p := range []api.Problem{
		root.do("PATCH", ada.path(""), `{"organization_name":"Beta"}`).refused(t, 409, api.CodeConflict),
		root.do("DELETE", ada.path(""), "").refused(t, 409, api.CodeConflict),
	} {
		if !strings.Contains(p.Detail, "restore it first") {
			t.Errorf("a change of what lies in the trash is refused with %q", p.Detail)
		}
	}
	eve := w.found("Acme", "ada@acme.example")
	root.do("POST", ada.path("/restore"), "").refused(t, 409, api.CodeNameTaken)
	root.do("POST", ada.path("/restore"), `{"organization_name":"Acme 1"}`).refused(t, 409, api.CodeEmailTaken)
	var org api.Organization
	root.do("POST", ada.path("/restore"), `{"organization_name":"Acme 1","email":"ada1@acme.example"}`, "Idempotency-Key", "r").want(t, http.StatusOK, &org)
	root.do("POST", ada.path("/restore"), `{"organization_name":"Acme 1","email":"ada1@acme.example"}`, "Idempotency-Key", "r").want(t, http.StatusOK, nil)
	if org.ID != ada.org.ID || org.Slug != "acme_1" || org.State != "active" {
		t.Errorf("restored %+v", org)
	}
	root.do("POST", ada.path("/restore"), "").refused(t, 409, api.CodeConflict)
	w.clock.pass(2 * time.Second) // what is known of a session is at most that old
	again := &person{world: w, token: w.signIn("ada1@acme.example", goodPassword).AccessToken, org: org}
	again.get(again.path("/documents/d")).want(t, http.StatusOK, nil)
	ada.get(ada.path("/documents/d")).refused(t, 401, api.CodeUnauthenticated)
	eve.get(ada.path("/documents/d")).refused(t, 404, api.CodeNotFound)
}

// An operator deletes by id, or by name with the version that was looked at.
func TestOperatorsDeleteWithCare(t *testing.T) {
	w := newWorld(t)
	root, ada := w.operator(), w.found("Acme", "ada@acme.example")
	root.do("DELETE", "/v1/organizations/acme", "").refused(t, 428, api.CodePreconditionRequired)
	root.do("DELETE", "/org/delete?organization_name=Acme", "").refused(t, 428, api.CodePreconditionRequired)
	root.do("DELETE", "/v1/organizations/acme", "", "If-Match", `"999"`).refused(t, 412, api.CodePrecondition)
	root.do("DELETE", ada.path(""), "").want(t, http.StatusNoContent, nil)
	w.found("Acme", "ada@acme.example")
	tag := root.get("/v1/organizations/acme").header.Get("ETag")
	root.do("DELETE", "/v1/organizations/acme", "", "If-Match", tag).want(t, http.StatusNoContent, nil)
}

// A request that is repeated under its Idempotency-Key takes effect once and is answered alike.
func TestIdempotentCreation(t *testing.T) {
	for _, lookup := range []string{"public", "members"} {
		t.Run(lookup, func(t *testing.T) {
			var settings []setting
			if lookup == "members" {
				settings = append(settings, membersOnly)
			}
			w := newWorld(t, settings...)
			for _, target := range []string{"/org/create", "/v1/organizations"} {
				b := `{"organization_name":"Acme` + target + `","email":"ada@` + lookup + target[1:3] + `.example","password":"` + goodPassword + `"}`
				first := w.send(t, "POST", target, b, "Idempotency-Key", "k")
				second := w.send(t, "POST", target, b, "Idempotency-Key", "k")
				if first.status != http.StatusCreated || second.status != http.StatusCreated || string(first.body) != string(second.body) ||
					first.header.Get("Location") != second.header.Get("Location") {
					t.Errorf("answered %d %s, then %d %s", first.status, first.body, second.status, second.body)
				}
			}
		})
	}
	for _, settings := range [][]setting{nil, {membersOnly}} {
		w := newWorld(t, settings...)
		ada := w.found("Acme", "ada@acme.example")
		b := `{"organization_name":"Bolts","email":"bob@bolts.example","password":"` + goodPassword + `"}`
		var first, second api.Organization
		ada.do("POST", "/v1/organizations", b, "Idempotency-Key", "k").want(t, http.StatusCreated, &first)
		ada.do("POST", "/v1/organizations", b, "Idempotency-Key", "k").want(t, http.StatusCreated, &second)
		if first.ID != second.ID {
			t.Errorf("a member of another organization made %s, then %s", first.ID, second.ID)
		}
		bob := &person{world: w, token: w.signIn("bob@bolts.example", goodPassword).AccessToken, org: first}
		bob.do("DELETE", bob.path(""), "").want(t, http.StatusNoContent, nil)
		ada.do("POST", "/v1/organizations", b, "Idempotency-Key", "k").refused(t, 404, api.CodeNotFound)
	}
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	ada.do("POST", ada.path("/documents"), `{"a":1}`, "Idempotency-Key", "k").want(t, http.StatusCreated, nil)
	ada.do("POST", ada.path("/documents"), `{"a":2}`, "Idempotency-Key", "k").refused(t, 422, api.CodeIdempotencyMismatch)
	for _, key := range []string{"", " ", "a b", "é", strings.Repeat("k", 256)} {
		ada.do("POST", ada.path("/documents"), `{"a":1}`, "Idempotency-Key", key).refused(t, 422, api.CodeInvalid)
	}
	for _, target := range []string{"/admin/login", "/v1/auth/login", "/v1/auth/password-reset"} {
		ada.do("POST", target, `{}`, "Idempotency-Key", "k").refused(t, 422, api.CodeInvalid)
	}
}

// A key is remembered for a day.
func TestIdempotencyKeysAreForgotten(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	create := func() string {
		return ada.do("POST", ada.path("/documents"), `{"a":1}`, "Idempotency-Key", "k").want(t, http.StatusCreated, nil).header.Get("Location")
	}
	first, second := create(), create()
	if first != second {
		t.Errorf("one key made %s and %s", first, second)
	}
	w.clock.pass(25 * time.Hour)
	ada.token = w.signIn("ada@acme.example", goodPassword).AccessToken
	if third := create(); third == first {
		t.Error("the key is remembered after a day")
	}
}

package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// The whole way of the seed service: create, get, sign in, update, delete.
func TestTheSeedsFiveRoutes(t *testing.T) {
	w := newWorld(t)
	created := w.send(t, "POST", "/org/create", `{"organization_name":"Acme Corp","email":"ada@acme.example","password":"`+goodPassword+`"}`)
	var org api.Organization
	created.want(t, http.StatusCreated, &org)
	if org.Name != "Acme Corp" || org.Slug != "acme_corp" || org.CollectionName != "org_acme_corp" || org.State != "active" ||
		org.AdminEmail != "ada@acme.example" || org.AdminID == "" || org.Version == 0 || org.CreatedAt.IsZero() {
		t.Errorf("created %+v", org)
	}
	if got := created.header.Get("Location"); got != "/v1/organizations/"+org.ID {
		t.Errorf("Location %q", got)
	}

	var found api.Organization
	w.get(t, "/org/get?organization_name=Acme%20Corp").want(t, http.StatusOK, &found)
	if found.ID != org.ID {
		t.Errorf("found %+v", found)
	}

	login := w.send(t, "POST", "/admin/login", `{"email":"ada@acme.example","password":"`+goodPassword+`"}`)
	var token api.Token
	login.want(t, http.StatusOK, &token)
	if token.AccessToken == "" || token.TokenType != "bearer" || token.ExpiresIn != 3600 || token.AdminID != org.AdminID ||
		token.OrgName != "Acme Corp" || token.OrgID != org.ID {
		t.Errorf("token %+v", token)
	}
	if names := keys(login.members(t)); !slices.Equal(names, []string{"access_token", "admin_id", "expires_in", "org_id", "org_name", "token_type"}) {
		t.Errorf("a login answers with %v", names)
	}
	ada := &person{world: w, token: token.AccessToken, org: org}

	var updated api.Organization
	ada.do("PUT", "/org/update", `{"organization_name":"Acme Corp","new_organization_name":"Acme International"}`).want(t, http.StatusOK, &updated)
	if updated.ID != org.ID || updated.Slug != "acme_international" || updated.Version <= org.Version {
		t.Errorf("updated %+v", updated)
	}

	deleted := ada.do("DELETE", "/org/delete?organization_name=Acme%20International", "").want(t, http.StatusOK, nil)
	if message, ok := deleted.members(t)["message"].(string); !ok || message == "" {
		t.Errorf("deletion says %s", deleted.body)
	}
	w.get(t, "/org/get?organization_name=Acme%20International").refused(t, 404, api.CodeNotFound)
}

func keys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Everybody sees the public members of an organization; its own members and operators see the others too.
func TestWhoSeesWhatOfAnOrganization(t *testing.T) {
	w := newWorld(t)
	ada, bob, root := w.found("Acme", "ada@acme.example"), w.found("Bolts", "bob@bolts.example"), w.operator()
	public := []string{"collection_name", "created_at", "id", "organization_name", "slug", "state", "updated_at"}
	inside := append([]string{"admin_email", "admin_id"}, public...)
	inside = append(inside, "placement", "version")
	slices.Sort(inside)
	const target = "/org/get?organization_name=Acme"
	for who, got := range map[string]answer{
		"nobody": w.get(t, target), "stranger": bob.get(target), "member": ada.get(target), "operator": root.get(target),
	} {
		want := public
		if who == "member" || who == "operator" {
			want = inside
		}
		if names := keys(got.want(t, http.StatusOK, nil).members(t)); !slices.Equal(names, want) {
			t.Errorf("%s sees %v", who, names)
		}
		if hasTag := got.header.Get("ETag") != ""; hasTag != (len(want) == len(inside)) {
			t.Errorf("%s gets the ETag %q, which tells the version", who, got.header.Get("ETag"))
		}
	}
}

// null means "not given".
func TestNullIsNotGiven(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	var org api.Organization
	ada.do("PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":null,"email":null,"password":null,"current_password":null}`).
		want(t, http.StatusOK, &org)
	if org.Version != ada.org.Version {
		t.Errorf("nothing was given, and the version rose from %d to %d", ada.org.Version, org.Version)
	}
	ada.do("DELETE", "/org/delete?organization_name=Acme", `{"organization_name":null}`).want(t, http.StatusOK, nil)
}

// A PUT with nothing to change is 200, and so is a rename to the same name.
func TestNothingToChange(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	entries := func() int {
		list, err := w.store.Audit.List(t.Context(), tenantOrg(ada), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := entries()
	for _, b := range []string{
		`{"organization_name":"Acme"}`,
		`{"organization_name":"acme","new_organization_name":"Acme"}`,
		`{"organization_name":"Acme","email":"ADA@ACME.example"}`,
	} {
		ada.do("PUT", "/org/update", b).want(t, http.StatusOK, nil)
	}
	if after := entries(); after != before {
		t.Errorf("nothing was changed, and %d audit entries were written", after-before)
	}
	var org api.Organization
	ada.do("PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":"ACME"}`).want(t, http.StatusOK, &org)
	if org.Name != "ACME" || org.Slug != "acme" {
		t.Errorf("a rename to another case gives %+v", org)
	}
}

// organization_name is the name as it is now; who sends the new one there is told where it belongs.
func TestNewNameInTheWrongPlace(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	p := ada.do("PUT", "/org/update", `{"organization_name":"Acme International","password":"`+otherPassword+`"}`).refused(t, 404, api.CodeNotFound)
	if !strings.Contains(p.Detail, "new_organization_name") {
		t.Errorf("detail %q", p.Detail)
	}
}

// DELETE takes the name in the query or in the body; both if they mean the same.
func TestDeleteNamesInQueryOrBody(t *testing.T) {
	for name, tc := range map[string]struct{ query, body string }{
		"query":                       {"?organization_name=Acme%20Corp", ""},
		"body":                        {"", `{"organization_name":"Acme Corp"}`},
		"query and body":              {"?organization_name=Acme%20Corp", `{"organization_name":"acme  corp"}`},
		"query and body without name": {"?organization_name=Acme%20Corp", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ada := w.found("Acme Corp", "ada@acme.example")
			ada.do("DELETE", "/org/delete"+tc.query, tc.body).want(t, http.StatusOK, nil)
			w.get(t, "/org/get?organization_name=Acme%20Corp").refused(t, 404, api.CodeNotFound)
		})
	}
	w := newWorld(t)
	ada, _ := w.found("Acme", "ada@acme.example"), w.found("Bolts", "bob@bolts.example")
	p := ada.do("DELETE", "/org/delete?organization_name=Acme", `{"organization_name":"Bolts"}`).refused(t, 422, api.CodeInvalid)
	if len(p.Errors) != 1 || p.Errors[0].Code != "contradiction" {
		t.Errorf("a contradiction is told as %+v", p.Errors)
	}
	for _, b := range []string{"", "{}"} {
		p = ada.do("DELETE", "/org/delete", b).refused(t, 422, api.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "query.organization_name" || p.Errors[0].Code != "required" {
			t.Errorf("a missing name is told as %+v", p.Errors)
		}
	}
	w.get(t, "/org/get?organization_name=Acme").want(t, http.StatusOK, nil)
}

// 401 without a token, 403 with another organization's, whose existence is public; 404 where it is not.
func TestOtherOrganizations(t *testing.T) {
	acts := map[string]func(*person) answer{
		"update": func(p *person) answer {
			return p.do("PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":"Mine"}`)
		},
		"take over": func(p *person) answer {
			return p.do("PUT", "/org/update", `{"organization_name":"Acme","email":"bob2@bolts.example","password":"`+otherPassword+`"}`)
		},
		"delete": func(p *person) answer { return p.do("DELETE", "/org/delete?organization_name=Acme", "") },
	}
	for _, lookup := range []string{"public", "members"} {
		for name, act := range acts {
			t.Run(lookup+" "+name, func(t *testing.T) {
				var settings []setting
				if lookup == "members" {
					settings = append(settings, membersOnly)
				}
				w := newWorld(t, settings...)
				ada, bob := w.found("Acme", "ada@acme.example"), w.found("Bolts", "bob@bolts.example")
				act(&person{world: w}).refused(t, 401, api.CodeUnauthenticated)
				if lookup == "public" {
					act(bob).refused(t, 403, api.CodeForbidden)
				} else {
					act(bob).refused(t, 404, api.CodeNotFound)
				}
				var org api.Organization
				ada.get("/org/get?organization_name=Acme").want(t, http.StatusOK, &org)
				if org.Version != ada.org.Version || org.AdminEmail != "ada@acme.example" {
					t.Errorf("a stranger changed %+v to %+v", ada.org, org)
				}
			})
		}
	}
	w := newWorld(t, membersOnly)
	w.found("Acme", "ada@acme.example")
	w.get(t, "/org/get?organization_name=Acme").refused(t, 401, api.CodeUnauthenticated)
	w.get(t, "/org/get?organization_name=Nobody").refused(t, 401, api.CodeUnauthenticated)
}

// Scripts create, delete and create again under one name and one address, with the old token still in their headers.
func TestScriptsRepeatThemselves(t *testing.T) {
	w := newWorld(t)
	var before string
	stale := &person{world: w}
	for range 3 {
		var org api.Organization
		stale.do("POST", "/org/create", `{"organization_name":"Acme","email":"ada@acme.example","password":"`+goodPassword+`"}`).want(t, http.StatusCreated, &org)
		if org.ID == before {
			t.Error("the second organization has the id of the first")
		}
		before = org.ID
		var token api.Token
		stale.do("POST", "/admin/login", `{"email":"ada@acme.example","password":"`+goodPassword+`"}`).want(t, http.StatusOK, &token)
		stale.do("GET", "/org/get?organization_name=Acme", "").want(t, http.StatusOK, nil)
		stale.token = token.AccessToken
		stale.do("DELETE", "/org/delete?organization_name=Acme", "").want(t, http.StatusOK, nil)
	}
}

// A token stays good over a rename of its own organization and is worth nothing on the next owner of the old name.
func TestTokensAcrossRenames(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	ada.do("POST", ada.path("/documents"), `{"secret":"of ada"}`).want(t, http.StatusCreated, nil)
	ada.do("PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":"Bolts"}`).want(t, http.StatusOK, nil)
	ada.get(ada.path("/documents")).want(t, http.StatusOK, nil)
	eve := w.found("Acme", "eve@acme.example")
	ada.do("DELETE", "/org/delete?organization_name=Acme", "").refused(t, 403, api.CodeForbidden)
	ada.get(eve.path("/documents")).refused(t, 404, api.CodeNotFound)
	var page api.DocumentPage
	eve.get(eve.path("/documents")).want(t, http.StatusOK, &page)
	if len(page.Items) != 0 {
		t.Errorf("the next owner of the name sees %s", page.Items[0].Data)
	}
}

// "Acme Corp" is org_acme_corp in any spelling, and the domain of an address, and the rest, are case-insensitive.
func TestSpellings(t *testing.T) {
	w := newWorld(t)
	w.found("Acme  Corp ", "Ada@ACME.example")
	for _, name := range []string{"Acme%20Corp", "acme+corp", "%20ACME%20%20CORP%20"} {
		var org api.Organization
		w.get(t, "/org/get?organization_name="+name).want(t, http.StatusOK, &org)
		if org.Name != "Acme Corp" || org.CollectionName != "org_acme_corp" {
			t.Errorf("%s finds %+v", name, org)
		}
	}
	w.signIn("ada@acme.example", goodPassword)
	w.signIn("ADA@Acme.Example", goodPassword)
	create := func(name, email string) answer {
		return w.send(t, "POST", "/org/create", body(map[string]any{"organization_name": name, "email": email, "password": goodPassword}))
	}
	create("ACME CORP", "eve@other.example").refused(t, 409, api.CodeNameTaken)
	create("Acme-Corp", "eve@other.example").refused(t, 409, api.CodeSlugTaken)
	create("Other", "ADA@acme.EXAMPLE").refused(t, 409, api.CodeEmailTaken)
}

// The commonest password is refused with a sentence that says why and how to switch the check off.
func TestCommonPassword(t *testing.T) {
	w := newWorld(t)
	p := w.send(t, "POST", "/org/create", `{"organization_name":"Acme","email":"ada@acme.example","password":"password123"}`).refused(t, 422, api.CodeInvalid)
	if !strings.Contains(p.Detail, "ORGD_PASSWORD_CHECK") || strings.Contains(p.Detail, "password123") ||
		len(p.Errors) != 1 || p.Errors[0].Location != "body.password" {
		t.Errorf("told as %q %+v", p.Detail, p.Errors)
	}
}

// Wrong credentials are one 401, whatever was wrong; operators are strangers at the seed's login.
func TestWrongCredentials(t *testing.T) {
	w := newWorld(t)
	w.found("Acme", "ada@acme.example")
	w.operator()
	var detail string
	for _, b := range []string{
		`{"email":"ada@acme.example","password":"wrong"}`,
		`{"email":"nobody@acme.example","password":"` + goodPassword + `"}`,
		`{"email":"no address","password":"` + goodPassword + `"}`,
		`{"email":"root@orgd.example","password":"` + goodPassword + `"}`,
		`{"email":"ada@acme.example","password":"` + strings.Repeat("x", 200) + `"}`,
		`{"email":"ada@acme.example","password":"` + goodPassword + `\u0000"}`,
		`{"email":"ada@acme.example\u0000","password":"` + goodPassword + `"}`,
		`{"email":"","password":""}`,
	} {
		got := w.send(t, "POST", "/admin/login", b)
		p := got.refused(t, 401, api.CodeUnauthenticated)
		if got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
		}
		if detail == "" {
			detail = p.Detail
		}
		if p.Detail != detail || p.Errors != nil {
			t.Errorf("%s is told as %q %+v, others as %q", b, p.Detail, p.Errors, detail)
		}
	}
}

// Where only operators create organizations, everybody else hears so.
func TestClosedSignUp(t *testing.T) {
	w := newWorld(t, operatorsOnly)
	b := `{"organization_name":"Acme","email":"ada@acme.example","password":"` + goodPassword + `"}`
	w.send(t, "POST", "/org/create", b).refused(t, 401, api.CodeUnauthenticated)
	w.operator().do("POST", "/org/create", b).want(t, http.StatusCreated, nil)
	ada := &person{world: w, token: w.signIn("ada@acme.example", goodPassword).AccessToken}
	other := `{"organization_name":"Bolts","email":"bob@bolts.example","password":"` + goodPassword + `"}`
	for _, target := range []string{"/org/create", "/v1/organizations"} {
		w.send(t, "POST", target, other).refused(t, 401, api.CodeUnauthenticated)
		ada.do("POST", target, other).refused(t, 403, api.CodeForbidden)
	}
}

// Changing the address or password long after the sign-in needs the current password.
func TestStepUp(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	w.clock.pass(16 * 60e9)
	change := `{"organization_name":"Acme","password":"` + otherPassword + `"`
	got := ada.do("PUT", "/org/update", change+"}")
	got.refused(t, 401, api.CodeStaleAuthentication)
	if want := `Bearer error="insufficient_user_authentication", max_age=900`; got.header.Get("WWW-Authenticate") != want {
		t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
	}
	ada.do("PUT", "/org/update", change+`,"current_password":"`+goodPassword+`"}`).want(t, http.StatusOK, nil)
	w.signIn("ada@acme.example", otherPassword)
}

// A load balancer in front is believed about the client only where it is configured.
func TestThrottleCountsTheClient(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.throttled = true })
	w.found("Acme", "ada@acme.example")
	login := func(remote, forwarded string) answer {
		return w.send(t, "POST", "/admin/login", `{"email":"ada@acme.example","password":"wrong"}`, "Remote", remote, "X-Forwarded-For", forwarded)
	}
	var last answer
	for i := range 12 {
		last = login("203.0.113.9:1", "198.51.100."+string(rune('1'+i%9)))
	}
	last.refused(t, 429, api.CodeThrottled)
	if last.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
}

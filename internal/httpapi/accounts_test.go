package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
)

// Members and operators are accounts of two kinds, told apart at the login.
func TestTwoKindsOfAccounts(t *testing.T) {
	w := newWorld(t)
	ada, root := w.found("Acme", "ada@acme.example"), w.operator()
	login := func(email, as string) answer {
		return w.send(t, "POST", "/v1/auth/login", `{"email":"`+email+`","password":"`+goodPassword+`","as":`+as+`}`)
	}
	var token api.Token
	for _, as := range []string{`"member"`, "null"} {
		login("ada@acme.example", as).want(t, http.StatusOK, &token)
		if token.AdminID != ada.org.AdminID || token.OrgID != ada.org.ID || token.OperatorID != "" {
			t.Errorf("as %s: %+v", as, token)
		}
	}
	got := login(root.email, `"operator"`).want(t, http.StatusOK, nil).members(t)
	for _, name := range []string{"org_id", "org_name", "admin_id"} {
		if _, has := got[name]; has {
			t.Errorf("an operator's login names %s", name)
		}
	}
	login(root.email, `"member"`).refused(t, 401, api.CodeUnauthenticated)
	login("ada@acme.example", `"operator"`).refused(t, 401, api.CodeUnauthenticated)
	login("ada@acme.example", `"owner"`).refused(t, 422, api.CodeInvalid)

	var me api.Me
	ada.get("/v1/me").want(t, http.StatusOK, &me)
	if me.Kind != "member" || me.ID != ada.org.AdminID || me.OrganizationID != ada.org.ID || me.SessionID == "" || me.AuthTime.IsZero() ||
		len(me.Organizations) != 1 || me.Organizations[0] != (api.Membership{ID: ada.org.ID, Name: "Acme", Slug: "acme", Role: "owner"}) {
		t.Errorf("a member is %+v", me)
	}
	me = api.Me{}
	root.get("/v1/me").want(t, http.StatusOK, &me)
	if me.Kind != "operator" || me.ID == "" || me.Email != root.email || len(me.Organizations) != 0 || me.OrganizationID != "" {
		t.Errorf("an operator is %+v", me)
	}
}

// The own account is changed with the current password only, and other sessions end.
func TestChangeOfTheOwnAccount(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	elsewhere := &person{world: w, org: ada.org, token: w.signIn("ada@acme.example", goodPassword).AccessToken}
	ada.do("PATCH", "/v1/me", `{"email":"ada@new.example"}`).refused(t, 422, api.CodeInvalid)
	ada.do("PATCH", "/v1/me", `{"email":"ada@new.example","current_password":"wrong"}`).refused(t, 401, api.CodeStaleAuthentication)
	p := ada.do("PATCH", "/v1/me", `{"password":"short","current_password":"`+goodPassword+`"}`).refused(t, 422, api.CodeInvalid)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.password" {
		t.Errorf("a short password is told as %+v", p.Errors)
	}
	var me api.Me
	ada.do("PATCH", "/v1/me", `{"email":"ada@new.example","password":"`+otherPassword+`","current_password":"`+goodPassword+`"}`).want(t, http.StatusOK, &me)
	if me.Email != "ada@new.example" {
		t.Errorf("changed to %+v", me)
	}
	w.signIn("ada@new.example", otherPassword)
	ada.get("/v1/me").want(t, http.StatusOK, nil)
	w.clock.pass(2e9)
	elsewhere.get("/v1/me").refused(t, 401, api.CodeUnauthenticated)
}

// An operator stays signed in where the own account is changed, as a member does.
func TestChangeOfAnOperatorsAccount(t *testing.T) {
	w := newWorld(t)
	root := w.operator()
	root.do("PATCH", "/v1/me", `{"email":"new@orgd.example","password":"`+otherPassword+`","current_password":"`+goodPassword+`"}`).want(t, http.StatusOK, nil)
	var me api.Me
	root.get("/v1/me").want(t, http.StatusOK, &me)
	if me.Email != "new@orgd.example" {
		t.Errorf("changed to %+v", me)
	}
	root.do("PATCH", "/v1/me", `{"password":"`+goodPassword+`","current_password":"`+otherPassword+`"}`).want(t, http.StatusOK, nil)
}

// A reset link sets a new password once.
func TestPasswordReset(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	link, _, err := w.authn.ResetLink(t.Context(), access.Console(), "ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	reset := func(token, password string) answer {
		return w.send(t, "POST", "/v1/auth/password-reset", body(map[string]any{"token": token, "password": password}))
	}
	reset(link+"x", otherPassword).refused(t, 422, api.CodeInvalid)
	p := reset(link, "password123").refused(t, 422, api.CodeInvalid)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.password" {
		t.Errorf("a common password is told as %+v", p.Errors)
	}
	if got := reset(link, otherPassword).want(t, http.StatusNoContent, nil); len(got.body) != 0 {
		t.Errorf("204 with %q", got.body)
	}
	p = reset(link, otherPassword).refused(t, 422, api.CodeInvalid)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.token" {
		t.Errorf("a used link is told as %+v", p.Errors)
	}
	w.signIn("ada@acme.example", otherPassword)
	w.clock.pass(2e9)
	ada.get("/v1/me").refused(t, 401, api.CodeUnauthenticated)
	if strings.Contains(w.log.String(), link) {
		t.Error("the log holds the link's token")
	}
}

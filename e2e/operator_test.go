package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestOperator adds an operator, who sees all organizations, deletes one and brings it back.
func TestOperator(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		wantContains(t, s.out.String(), "There is no operator yet. To add one, run: orgd operator add")
		op := s.operator("op@orgd.example")
		var me api.Me
		if op.get("/v1/me").is(http.StatusOK).into(&me); me.Kind != "operator" || me.Email != "op@orgd.example" {
			t.Errorf("the operator is %v", me)
		}
		s.stranger().login("op@orgd.example", goodPassword).refused(http.StatusUnauthorized, api.CodeUnauthenticated)

		ada, bob := s.found("Acme", "ada@acme.example"), s.found("Bobs", "bob@bob.example")
		ada.write("plan", fields{"text": strings.Repeat("x", 1000)}).is(http.StatusCreated)
		wantUsage(t, op.organizations()[ada.org.ID], 1, 1000)
		wantUsage(t, op.organizations()[bob.org.ID], 0, 0)
		if list := op.organizations("name_prefix=ACM"); len(list) != 1 {
			t.Errorf("those that begin with ACM are %v", list)
		}
		op.get(documentsOf(ada.org.ID)).is(http.StatusForbidden, http.StatusNotFound)

		op.drop("Acme").refused(http.StatusPreconditionRequired, api.CodePreconditionRequired)
		op.with("If-Match", etag(ada.org.Version+1)).drop("Acme").refused(http.StatusPreconditionFailed, api.CodePrecondition)
		op.with("If-Match", etag(op.organizations()[ada.org.ID].Version)).drop("Acme").is(http.StatusOK)
		op.restores(ada)
		wantContains(t, s.does("", "org", "list"), ada.org.ID, "Acme", "active")
	})
}

func wantUsage(t *testing.T, org api.Organization, documents, bytes int64) {
	t.Helper()
	if org.Usage == nil || org.Usage.Documents != documents || org.Usage.Bytes < bytes || org.Usage.Bytes > bytes+100 {
		t.Errorf("%s has %+v, want %d documents of about %d bytes", org.Name, org.Usage, documents, bytes)
	}
}

// restores brings a deleted organization back, whose name and address somebody else has taken meanwhile.
func (c caller) restores(gone *owner) {
	c.t.Helper()
	trashed := c.organizations("state=trashed")
	if org, there := trashed[gone.org.ID]; len(trashed) != 1 || !there || org.DeletedAt == nil {
		c.t.Errorf("the trash holds %v", trashed)
	}
	path := "/v1/organizations/" + gone.org.ID
	c.found(gone.org.Name, gone.email)
	c.post(path+"/restore", fields{}).refused(http.StatusConflict, api.CodeNameTaken)
	c.post(path+"/restore", fields{"organization_name": "Acme of old"}).refused(http.StatusConflict, api.CodeEmailTaken)
	wantOneLine(c.t, c.orgd("", "org", "restore", gone.org.ID).stderr, "an organization with this name exists already")
	wantOneLine(c.t, c.orgd(goodPassword, "operator", "add", "--email", "op@orgd.example").stderr, "in use already")
	back := c.post(path+"/restore", fields{"organization_name": "Acme of old", "email": "old@acme.example"}).is(http.StatusOK).org()
	if back.ID != gone.org.ID || back.Slug != "acme_of_old" || back.State != "active" || back.AdminEmail != "old@acme.example" {
		c.t.Errorf("what comes back is %+v", back)
	}
	gone.rename(back.Name, "Acme again").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
	eventually(c.t, "the old session stays ended", func() bool { return gone.get("/v1/me").status == http.StatusUnauthorized })
	gone.org, gone.email = back, "old@acme.example"
	gone.signIn(c.server)
	gone.read("plan").is(http.StatusOK)
	c.post(path+"/restore", fields{}).refused(http.StatusConflict, api.CodeConflict)
}

// TestRestoreByCommand brings an organization back by the command, with and without a server.
func TestRestoreByCommand(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
		ada.dropIt().is(http.StatusOK)
		s.does("", "org", "restore", ada.org.ID)
		ada.signIn(s)
		ada.read("plan").is(http.StatusOK)
		ada.dropIt().is(http.StatusOK)
		s.stop()
		s.does("", "org", "restore", ada.org.ID)
		s.start()
		ada.signIn(s)
		ada.read("plan").is(http.StatusOK)
	})
}

var tokenLine = regexp.MustCompile(`(?m)^    (\S{20,})$`)

// resetToken finds the token in what orgd user reset-link printed.
func resetToken(t *testing.T, printed string) string {
	t.Helper()
	match := tokenLine.FindStringSubmatch(printed)
	if match == nil {
		t.Fatalf("no token in %q", printed)
	}
	return match[1]
}

// TestLostPassword sets a new password by a reset link, which is good once and ends what was open before.
func TestLostPassword(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		earlier := resetToken(t, s.does("", "user", "reset-link", ada.email))
		link := resetToken(t, s.does("", "user", "reset-link", ada.email))
		stranger := s.stranger()
		reset := func(token, password string) answer {
			return stranger.post("/v1/auth/password-reset", fields{"token": token, "password": password})
		}
		reset(earlier, "another staple entirely").refused(http.StatusUnprocessableEntity, api.CodeInvalid)
		reset(link, "short").refused(http.StatusUnprocessableEntity, api.CodeInvalid)
		reset(link, "another staple entirely").is(http.StatusNoContent)
		reset(link, "yet another staple").refused(http.StatusUnprocessableEntity, api.CodeInvalid)

		stranger.login(ada.email, ada.password).refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		eventually(t, "the old session ends", func() bool { return ada.get("/v1/me").status == http.StatusUnauthorized })
		ada.password = "another staple entirely"
		ada.signIn(s)
		wantOneLine(t, s.orgd("", "user", "reset-link", "nobody@acme.example").stderr)
	})
}

package e2e

import (
	"net/http"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestSeedClient does what a client of the seed's FastAPI service does, by its field names alone.
func TestSeedClient(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		client := seedClient{s.stranger()}

		made := client.call(http.StatusCreated, http.MethodPost, "/org/create",
			fields{"organization_name": "Acme Corp", "email": "Ada@Acme.Example", "password": goodPassword})
		wantFields(t, made, fields{
			"organization_name": "Acme Corp", "slug": "acme_corp", "collection_name": "org_acme_corp",
			"state": "active", "admin_email": "ada@acme.example",
		})
		got := client.call(http.StatusOK, http.MethodGet, "/org/get?organization_name=ACME++corp", nil)
		wantFields(t, got, fields{"id": made["id"], "organization_name": "Acme Corp", "admin_email": nil})

		session := client.call(http.StatusOK, http.MethodPost, "/admin/login",
			fields{"email": "ada@acme.example", "password": goodPassword})
		wantFields(t, session, fields{
			"token_type": "bearer", "admin_id": made["admin_id"], "org_name": "Acme Corp", "org_id": made["id"],
		})
		admin := seedClient{s.as(text(t, session["access_token"]))}
		admin.renames(t, made["id"])
		admin.changesCredentials(t)

		gone := admin.call(http.StatusOK, http.MethodDelete, "/org/delete?organization_name=Acme+International", nil)
		if text(t, gone["message"]) == "" {
			t.Error("the deletion has no message")
		}
		client.refused(http.StatusNotFound, http.MethodGet, "/org/get?organization_name=Acme+International", nil)
		admin.refused(http.StatusUnauthorized, http.MethodDelete, "/org/delete?organization_name=Acme+International", nil)
	})
}

// renames renames Acme Corp, with null for what stays, and finds it under its new name alone.
func (c seedClient) renames(t *testing.T, id any) {
	t.Helper()
	wrong := c.refused(http.StatusNotFound, http.MethodPut, "/org/update",
		fields{"organization_name": "Acme International", "email": "ada@acme.example"})
	wantContains(t, wrong, "new_organization_name")
	renamed := c.call(http.StatusOK, http.MethodPut, "/org/update", fields{
		"organization_name": "Acme Corp", "new_organization_name": "Acme International", "email": nil, "password": nil,
	})
	wantFields(t, renamed, fields{
		"id": id, "organization_name": "Acme International", "slug": "acme_international", "collection_name": "org_acme_international",
	})
	same := c.call(http.StatusOK, http.MethodPut, "/org/update",
		fields{"organization_name": "acme international", "new_organization_name": "Acme International"})
	wantFields(t, same, fields{"id": id, "version": renamed["version"]})
	c.refused(http.StatusNotFound, http.MethodGet, "/org/get?organization_name=Acme+Corp", nil)
}

// changesCredentials changes address and password, after which the old ones are worth nothing.
func (c seedClient) changesCredentials(t *testing.T) {
	t.Helper()
	const next = "another staple entirely"
	updated := c.call(http.StatusOK, http.MethodPut, "/org/update", fields{
		"organization_name": "Acme International", "email": "countess@acme.example", "password": next,
	})
	wantFields(t, updated, fields{"admin_email": "countess@acme.example"})
	stranger := seedClient{c.stranger()}
	for _, old := range []fields{
		{"email": "ada@acme.example", "password": goodPassword},
		{"email": "ada@acme.example", "password": next},
		{"email": "countess@acme.example", "password": goodPassword},
	} {
		stranger.refused(http.StatusUnauthorized, http.MethodPost, "/admin/login", old)
	}
	stranger.call(http.StatusOK, http.MethodPost, "/admin/login", fields{"email": "countess@acme.example", "password": next})
}

// TestSeedRefusals are the refusals that clients of the seed know: a status, and a detail that people read.
func TestSeedRefusals(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		s.found("Acme Corp", "ada@acme.example")
		for _, c := range []struct {
			what         string
			status       int
			method, path string
			body         any
		}{
			{"the name is taken", 409, "POST", "/org/create", newOrg("ACME  corp", "bob@bob.example", goodPassword)},
			{"the slug is taken", 409, "POST", "/org/create", newOrg("Acme-Corp", "bob@bob.example", goodPassword)},
			{"the address is taken", 409, "POST", "/org/create", newOrg("Bobs", "ADA@acme.example", goodPassword)},
			{"the commonest password", 422, "POST", "/org/create", newOrg("Bobs", "bob@bob.example", "password123")},
			{"no address", 422, "POST", "/org/create", newOrg("Bobs", "bob", goodPassword)},
			{"a missing field", 422, "POST", "/org/create", fields{"organization_name": "Bobs", "email": "bob@bob.example"}},
			{"an unknown field", 422, "POST", "/org/create", fields{"organization_name": "Bobs", "email": "b@b.example", "password": goodPassword, "plan": 1}},
			{"a number for a name", 422, "POST", "/org/create", fields{"organization_name": 7, "email": "bob@bob.example", "password": goodPassword}},
			{"half a body", 400, "POST", "/org/create", `{"organization_name":`},
			{"no name", 422, "GET", "/org/get", nil},
			{"nobody's name", 404, "GET", "/org/get?organization_name=Bobs", nil},
			{"no token to update", 401, "PUT", "/org/update", fields{"organization_name": "Acme Corp", "new_organization_name": "Mine"}},
			{"no token to delete", 401, "DELETE", "/org/delete?organization_name=Acme+Corp", nil},
			{"a wrong password", 401, "POST", "/admin/login", fields{"email": "ada@acme.example", "password": "wrong horse battery"}},
			{"an unknown address", 401, "POST", "/admin/login", fields{"email": "bob@bob.example", "password": goodPassword}},
		} {
			if detail := (seedClient{s.stranger()}).refused(c.status, c.method, c.path, c.body); detail == "" {
				t.Errorf("%s: no detail", c.what)
			}
		}
		wantContains(t, (seedClient{s.stranger()}).refused(422, "POST", "/org/create",
			newOrg("Bobs", "bob@bob.example", "password123")), "ORGD_PASSWORD_CHECK")
	})
}

// TestSameNameInARow creates and deletes one name with one address over and over, as test scripts do.
func TestSameNameInARow(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		seen := map[string]bool{}
		for range 5 {
			ada := s.found("Acme Corp", "ada@acme.example")
			if seen[ada.org.ID] {
				t.Fatalf("two organizations with the id %s", ada.org.ID)
			}
			seen[ada.org.ID] = true
			if found := ada.documents(); len(found) != 0 {
				t.Fatalf("a new organization has documents: %v", found)
			}
			ada.write("note", fields{"text": "mine"}).is(http.StatusCreated)
			ada.with("Content-Type", "application/json").send(http.MethodDelete, "/org/delete",
				fields{"organization_name": "acme corp"}).is(http.StatusOK)
		}
	})
}

// seedClient knows status, JSON and detail, like the scripts that are written for the seed.
type seedClient struct{ caller }

func (c seedClient) call(status int, method, path string, body any) fields {
	c.t.Helper()
	var got fields
	c.send(method, path, body).is(status).into(&got)
	return got
}

// refused returns the detail.
func (c seedClient) refused(status int, method, path string, body any) string {
	c.t.Helper()
	var problem api.Problem
	c.send(method, path, body).is(status).into(&problem)
	return problem.Detail
}

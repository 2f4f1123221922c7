package e2e

import (
	"net/http"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestOrganizationsCannotTouchEachOther lets Bob, who owns an organization, try everything on Ada's.
func TestOrganizationsCannotTouchEachOther(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada, bob := s.found("Acme", "ada@acme.example"), s.found("Bobs", "bob@bob.example")
		ada.write("plan", fields{"secret": "of Acme"}).is(http.StatusCreated)
		bob.write("plan", fields{"secret": "of Bob"}).is(http.StatusCreated)

		bob.triesOn(ada)

		if got := string(ada.read("plan").is(http.StatusOK).document().Data); got != `{"secret":"of Acme"}` {
			t.Errorf("Ada's document is %s", got)
		}
		if docs := ada.documents(); len(docs) != 1 {
			t.Errorf("Ada has %d documents", len(docs))
		}
		if got := string(bob.read("plan").is(http.StatusOK).document().Data); got != `{"secret":"of Bob"}` {
			t.Errorf("Bob's document is %s", got)
		}
		if list := bob.organizations(); len(list) != 1 || list[bob.org.ID].Name != "Bobs" {
			t.Errorf("Bob's list is %v", list)
		}
		ada.lookup("Acme").is(http.StatusOK)
	})
}

// triesOn sends every request that would read or change another organization.
func (o *owner) triesOn(other *owner) {
	o.t.Helper()
	for _, ref := range []string{other.org.ID, other.org.Slug} {
		docs, doc := documentsOf(ref), documentsOf(ref, "plan")
		for _, a := range []answer{
			o.get("/v1/organizations/" + ref),
			o.patch("/v1/organizations/"+ref, fields{"organization_name": "Bobs too"}),
			o.delete("/v1/organizations/" + ref),
			o.post("/v1/organizations/"+ref+"/restore", fields{}),
			o.get(docs), o.post(docs, fields{"by": "bob"}), o.get(doc), o.put(doc, fields{"by": "bob"}),
			o.put(documentsOf(ref, "new"), fields{"by": "bob"}), o.patch(doc, fields{"by": "bob"}), o.delete(doc),
		} {
			a.refused(http.StatusNotFound, api.CodeNotFound)
			o.stranger().sendAgain(a).refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		}
	}
	o.rename(other.org.Name, "Bobs too").refused(http.StatusForbidden, api.CodeForbidden)
	o.put("/org/update", fields{"organization_name": other.org.Name, "email": "bob2@bob.example", "password": "taken over by bob"}).
		refused(http.StatusForbidden, api.CodeForbidden)
	o.drop(other.org.Name).refused(http.StatusForbidden, api.CodeForbidden)
	o.renameTo(other.org.Name).refused(http.StatusConflict, api.CodeNameTaken)
	o.put("/org/update", fields{"organization_name": o.org.Name, "email": other.email}).
		refused(http.StatusConflict, api.CodeEmailTaken)
}

// sendAgain sends the request of an answer, without a body where it needs none to be refused.
func (c caller) sendAgain(a answer) answer {
	c.t.Helper()
	return c.send(a.method, a.path, a.sent)
}

// TestNextOwnerOfAName follows the name Acme: Ada renames away from it and a stranger takes it, then Ada deletes and
// another takes her new name. Nobody gets anything of what was there before.
func TestNextOwnerOfAName(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		ada.write("plan", fields{"secret": "of Acme"}).is(http.StatusCreated)
		before := ada.token
		ada.renameTo("Acme International").is(http.StatusOK)

		eve := s.found("Acme", "eve@evil.example")
		if eve.org.Slug != "acme" || eve.org.CollectionName != "org_acme" {
			t.Errorf("the freed name yields %v", eve.org)
		}
		if docs := eve.documents(); len(docs) != 0 {
			t.Errorf("Eve sees %v", docs)
		}
		old := s.as(before)
		old.get(documentsOf("acme", "plan")).refused(http.StatusNotFound, api.CodeNotFound)
		old.rename("Acme", "Mine").refused(http.StatusForbidden, api.CodeForbidden)
		old.drop("Acme").refused(http.StatusForbidden, api.CodeForbidden)
		old.get(documentsOf("acme_international", "plan")).is(http.StatusOK)
		eve.get(documentsOf("acme_international", "plan")).refused(http.StatusNotFound, api.CodeNotFound)

		ada.dropIt().is(http.StatusOK)
		mallory := s.found("Acme International", "ada@acme.example")
		if docs := mallory.documents(); len(docs) != 0 {
			t.Errorf("Mallory sees %v", docs)
		}
		for _, path := range []string{
			documentsOf("acme_international"), documentsOf(ada.org.ID), documentsOf(mallory.org.ID),
			"/v1/organizations", "/v1/me",
		} {
			old.get(path).refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		}
		old.drop("Acme International").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		mallory.lookup("Acme International").is(http.StatusOK)
	})
}

// TestMembersOnlyLookup hides organizations from everybody but their members.
func TestMembersOnlyLookup(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_LOOKUP=members")
		ada, bob := s.found("Acme", "ada@acme.example"), s.found("Bobs", "bob@bob.example")
		ada.lookup("Acme").is(http.StatusOK)
		s.stranger().lookup("Acme").refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		there := bob.lookup("Acme").refused(http.StatusNotFound, api.CodeNotFound)
		nowhere := bob.lookup("Nobody").refused(http.StatusNotFound, api.CodeNotFound)
		if there.Detail != nowhere.Detail {
			t.Errorf("a hidden organization is told from none: %q, %q", there.Detail, nowhere.Detail)
		}
		bob.rename("Acme", "Mine").refused(http.StatusNotFound, api.CodeNotFound)
		bob.drop("Acme").refused(http.StatusNotFound, api.CodeNotFound)
	})
}

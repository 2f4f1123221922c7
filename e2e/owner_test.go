package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/orgd/orgd/api"
)

// owner is somebody who is signed in to the organization that they created.
type owner struct {
	caller
	org             api.Organization
	email, password string
}

// found creates an organization and signs its owner in.
func (s *server) found(name, email string) *owner {
	s.t.Helper()
	o := &owner{email: email, password: goodPassword}
	o.org = s.stranger().create(name, email, goodPassword).is(http.StatusCreated).org()
	o.signIn(s)
	return o
}

// signIn gets the owner a new token, from a server that may be another one than before.
func (o *owner) signIn(s *server) {
	s.t.Helper()
	o.caller = s.as(s.stranger().login(o.email, o.password).accessToken())
}

// renameTo gives the organization another name.
func (o *owner) renameTo(name string) answer {
	o.t.Helper()
	a := o.rename(o.org.Name, name)
	if a.status == http.StatusOK {
		o.org = a.org()
	}
	return a
}

// dropIt deletes the organization.
func (o *owner) dropIt() answer { return o.drop(o.org.Name) }

// write stores a document under an id, and read gets it.
func (o *owner) write(id string, body any) answer { return o.put(documentsOf(o.org.ID, id), body) }
func (o *owner) read(id string) answer            { return o.get(documentsOf(o.org.ID, id)) }

// documents returns all of the organization's, by id.
func (o *owner) documents() map[string]api.Document {
	o.t.Helper()
	all, _, err := o.allDocuments(o.org.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// allDocuments reads page after page. Of a request that is refused it returns the answer.
func (c caller) allDocuments(org string) (map[string]api.Document, answer, error) {
	all := map[string]api.Document{}
	for cursor := ""; ; {
		a := c.get(documentsOf(org) + "?limit=200&cursor=" + url.QueryEscape(cursor))
		if a.err != nil || a.status != http.StatusOK {
			return all, a, a.err
		}
		var page api.DocumentPage
		if err := json.Unmarshal(a.body, &page); err != nil {
			return all, a, err
		}
		for _, doc := range page.Items {
			all[doc.ID] = doc
		}
		if cursor = page.NextCursor; cursor == "" {
			return all, a, nil
		}
	}
}

// operator adds an operator by the command and signs them in.
func (s *server) operator(email string) caller {
	s.t.Helper()
	s.does(goodPassword+"\n", "operator", "add", "--email", email)
	return s.signInOperator(email, goodPassword)
}

func (s *server) signInOperator(email, password string) caller {
	s.t.Helper()
	return s.as(s.stranger().post("/v1/auth/login", fields{"email": email, "password": password, "as": "operator"}).accessToken())
}

// organizations are all that the caller may list, by id.
func (c caller) organizations(query ...string) map[string]api.Organization {
	c.t.Helper()
	all := map[string]api.Organization{}
	filter := ""
	for _, q := range query {
		filter += "&" + q
	}
	for cursor := ""; ; {
		var page api.OrganizationPage
		c.get("/v1/organizations?limit=200&cursor=" + url.QueryEscape(cursor) + filter).is(http.StatusOK).into(&page)
		for _, org := range page.Items {
			if _, twice := all[org.ID]; twice {
				c.t.Errorf("the list has %s twice", org.ID)
			}
			all[org.ID] = org
		}
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// etag is the ETag of a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

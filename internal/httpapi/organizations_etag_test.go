package httpapi_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/orgd/orgd/api"
)

// waysToChangeTheAddress are all requests with which an owner changes the own address.
var waysToChangeTheAddress = map[string]func(p *person, email string) answer{
	"PATCH /v1/organizations/{org}": func(p *person, email string) answer {
		return p.do("PATCH", p.path(""), body(map[string]any{"email": email}))
	},
	"PUT /org/update": func(p *person, email string) answer {
		return p.do("PUT", "/org/update", body(map[string]any{"organization_name": p.org.Name, "email": email}))
	},
	"PATCH /v1/me": func(p *person, email string) answer {
		return p.do("PATCH", "/v1/me", body(map[string]any{"email": email, "current_password": goodPassword}))
	},
}

// conditional are all requests that change an organization under If-Match, the last one for good.
var conditional = []struct {
	name string
	send func(p *person, match string) answer
}{
	{"PATCH with a name", func(p *person, match string) answer {
		return p.do("PATCH", p.path(""), `{"organization_name":"Acme!"}`, "If-Match", match)
	}},
	{"PUT with a name", func(p *person, match string) answer {
		return p.do("PUT", "/org/update", `{"organization_name":"Acme","new_organization_name":"Acme!!"}`, "If-Match", match)
	}},
	{"PATCH with an address", func(p *person, match string) answer {
		return p.do("PATCH", p.path(""), `{"email":"third@acme.example"}`, "If-Match", match)
	}},
	{"PUT with an address", func(p *person, match string) answer {
		return p.do("PUT", "/org/update", `{"organization_name":"Acme","email":"fourth@acme.example"}`, "If-Match", match)
	}},
	{"PATCH with both", func(p *person, match string) answer {
		return p.do("PATCH", p.path(""), `{"organization_name":"Acme Corp","email":"fifth@acme.example"}`, "If-Match", match)
	}},
	{"PATCH with nothing", func(p *person, match string) answer { return p.do("PATCH", p.path(""), `{}`, "If-Match", match) }},
	{"DELETE by name", func(p *person, match string) answer {
		return p.do("DELETE", "/org/delete?organization_name=Acme", "", "If-Match", match)
	}},
	{"DELETE", func(p *person, match string) answer { return p.do("DELETE", p.path(""), "", "If-Match", match) }},
}

// tag is the ETag of the person's organization as GET gives it.
func (p *person) tag() string { return p.get(p.path("")).header.Get("ETag") }

// A change of the owner's address is a change of what is shown of the organization, whichever request made it: the ETag from
// before it is told the new address, and holds every act back.
func TestETagAfterAChangeOfTheAddress(t *testing.T) {
	for way, change := range waysToChangeTheAddress {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			ada := w.found("Acme", "ada@acme.example")
			before := ada.tag()
			ada.get(ada.path(""), "If-None-Match", before).want(t, http.StatusNotModified, nil)
			changed := change(ada, "next@acme.example").want(t, http.StatusOK, nil)

			var org api.Organization
			after := ada.get(ada.path(""), "If-None-Match", before).want(t, http.StatusOK, &org).header.Get("ETag")
			if org.AdminEmail != "next@acme.example" || org.Version != ada.org.Version || after == before {
				t.Errorf("after the change the organization is %+v, its ETag %s and before it %s", org, after, before)
			}
			if tag := changed.header.Get("ETag"); tag != after && way != "PATCH /v1/me" {
				t.Errorf("the change answers with the ETag %s, and GET with %s", tag, after)
			}
			ada.get(ada.path(""), "If-None-Match", after).want(t, http.StatusNotModified, nil)
			for _, act := range conditional {
				if got := act.send(ada, before); got.status != http.StatusPreconditionFailed {
					t.Errorf("%s with the ETag from before the change: %d %s", act.name, got.status, got.body)
				}
			}
			if now := ada.tag(); now != after {
				t.Errorf("acts that were refused moved the ETag from %s to %s", after, now)
			}
		})
	}
}

// Each act takes the ETag that is current, and the version alone whatever became of the address; the next one takes what it
// answers with.
func TestCurrentETagOfAnOrganization(t *testing.T) {
	for _, act := range conditional {
		t.Run(act.name, func(t *testing.T) {
			w := newWorld(t)
			for i, match := range []func(*person) string{
				func(p *person) string { return p.tag() },
				func(p *person) string { return `"` + strconv.FormatInt(p.org.Version, 10) + `"` },
			} {
				ada := w.found("Acme", "ada@acme.example")
				waysToChangeTheAddress["PATCH /v1/me"](ada, "next@acme.example").want(t, http.StatusOK, nil)
				got := act.send(ada, match(ada))
				if got.status != http.StatusOK && got.status != http.StatusNoContent {
					t.Fatalf("%d: %d %s", i, got.status, got.body)
				}
				tag := got.header.Get("ETag")
				if tag == "" {
					continue // it is gone
				}
				ada.get(ada.path(""), "If-None-Match", tag).want(t, http.StatusNotModified, nil)
				ada.do("DELETE", ada.path(""), "", "If-Match", tag).want(t, http.StatusNoContent, nil)
			}
		})
	}
}

// All answers that show an organization in one state have one ETag: those to its creation, to its repetition, to a look by id or
// name, and to its restoration.
func TestOneETagForOneState(t *testing.T) {
	w := newWorld(t)
	root := w.operator()
	for _, target := range []string{"/org/create", "/v1/organizations"} {
		var org api.Organization
		founding := body(map[string]any{"organization_name": "Acme", "email": "ada@acme.example", "password": goodPassword})
		made := w.send(t, "POST", target, founding, "Idempotency-Key", "k"+target[1:3]).want(t, http.StatusCreated, &org).header.Get("ETag")
		ada := &person{world: w, token: w.signIn("ada@acme.example", goodPassword).AccessToken, org: org}
		for who, got := range map[string]answer{
			"the founder again":  w.send(t, "POST", target, founding, "Idempotency-Key", "k"+target[1:3]),
			"the owner":          ada.get(ada.path("")),
			"the owner by name":  ada.get("/org/get?organization_name=Acme"),
			"an operator":        root.get(ada.path("")),
			"who changes naught": ada.do("PUT", "/org/update", `{"organization_name":"Acme"}`),
		} {
			if tag := got.header.Get("ETag"); tag != made || made == "" {
				t.Errorf("%s gets the ETag %s, and the founder %s", who, tag, made)
			}
		}

		waysToChangeTheAddress["PATCH /v1/me"](ada, "next@acme.example").want(t, http.StatusOK, nil)
		again := w.send(t, "POST", target, founding, "Idempotency-Key", "k"+target[1:3]).want(t, http.StatusCreated, &org).header.Get("ETag")
		if tag := ada.tag(); org.AdminEmail != "ada@acme.example" || again == tag || again == made {
			t.Errorf("the founder is shown %s with the ETag %s, and the owner now has %s", org.AdminEmail, again, tag)
		}

		ada.do("DELETE", ada.path(""), "").want(t, http.StatusNoContent, nil)
		restored := root.do("POST", ada.path("/restore"), "").want(t, http.StatusOK, &org).header.Get("ETag")
		root.get(ada.path(""), "If-None-Match", restored).want(t, http.StatusNotModified, nil)
		root.do("DELETE", ada.path(""), "", "If-Match", restored).want(t, http.StatusNoContent, nil)
	}
}

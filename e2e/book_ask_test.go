package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/orgd/orgd/api"
)

// asking compares the book with what a server answers. What was unknown is settled on the way: as old or new, and nothing
// between.
type asking struct {
	*book
	server   *server
	operator caller
	listed   map[string]api.Organization

	wrong        []string
	acts, writes outcomes
}

// outcomes count what was unknown, by what it turned out to be.
type outcomes struct{ old, fresh int }

func (o outcomes) String() string { return fmt.Sprintf("%d took effect, %d did not", o.fresh, o.old) }

// ask asks a server that was started after a kill.
func (b *book) ask(s *server, operator caller) *asking {
	a := &asking{book: b, server: s, operator: s.as(operator.token)}
	a.listed = a.operator.organizations()
	a.findUnknown()
	known := map[string]bool{}
	for _, t := range b.tales {
		known[t.id] = true
		a.judge(t)
	}
	for id, org := range a.listed {
		if org.State != "active" && org.State != "trashed" {
			a.complain("%s (%s) is %s", org.Name, id, org.State)
		}
		if !known[id] {
			a.complain("%s (%s) is %s and nobody made it", org.Name, id, org.State)
		}
	}
	return a
}

func (a *asking) complain(format string, args ...any) {
	a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
}

// findUnknown learns the ids of organizations whose creation was not answered.
func (a *asking) findUnknown() {
	known := map[string]bool{}
	for _, t := range a.tales {
		known[t.id] = true
	}
	for _, t := range a.tales {
		if t.id != "" || t.next == nil {
			continue
		}
		for id, org := range a.listed {
			if !known[id] && org.Name == t.next.name && org.State == "active" {
				t.id, known[id] = id, true
			}
		}
	}
}

// judge looks at one organization; at one to which nothing happened since the last time, in the list alone.
func (a *asking) judge(t *tale) {
	unknown := t.next
	if !t.touched {
		if org, there := a.listed[t.id]; there && (life(org.State) != t.now.life || org.Name != t.now.name) {
			a.complain("%s (%s) is %s as %s", t.id, t.now.name, org.State, org.Name)
		} else if there != (t.now.life != nowhere) {
			a.complain("%s (%s) is listed: %t, and %s", t.id, t.now.name, there, t.now.life)
		}
		return
	}
	t.touched = false
	if !a.settle(t) {
		return
	}
	if unknown != nil {
		for _, name := range []string{unknown.name, t.now.name} {
			a.lookup(t, name)
		}
	} else {
		a.lookup(t, t.now.name)
	}
	switch t.now.life {
	case living:
		a.judgeNotes(t)
	case trashed:
		t.token = ""
		if !slices.ContainsFunc(a.tales, func(o *tale) bool { return o != t && o.holds(t.now.name, t.now.email) }) {
			if login := a.server.stranger().login(t.now.email, t.now.password); login.status != http.StatusUnauthorized {
				a.complain("the owner of %s, which is deleted: %s", t.now.name, login)
			}
		}
	case nowhere:
	}
}

// settle finds out whether the organization is as it was or as the unknown act would have it, and whether its owner can sign
// in. It reports whether there is more to look at.
func (a *asking) settle(t *tale) bool {
	actual := a.actual(t)
	candidates := []condition{t.now}
	if t.next != nil {
		candidates = append(candidates, *t.next)
	}
	for n, c := range candidates {
		same := c.life == actual.life && (c.life == nowhere || c.name == actual.name && (c.life == trashed || c.email == actual.email))
		if !same || c.life == living && !a.signIn(t, c) {
			continue
		}
		switch {
		case n == 1:
			t.took()
			a.acts.fresh++
		case t.next != nil:
			t.refused()
			a.acts.old++
		}
		return c.life != nowhere
	}
	a.complain("%s (%s) is %+v, want one of %+v, with its password", t.now.name, t.id, actual, candidates)
	return false
}

// actual is the organization as the operator sees it, who does not see the password.
func (a *asking) actual(t *tale) condition {
	org, there := a.listed[t.id]
	if !there {
		return condition{life: nowhere}
	}
	full := a.operator.get("/v1/organizations/" + t.id)
	if full.err != nil || full.status != http.StatusOK {
		a.complain("%s", full)
		return condition{life: nowhere}
	}
	var details api.Organization
	if err := json.Unmarshal(full.body, &details); err != nil {
		a.complain("%s: %v", full, err)
	}
	return condition{life: life(org.State), name: details.Name, email: details.AdminEmail}
}

// signIn proves that the token of before is still good, and that the owner can sign in anew.
func (a *asking) signIn(t *tale, c condition) bool {
	if t.token != "" {
		if me := a.server.as(t.token).get("/v1/me"); me.status != http.StatusOK {
			a.complain("the token of %s is not good any more: %s", c.name, me)
		}
	}
	login := a.server.stranger().login(c.email, c.password)
	if login.err != nil || login.status != http.StatusOK {
		return false
	}
	t.token = login.accessToken()
	return true
}

// lookup wants a name to lead to the organization if and only if it bears it.
func (a *asking) lookup(t *tale, name string) {
	got := a.server.stranger().lookup(name)
	var org api.Organization
	if got.err != nil || got.status != http.StatusNotFound && json.Unmarshal(got.body, &org) != nil {
		a.complain("%s", got)
	}
	if should := t.now.life == living && t.now.name == name; should != (got.status == http.StatusOK && org.ID == t.id) {
		a.complain("%s is %s as %s: %s", t.id, t.now.life, t.now.name, got)
	}
}

// judgeNotes compares the documents with the acknowledged ones. Those that were open are old or new.
func (a *asking) judgeNotes(t *tale) {
	docs, last, err := a.server.as(t.token).allDocuments(t.id)
	if err != nil || last.status != http.StatusOK {
		a.complain("the documents of %s: %s", t.now.name, last)
		return
	}
	values := map[string]int{}
	for _, doc := range docs {
		var data noteData
		if err := json.Unmarshal(doc.Data, &data); err != nil {
			a.complain("%s has a document that nobody wrote: %s", t.now.name, doc.Data)
			continue
		}
		n := t.notes[data.Key]
		if _, twice := values[data.Key]; twice || n == nil {
			a.complain("%s has a document that nobody wrote, or twice: %s", t.now.name, doc.Data)
			continue
		}
		values[data.Key], n.id = data.Value, doc.ID
	}
	for key, n := range t.notes {
		value := values[key] // absent where there is none
		if value != n.known && value != n.open {
			a.complain("document %s of %s holds %d, want %d or %d", key, t.now.name, value, n.known, n.open)
		}
		switch {
		case n.open == settled:
		case value == n.open:
			a.writes.fresh++
		default:
			a.writes.old++
		}
		n.known, n.open = value, settled
	}
}

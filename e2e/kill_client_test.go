package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// client is an owner of a few organizations, who changes them one act after the other.
type client struct {
	number int
	rng    *rand.Rand
	book   *book
	tales  []*tale
	made   int
}

// mostLiving is how many living organizations a client has at most.
const mostLiving = 3

// work acts until the round is over or the server is gone.
func (c *client) work(r *round) {
	for _, t := range c.tales {
		if t.now.life == living {
			r.startWriter(c, t)
		}
	}
	for !r.over.Load() && c.act(r) {
	}
}

// act does something at random.
func (c *client) act(r *round) bool {
	lives := c.of(living)
	switch dice := c.rng.IntN(100); {
	case len(lives) == 0, dice < 15 && len(lives) < mostLiving:
		return c.create(r)
	case dice < 30 && !r.purging:
		return c.restore(r)
	case dice < 55:
		return c.delete(r, lives[c.rng.IntN(len(lives))])
	default:
		return c.update(r, lives[c.rng.IntN(len(lives))])
	}
}

// of are the client's organizations in a life whose last act was answered.
func (c *client) of(l life) (found []*tale) {
	for _, t := range c.tales {
		if t.now.life == l && t.next == nil {
			found = append(found, t)
		}
	}
	return found
}

// free reports whether none of the client's organizations holds the name or the address; those of others never do.
func (c *client) free(name, email string, but *tale) bool {
	for _, t := range c.tales {
		if t != but && t.holds(name, email) {
			return false
		}
	}
	return true
}

// fresh is a condition with a name, an address and a password that were never used.
func (c *client) fresh() condition {
	c.made++
	return condition{
		life: living, name: fmt.Sprintf("Client %d Number %d", c.number, c.made),
		email:    fmt.Sprintf("n%d@client%d.example", c.made, c.number),
		password: fmt.Sprintf("battery %d staple %d", c.number, c.made),
	}
}

// create makes an organization, if it can be under the name and address of a deleted or purged one.
func (c *client) create(r *round) bool {
	next := c.fresh()
	for _, t := range slices.Concat(c.of(trashed), c.of(nowhere)) {
		if t.now.name != "" && c.rng.IntN(2) == 0 && c.free(t.now.name, t.now.email, nil) {
			next.name, next.email = t.now.name, t.now.email
			break
		}
	}
	t := newTale(next)
	c.tales = append(c.tales, t)
	c.book.add(t)
	got, ok := r.attempt(t, http.StatusCreated, func() answer {
		return r.hashing.do(func() answer { return r.stranger().create(next.name, next.email, next.password) })
	})
	if !ok {
		return got.err == nil
	}
	t.id = got.org().ID
	return c.begin(r, t)
}

// begin signs the owner in and lets a writer loose.
func (c *client) begin(r *round, t *tale) bool {
	login := r.login(t.now.email, t.now.password)
	if r.failed(login) {
		return false
	}
	if !login.was(http.StatusOK) {
		return false
	}
	t.token = login.accessToken()
	r.startWriter(c, t)
	return true
}

// login signs somebody in, in the end: a server that is out of touch refuses at once, as often as it is asked.
func (r *round) login(email, password string) answer {
	for began := time.Now(); ; {
		login := r.hashing.do(func() answer { return r.stranger().login(email, password) })
		if !r.bearing || login.status != http.StatusServiceUnavailable || time.Since(began) > patience {
			return login
		}
		<-time.After(100 * time.Millisecond)
	}
}

// update renames the organization, changes its owner's address, or its password, or all of them at once.
func (c *client) update(r *round, t *tale) bool {
	next, fresh := t.now, c.fresh()
	body := fields{}
	kind := c.rng.IntN(10)
	if kind != 9 {
		next.name, body["organization_name"] = fresh.name, fresh.name
	}
	if kind >= 7 {
		next.email, body["email"] = fresh.email, fresh.email
	}
	if kind == 8 {
		next.password, body["password"] = fresh.password, fresh.password
	}
	t.next, t.action = &next, updated
	send := func() answer { return r.as(t.token).patch("/v1/organizations/"+t.id, body) }
	got, _ := r.attempt(t, http.StatusOK, func() answer {
		if kind != 8 {
			return send()
		}
		return r.hashing.do(send)
	})
	return got.err == nil
}

func (c *client) delete(r *round, t *tale) bool {
	next := t.now
	next.life = trashed
	if r.purging {
		next.life = nowhere
	}
	t.next, t.action = &next, deleted
	t.writer.ending.Store(true)
	got, ok := r.attempt(t, http.StatusOK, func() answer { return r.as(t.token).drop(t.now.name) })
	if ok {
		t.token = ""
		<-t.writer.done // it is refused
	}
	return got.err == nil
}

// restore has the operator bring back a deleted organization whose name and address are free.
func (c *client) restore(r *round) bool {
	for _, t := range c.of(trashed) {
		if len(c.of(living)) >= mostLiving || c.rng.IntN(2) == 0 || !c.free(t.now.name, t.now.email, t) {
			continue
		}
		next := t.now
		next.life = living
		t.next, t.action = &next, restored
		got, ok := r.attempt(t, http.StatusOK, func() answer {
			return r.as(r.operator.token).post("/v1/organizations/"+t.id+"/restore", fields{})
		})
		if !ok {
			return got.err == nil
		}
		return c.begin(r, t)
	}
	return true
}

// writer writes one organization's notes.
type writer struct {
	ending atomic.Bool // the organization is being deleted: refusals are to be expected
	done   chan struct{}
}

// write writes notes until the round is over, the server gone or the organization deleted.
func (t *tale) write(r *round, w *writer, me caller, rng *rand.Rand) {
	defer close(w.done)
	for value := 1; !r.over.Load(); value++ {
		key := fmt.Sprintf("note-%d", rng.IntN(16))
		n := t.notes[key]
		if n == nil {
			n = &note{open: settled}
			t.notes[key] = n
		}
		if n.open != settled {
			continue
		}
		got := n.change(me, t.id, key, value, rng)
		switch {
		case r.failed(got), got.status == http.StatusServiceUnavailable:
			return // and nobody knows what became of it
		case got.status < 300:
			n.known, n.open = n.open, settled
			r.wrote.Add(1)
		case w.ending.Load() && (got.status == http.StatusUnauthorized || got.status == http.StatusNotFound):
			n.open = settled
			return
		default:
			r.t.Errorf("a writer of %s: %s", t.id, got)
			return
		}
	}
}

// change writes, changes or deletes the note, in one of the ways that there are.
func (n *note) change(me caller, org, key string, value int, rng *rand.Rand) answer {
	n.open = value*100 + rng.IntN(100) // never the same as one of another writer before
	data := noteData{Key: key, Value: n.open}
	switch way := rng.IntN(3); {
	case n.known == absent && way == 0:
		got := me.post(documentsOf(org), data)
		if got.status == http.StatusCreated {
			n.id = got.document().ID
		}
		return got
	case n.known == absent:
		n.id = fmt.Sprintf("%s-%d", key, n.open)
		return me.put(documentsOf(org, n.id), data)
	case way == 0:
		n.open = absent
		return me.delete(documentsOf(org, n.id))
	case way == 1:
		return me.patch(documentsOf(org, n.id), fields{"value": n.open})
	default:
		return me.put(documentsOf(org, n.id), data)
	}
}

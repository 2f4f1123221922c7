package barriertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// x is the organization of the stories; it is born as Alpha.
const x tenant.OrgID = "x"

// tale is a story with dice: what its people want, and how their commands fare. It tells when things happen, the dice say how
// far off.
type tale struct {
	skies map[kind]weather
	// quarantine is how long names stay claimed after an unclean end; zero is 20 seconds.
	quarantine time.Duration
	// onlyB says that only the commands of B fare so.
	onlyB bool
	tell  func(w *world)
}

// play tells a story once, and returns what is wrong in it, all that happened, and how long it took by its own clock.
func (t tale) play(tt *testing.T, seed uint64, without rule) (broken string, story []string, took time.Duration) {
	synctest.Test(tt, func(*testing.T) {
		w := &world{
			engine: newEngine(), seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), rule: without, tale: t,
		}
		w.ctx, w.stop = context.WithCancel(context.Background())
		w.found(x, "Alpha", "alpha")
		t.tell(w)
		w.stop()
		w.end()
		w.acts.Wait()
		broken, story = w.verdict()
		took = time.Since(w.began)
	})
	return broken, story, took
}

// found makes an organization with its collection.
func (w *world) found(id tenant.OrgID, name tenant.Name, slug tenant.Slug) {
	w.mu.Lock()
	defer w.mu.Unlock()
	org := newOrg(id, name, slug)
	w.orgs[id] = org
	w.homes[id] = w.create(org.Placement.Namespace).uuid
}

func newOrg(id tenant.OrgID, name tenant.Name, slug tenant.Slug) tenant.Organization {
	org := tenant.Organization{ID: id, Name: name, Slug: slug, State: tenant.StateActive, Epoch: 1, Version: 1}
	org.Placement = tenant.Placement{Level: tenant.LevelCollection, Namespace: tenant.NamespaceOf(slug)}
	org.Claims = org.RestClaims()
	return org
}

// upTo throws the story's dice.
func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.dice.Int64N(int64(d) + 1))
}

// pass lets time pass; it returns at once when something has gone wrong.
func (w *world) pass(d time.Duration) {
	for left := d; left > 0; left -= time.Second {
		if broken, _ := w.verdict(); broken != "" {
			return
		}
		w.wait(min(left, time.Second))
	}
}

// at has somebody act, later.
func (w *world) at(after time.Duration, act func(ctx context.Context)) {
	w.acts.Go(func() {
		if w.wait(after) {
			act(w.ctx)
		}
	})
}

// writing has a server write documents, one after up to every gap.
func (w *world) writing(s *server, during, gap time.Duration) {
	n := 0
	for after := w.upTo(gap); after < during; after += w.upTo(gap) {
		n++
		id := tenant.DocumentID(fmt.Sprintf("%s%d", s.name, n))
		w.at(after, func(ctx context.Context) { s.write(ctx, x, id) })
	}
}

// looking has a server look at the organization from outside its gate, as requests do that name it in a path.
func (w *world) looking(s *server, during, gap time.Duration) {
	for after := w.upTo(gap); after < during; after += w.upTo(gap) {
		w.at(after, func(ctx context.Context) { _, _ = s.dir.Fresh(context.WithValue(ctx, outside{}, true), x) })
	}
}

// stranger has another organization be created under a name as soon as that is free.
func (w *world) stranger(after time.Duration, name tenant.Name, slug tenant.Slug) {
	org := newOrg(tenant.OrgID("stranger-"+slug), name, slug)
	at := org.Placement.Namespace
	w.at(after, func(context.Context) {
		claimed := false
		for w.wait(20 * time.Millisecond) {
			_ = w.do("", func() error {
				if claimed = w.free(org.ID, org.Claims) == nil; claimed {
					w.orgs[org.ID], w.strangers[org.ID] = org, true
					w.tell("a stranger claims %s", name)
				}
				return nil
			})
			if claimed {
				break
			}
		}
		if w.wait(3 * time.Millisecond) {
			_ = w.do("the stranger creates "+at, func() error {
				if w.colls[at] != nil {
					w.broken = "the free name " + at + " is blocked by a collection of nobody"
					return nil
				}
				c := w.create(at)
				w.homes[org.ID], c.docs["s"] = c.uuid, org.ID
				return nil
			})
		}
	})
}

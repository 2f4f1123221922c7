package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// TestOneNameManyCreators creates one name 64 times at once, in different case and spacing: one gets it. Who is told that the
// server is busy asks again.
func TestOneNameManyCreators(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_THROTTLE=off")
		made, taken, busy := atomic.Int64{}, atomic.Int64{}, atomic.Int64{}
		var all sync.WaitGroup
		for n := range 64 {
			name := strings.Repeat(" ", n%3) + "Acme" + strings.Repeat(" ", 1+n%2) + []string{"Corp", "CORP", "corp", "cORP"}[n%4]
			all.Go(func() {
				again := time.NewTicker(20 * time.Millisecond)
				defer again.Stop()
				for range 500 {
					a := s.stranger().create(name, fmt.Sprintf("c%d@acme.example", n), goodPassword)
					switch {
					case !a.was(http.StatusCreated, http.StatusConflict, http.StatusTooManyRequests):
						return
					case a.status == http.StatusCreated:
						made.Add(1)
						return
					case a.status == http.StatusConflict:
						taken.Add(1)
						return
					}
					busy.Add(1)
					<-again.C
				}
			})
		}
		all.Wait()
		t.Logf("%d were told to come back", busy.Load())
		if made.Load() != 1 || taken.Load() != 63 {
			t.Errorf("%d creations succeeded and %d found the name taken", made.Load(), taken.Load())
		}
		s.stop()
		if left := on.inspect(t, s); len(left.homes) != 1 || len(left.strays) != 0 {
			t.Errorf("there are the homes %v and the strays %v", left.homes, left.strays)
		}
	})
}

// contestants are how many act on one organization at once.
const contestants = 16

// TestActsOnOneOrganization lets sixteen clients rename, delete and restore one organization at once. One act at a time takes
// effect, and what the answers say is what became of it.
func TestActsOnOneOrganization(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_THROTTLE=off")
		ada, op := s.found("Acme", "ada@acme.example"), s.operator("op@orgd.example")
		ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
		c := &contest{owner: ada, operator: op, names: map[string]bool{"Acme": true}, done: map[string]int{created: 1}}
		var others, restorers sync.WaitGroup
		for n := range contestants {
			if n%8 == 1 {
				restorers.Go(func() { // until the others are done, since there is mostly nothing to restore
					for turn := 0; !c.over.Load(); turn++ {
						c.act(n, turn)
					}
				})
				continue
			}
			others.Go(func() {
				for turn := range 6 {
					c.act(n, turn)
				}
			})
		}
		others.Wait()
		c.over.Store(true)
		restorers.Wait()
		t.Log(c.done, "and refused:", c.refused)
		c.judge(t)
		s.stop()
		left := on.inspect(t, s)
		if counts, err := left.actions(ada.org.ID); err != nil || fmt.Sprint(counts) != fmt.Sprint(c.done) {
			t.Errorf("the audit log has %v (%v), want %v", counts, err, c.done)
		}
		if len(left.strays) != 0 || len(left.homes[ada.org.ID]) != 1 {
			t.Errorf("the data lies in %v, strays are %v", left.homes, left.strays)
		}
	})
}

// contest is what many did to one organization.
type contest struct {
	owner    *owner
	operator caller
	over     atomic.Bool
	mu       sync.Mutex
	// names are those that it was given, done the acts that took effect.
	names   map[string]bool
	done    map[string]int
	refused int
}

// act does one of the acts, and notes its answer. Refusals are that another act is under way, that the version is not the one
// that was looked at, or that the organization is deleted, or is not.
func (c *contest) act(n, turn int) {
	path, action, name := "/v1/organizations/"+c.owner.org.ID, updated, ""
	var a answer
	switch n % 8 {
	case 0:
		if turn%3 != 0 {
			return
		}
		action, a = deleted, c.operator.delete(path)
	case 1:
		action, a = restored, c.operator.post(path+"/restore", fields{})
	case 2:
		seen := c.operator.get(path)
		name = fmt.Sprintf("Seen %d %d", n, turn)
		a = c.operator.with("If-Match", seen.header.Get("ETag")).patch(path, fields{"organization_name": name})
	default:
		name = fmt.Sprintf("Acme %d %d", n, turn)
		a = c.operator.patch(path, fields{"organization_name": name})
	}
	if !a.was(http.StatusOK, http.StatusNoContent, http.StatusConflict, http.StatusPreconditionFailed, http.StatusNotFound) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.status >= 300 {
		c.refused++
		return
	}
	c.done[action]++
	if name != "" {
		c.names[name] = true
	}
}

// judge compares the organization with the answers, and brings it back for a look at its document.
func (c *contest) judge(t *testing.T) {
	t.Helper()
	var org api.Organization
	path := "/v1/organizations/" + c.owner.org.ID
	c.operator.get(path).is(http.StatusOK).into(&org)
	if !c.names[org.Name] {
		t.Errorf("it is called %s, which nobody was told", org.Name)
	}
	switch c.done[deleted] - c.done[restored] {
	case 0:
	case 1:
		c.operator.post(path+"/restore", fields{}).is(http.StatusOK)
		c.done[restored]++
	default:
		t.Errorf("it is %s after %v", org.State, c.done)
	}
	c.owner.signIn(c.operator.server)
	c.owner.read("plan").is(http.StatusOK)
}

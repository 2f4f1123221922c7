package e2e

import (
	"fmt"
	"net/http"
	"slices"
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

// TestActsOnOneOrganization lets sixteen clients rename, delete and restore one organization at once. Two of them are its owner, who
// changes address and password, and signs in anew where a session has ended. One act at a time takes effect, and what the answers say
// is what became of it.
func TestActsOnOneOrganization(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_THROTTLE=off")
		ada, op := s.found("Acme", "ada@acme.example"), s.operator("op@orgd.example")
		ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
		c := &contest{
			owner: ada, operator: op, names: map[string]bool{"Acme": true}, done: map[string]int{created: 1},
			logins: []login{{email: ada.email, password: ada.password, taken: true}},
		}
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
				me := &owner{caller: s.stranger(), org: ada.org}
				for turn := range 6 {
					if n%8 == 3 {
						c.actAs(me, n, turn)
					} else {
						c.act(n, turn)
					}
				}
			})
		}
		others.Wait()
		c.over.Store(true)
		restorers.Wait()
		t.Log(c.done, "and refused:", c.refused, "; logins:", len(c.taken()))
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
	// logins are those that the owner had or wanted, in the order of the answers; clock counts what happens to them.
	logins []login
	clock  int64
}

// login is an address and a password, and whether they were taken. It was asked for and answered at these times of the contest.
type login struct {
	email, password string
	taken           bool
	asked, answered int64
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
	c.note(a, action, name)
}

// note counts the answer to an act, which gave the organization a name if that is not empty.
func (c *contest) note(a answer, action, name string) {
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

// actAs is an owner's act: another address and password, every other time with another name.
func (c *contest) actAs(me *owner, n, turn int) {
	if me.token == "" && !c.signIn(me) {
		return
	}
	next := login{email: fmt.Sprintf("ada%d-%d@acme.example", n, turn), password: fmt.Sprintf("battery %d staple %d", n, turn), asked: c.tick()}
	body, name := fields{"email": next.email, "password": next.password}, ""
	if turn%2 == 0 {
		name = fmt.Sprintf("Owned %d %d", n, turn)
		body["organization_name"] = name
	}
	a := me.patch("/v1/organizations/"+me.org.ID, body)
	if !a.was(http.StatusOK, http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests) {
		return
	}
	if a.status == http.StatusUnauthorized {
		me.token = ""
	}
	next.taken, next.answered = a.status == http.StatusOK, c.tick()
	c.note(a, updated, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins = append(c.logins, next)
}

func (c *contest) tick() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	return c.clock
}

// taken are the logins that the owner had.
func (c *contest) taken() []login {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.logins), func(l login) bool { return !l.taken })
}

// signIn tries the logins that were taken, the last ones first. None is good while the organization is deleted.
func (c *contest) signIn(me *owner) bool {
	known := c.taken()
	for _, l := range slices.Backward(known[max(0, len(known)-2):]) {
		if a := me.server.stranger().login(l.email, l.password); a.status == http.StatusOK {
			me.token = a.accessToken()
			return true
		}
	}
	return false
}

// judgeLogin wants one of the logins to be good: one that was taken, and that no other one came after.
func (c *contest) judgeLogin(t *testing.T) {
	t.Helper()
	last := int64(0)
	for _, l := range c.taken() {
		last = max(last, l.asked)
	}
	good := slices.DeleteFunc(slices.Clone(c.logins), func(l login) bool {
		return c.operator.stranger().login(l.email, l.password).status != http.StatusOK
	})
	if len(good) != 1 || !good[0].taken || good[0].answered < last {
		t.Fatalf("the owner signs in with %+v, and asked for %+v", good, c.logins)
	}
	c.owner.email, c.owner.password = good[0].email, good[0].password
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
	c.judgeLogin(t)
	c.owner.signIn(c.operator.server)
	c.owner.read("plan").is(http.StatusOK)
}

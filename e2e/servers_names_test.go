package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// market is where organizations on several servers take the names that others have just given up.
type market struct {
	*pool

	hashing hashing
	writers sync.WaitGroup
	over    atomic.Bool

	mu sync.Mutex
	// free are names that nobody bears; who wants one gets the one that was given up last.
	free   []string
	stalls []*stall
	// acts is what was done, and busy what was refused for now; refused is the longest time for which that was said again and
	// again, slowest the longest that anything took with that.
	acts, busy       map[string]int
	refused, slowest time.Duration
	// away are those whose data went elsewhere than to the name, as it does where a write may be late; unknown counts the writes
	// of which that was said.
	away    []string
	unknown int
}

// stall is an organization of the market.
type stall struct {
	id, name, token string
	// ending says that it is being deleted, gone that the deletion was answered.
	ending, gone atomic.Bool

	mu sync.Mutex
	// written says for each document whether it was acknowledged; of the others nobody knows.
	written map[string]bool
}

// traders is how many deal at once. There are two names for each, since a rename holds two.
const traders = 4

// usable is how soon a name that was left in order is good for the next one.
const usable = 2 * time.Second

// TestNamesChangeHands has organizations renamed, deleted and created again under names that others have just given up, each act on
// another server, while writers write to each through all servers. Every acknowledged document is where it belongs, nobody has a
// stranger's, nothing stands under a name that was left, and a name is good for the next one at once.
func TestNamesChangeHands(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"two": 2, "three": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &market{
				pool: launchPool(t, n, "ORGD_THROTTLE=off"), hashing: newHashing(), busy: map[string]int{}, acts: map[string]int{},
			}
			for i := range 2 * traders {
				m.free = append(m.free, fmt.Sprintf("Name %d", i))
			}
			var trading sync.WaitGroup
			for n := range traders {
				trading.Go(func() { m.trade(n) })
			}
			trading.Wait()
			m.over.Store(true)
			m.writers.Wait()
			m.judge()
		})
	}
}

// trade deals for some time.
func (m *market) trade(n int) {
	var mine *stall
	for turn := range 10 {
		switch {
		case mine == nil:
			mine = m.open(fmt.Sprintf("o%d-%d@trader.example", n, turn))
		case turn%4 == 3:
			m.close(mine)
			mine = nil
		default:
			m.rename(mine)
		}
		if m.t.Failed() {
			return
		}
	}
}

// take takes a name; give gives one up.
func (m *market) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	return name
}

func (m *market) give(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, name)
}

// until repeats an act while it is answered that nobody is ready.
func (m *market) until(act string, want int, send func(s *server) answer) answer {
	for began := time.Now(); ; {
		sent := time.Since(began)
		a := send(m.next())
		if done := a.patient(want); done || a.status != http.StatusServiceUnavailable || sent > patience {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.acts[act]++
			m.refused, m.slowest = max(m.refused, sent), max(m.slowest, time.Since(began))
			return a
		}
		m.refusal(act, a)
	}
}

// refusal notes an answer that somebody should come back.
func (m *market) refusal(act string, a answer) {
	var problem api.Problem
	a.into(&problem)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy[act]++
	if problem.Code == api.CodeUnknownOutcome {
		m.unknown++
	}
}

// open creates an organization, and lets writers loose on it.
func (m *market) open(email string) *stall {
	s := &stall{name: m.take(), written: map[string]bool{}}
	a := m.until("create", http.StatusCreated, func(at *server) answer {
		return m.hashing.do(func() answer { return at.stranger().create(s.name, email, goodPassword) })
	})
	if a.status != http.StatusCreated {
		return nil
	}
	m.home(a, s.name)
	s.id = a.org().ID
	login := m.until("login", http.StatusOK, func(at *server) answer {
		return m.hashing.do(func() answer { return at.stranger().login(email, goodPassword) })
	})
	s.token = login.accessToken()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalls = append(m.stalls, s)
	for n := range 2 {
		m.writers.Go(func() { m.write(s, n) })
	}
	return s
}

// home looks whether the data is under the name's own physical name, as it is where the one before has let go in order.
func (m *market) home(a answer, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := a.org().CollectionName; at != "org_"+strings.ReplaceAll(strings.ToLower(name), " ", "_") {
		m.away = append(m.away, name+" in "+at)
	}
}

func (m *market) rename(s *stall) {
	next := m.take()
	a := m.until("rename", http.StatusOK, func(at *server) answer {
		return at.as(s.token).patch("/v1/organizations/"+s.id, fields{"organization_name": next})
	})
	if a.status == http.StatusOK {
		m.home(a, next)
		m.give(s.name)
		s.name = next
	}
}

func (m *market) close(s *stall) {
	s.ending.Store(true)
	m.until("delete", http.StatusNoContent, func(at *server) answer { return at.as(s.token).delete("/v1/organizations/" + s.id) })
	s.gone.Store(true)
	m.give(s.name)
}

// write writes one document after the other, each through another server, until the organization is refused.
func (m *market) write(s *stall, n int) {
	for turn := 0; !m.over.Load(); turn++ {
		id, late := fmt.Sprintf("w%d-%d", n, turn), s.gone.Load()
		a := m.next().as(s.token).put(documentsOf(s.id, id), fields{"of": s.id})
		switch {
		case s.ending.Load() && (a.status == http.StatusUnauthorized || a.status == http.StatusNotFound):
			return
		case late:
			m.t.Errorf("after the deletion: %s", a)
			return
		}
		done := a.patient(http.StatusCreated)
		s.mu.Lock()
		s.written[id] = done
		s.mu.Unlock()
		switch {
		case done:
		case a.status == http.StatusServiceUnavailable:
			m.refusal("write", a)
		default:
			return
		}
	}
}

// judge compares what every server says, and what is left in the database, with what was acknowledged.
func (m *market) judge() {
	m.t.Helper()
	living := map[string]bool{}
	for _, s := range m.stalls {
		if s.gone.Load() {
			continue
		}
		living[s.id] = true
		for _, at := range m.servers {
			docs, last, err := at.as(s.token).allDocuments(s.id)
			if err != nil || last.status != http.StatusOK {
				m.t.Errorf("%s: %v", last, err)
			}
			s.compare(m.t, docs)
		}
	}
	m.stop()
	m.judgeRemains(living)
}

// judgeRemains looks at what the servers left behind.
func (m *market) judgeRemains(living map[string]bool) {
	m.t.Helper()
	l := lookAt(m.t, m.servers[0])
	left, written := l.remains(), 0
	for _, stray := range left.strays {
		m.t.Errorf("a stray: %s", stray)
	}
	records := map[string]record{}
	for _, r := range all[record](l, l.main, "places") {
		records[r.Organization] = r
	}
	for _, s := range m.stalls {
		if got := fmt.Sprint(left.homes[s.id]); got != fmt.Sprint([]home{map[bool]home{true: inUse, false: inTrash}[living[s.id]]}) {
			m.t.Errorf("the data of %s is %s", s.name, got)
		}
		docs := map[string]api.Document{}
		for _, doc := range all[struct {
			ID string `bson:"_id"`
			Of string `bson:"of"`
		}](l, l.main, records[s.id].Collection) {
			docs[doc.ID] = api.Document{Data: json.RawMessage(fmt.Sprintf(`{"of":%q}`, doc.Of))}
		}
		s.compare(m.t, docs)
		written += len(docs)
	}
	if len(m.away) > 0 && m.unknown == 0 || m.refused > usable {
		m.t.Errorf("after %d writes without an answer the data went elsewhere for %v, and a name was refused for %s", m.unknown, m.away, m.refused)
	}
	m.t.Logf("%v by %d organizations with %d documents; for now were refused %v, for %s at most, with %d unknown writes; the slowest act took %s",
		m.acts, len(m.stalls), written, m.busy, m.refused.Round(time.Millisecond), m.unknown, m.slowest.Round(time.Millisecond))
}

// compare wants every document that was acknowledged, and none of anybody else.
func (s *stall) compare(t testing.TB, docs map[string]api.Document) {
	t.Helper()
	for id, acknowledged := range s.written {
		if _, there := docs[id]; acknowledged && !there {
			t.Errorf("%s lost the document %s", s.id, id)
		}
	}
	for id, doc := range docs {
		var data struct{ Of string }
		if err := json.Unmarshal(doc.Data, &data); err != nil || data.Of != s.id {
			t.Errorf("%s has %s, which is %s", s.id, id, doc.Data)
		}
		if _, ours := s.written[id]; !ours {
			t.Errorf("%s has %s, which nobody wrote", s.id, id)
		}
	}
}

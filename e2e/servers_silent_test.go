package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/api"
)

// silence is a server that falls silent under load, and another that goes on.
type silence struct {
	t      *testing.T
	silent *server
	other  *server
	ada    *owner // through the silent one
	// was is who the silent one is on the list.
	was string

	over    atomic.Bool
	writing sync.WaitGroup
	mu      sync.Mutex
	// told says for each document what its writer was told: empty is that it was written.
	told map[string]api.Code
}

// silences are how a server falls silent, and how that ends.
var silences = map[string]struct {
	begin, end func(s *server, n *faultNet)
	// late says that commands that the server sent before it was declared dead arrive after that.
	late bool
}{
	"stopped": {
		begin: func(s *server, _ *faultNet) { s.signal(syscall.SIGSTOP) },
		end:   func(s *server, _ *faultNet) { s.signal(syscall.SIGCONT) },
	},
	"cut off": {
		begin: func(_ *server, n *faultNet) { n.cut() },
		end:   func(_ *server, n *faultNet) { n.mend() },
	},
	"cut off, and its commands are late": {
		begin: func(_ *server, n *faultNet) {
			n.toxic("latency", "upstream", fmt.Sprintf(`"latency": %d`, lateness.Milliseconds()))
		},
		end:  func(_ *server, n *faultNet) { n.calm() },
		late: true,
	},
}

// lateness is longer than it takes to declare a server dead and to rename an organization, under ORGD_LEASE=2s.
const lateness = 12 * time.Second

// TestServerThatFallsSilent stops a server in the middle of requests, or cuts it off from the database, until another has declared
// it dead, renamed the organization that it was writing to, and given the name to a stranger. Then it comes back, as another. What
// it had acknowledged is there, what it wrote too late has reached nobody's data, and comes to its organization in the end.
func TestServerThatFallsSilent(t *testing.T) {
	t.Parallel()
	for name, way := range silences {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, net := newSilence(t)
			for n := range 8 {
				s.writing.Go(func() { s.write(n) })
			}
			s.awaitWrites(5)
			way.begin(s.silent, net)
			began := time.Now()
			s.rename("Beta")
			renamed := time.Since(began)
			eve := s.stranger("Acme")
			if way.late {
				eventually(t, "a late command makes the collection again, or cannot", func() bool {
					return time.Since(began) > lateness+2*time.Second || len(s.strayed()) > 0
				})
			}
			way.end(s.silent, net)
			s.comesBack()
			s.awaitWrites(5)
			s.over.Store(true)
			s.writing.Wait()
			late := s.strayed()
			counts := s.judge(eve, late)
			t.Logf("renamed after %s; of the writes of the silent server: %v; late came %v", renamed.Round(time.Millisecond), counts, late)
			if len(late) > 0 {
				s.carried(late)
				s.judge(eve, nil)
			}
			s.other.stop()
			s.silent.stop()
		})
	}
}

// newSilence starts the two servers, the second of them behind a network that a story disturbs.
func newSilence(t *testing.T) (*silence, *faultNet) {
	t.Helper()
	uri, err := engine()
	must(t, err)
	net := newFaultNet(t, uri)
	s := &silence{t: t, told: map[string]api.Code{}}
	s.other = launch(t, mongoStore, "ORGD_LEASE=2s", "ORGD_REQUEST_TIMEOUT=1900ms", "ORGD_THROTTLE=off")
	s.ada = s.other.found("Acme", "ada@acme.example")
	known := s.servers()
	s.silent = beside(t, s.other, "ORGD_STORE="+net.uri(uri))
	s.silent.start()
	s.ada.caller = s.silent.as(s.ada.token)
	for id := range s.servers() {
		if _, there := known[id]; !there {
			s.was = id
		}
	}
	return s, net
}

// servers are those on the list, and whether they are dead.
func (s *silence) servers() map[string]bool {
	s.t.Helper()
	l, list := lookAt(s.t, s.other), map[string]bool{}
	for _, i := range all[struct {
		ID   string `bson:"_id"`
		Dead bool   `bson:"dead"`
	}](l, l.main, "instances") {
		list[i.ID] = i.Dead
	}
	return list
}

// write writes one document after the other through the silent server, and notes what it is told.
func (s *silence) write(n int) {
	for turn := 0; !s.over.Load(); turn++ {
		id := fmt.Sprintf("w%d-%d", n, turn)
		a := s.ada.write(id, fields{"of": "ada"})
		code := api.Code("")
		if a.err != nil || !a.patient(http.StatusCreated) {
			var problem api.Problem
			if a.err != nil || a.status != http.StatusServiceUnavailable {
				s.t.Errorf("a writer: %s", a)
				return
			}
			a.into(&problem)
			code = problem.Code
		}
		s.mu.Lock()
		s.told[id] = code
		s.mu.Unlock()
	}
}

// awaitWrites waits for so many more documents that are acknowledged.
func (s *silence) awaitWrites(n int) {
	s.t.Helper()
	count := func() (written int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, code := range s.told {
			if code == "" {
				written++
			}
		}
		return written
	}
	before := count()
	eventually(s.t, "documents are written", func() bool { return count() >= before+n || s.t.Failed() })
}

// rename renames the organization on the other server, as soon as that is possible.
func (s *silence) rename(name string) {
	s.t.Helper()
	there := *s.ada
	there.caller = s.other.as(s.ada.token)
	eventually(s.t, "a rename is done", func() bool { return there.renameTo(name).patient(http.StatusOK) || s.t.Failed() })
}

// stranger takes the name, and writes a document.
func (s *silence) stranger(name string) *owner {
	s.t.Helper()
	eve := s.other.found(name, "eve@stranger.example")
	eve.write("hers", fields{"of": "eve"}).is(http.StatusCreated)
	if eve.org.CollectionName == "org_acme" {
		s.t.Error("a stranger's data is where something late may arrive")
	}
	return eve
}

// strayed are the ids of documents under the physical name that the organization has left.
func (s *silence) strayed() (ids []string) {
	s.t.Helper()
	l := lookAt(s.t, s.other)
	for _, doc := range all[struct {
		ID string `bson:"_id"`
	}](l, l.main, "org_acme") {
		ids = append(ids, doc.ID)
	}
	return ids
}

// carried wants documents that came late where the organization is now, once somebody has looked.
func (s *silence) carried(late []string) {
	s.t.Helper()
	s.lookNow()
	eventually(s.t, "what came late is carried to its organization", func() bool {
		docs, _, err := s.other.as(s.ada.token).allDocuments(s.ada.org.ID)
		must(s.t, err)
		return !slices.ContainsFunc(late, func(id string) bool { _, there := docs[id]; return !there })
	})
	if left := s.strayed(); len(left) > 0 {
		s.t.Errorf("%v are still under the name that was left", left)
	}
}

// comesBack waits until the silent server serves again, and wants it to be another one.
func (s *silence) comesBack() {
	s.t.Helper()
	eventually(s.t, "the server is ready", s.silent.ready)
	list := s.servers()
	if dead, there := list[s.was]; !there || !dead || len(list) != 3 {
		s.t.Errorf("the servers on the list are %v; the silent one was %s", list, s.was)
	}
	wantContains(s.t, s.silent.log.String(), "this server was declared dead by the others")
}

// judge compares what both servers say with what writers were told, and with what came late. It returns how many were told what.
func (s *silence) judge(eve *owner, late []string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for _, at := range []*server{s.other, s.silent} {
		docs, last, err := at.as(s.ada.token).allDocuments(s.ada.org.ID)
		if err != nil || last.status != http.StatusOK {
			s.t.Errorf("%s: %v", last, err)
		}
		clear(counts)
		for _, id := range slices.Sorted(maps.Keys(s.told)) {
			_, there := docs[id]
			counts[fmt.Sprintf("%q, there: %t", s.told[id], there)]++
			if s.told[id] == "" && !there || s.told[id] == api.CodeUnavailable && there {
				s.t.Errorf("document %s is there: %t, and its writer was told %q", id, there, s.told[id])
			}
		}
		for _, id := range late {
			if s.told[id] != api.CodeUnknownOutcome {
				s.t.Errorf("document %s came late, and its writer was told %q", id, s.told[id])
			}
		}
		hers, last, err := at.as(eve.token).allDocuments(eve.org.ID)
		if err != nil || last.status != http.StatusOK || len(hers) != 1 {
			s.t.Errorf("the stranger has %v: %s, %v", hers, last, err)
		}
	}
	return counts
}

// lookNow has every name in quarantine be due, and a server look after them.
func (s *silence) lookNow() {
	s.t.Helper()
	l := lookAt(s.t, s.other)
	past := time.Now().Add(-time.Minute)
	for _, org := range all[struct {
		ID         string   `bson:"_id"`
		Quarantine []bson.M `bson:"quarantine"`
	}](l, l.main, "organizations") {
		for _, one := range org.Quarantine {
			one["look"] = past
		}
		_, err := l.main.Collection("organizations").UpdateOne(l.ctx, bson.M{"_id": org.ID},
			bson.M{"$set": bson.M{"quarantine": org.Quarantine, "due_at": past}})
		must(s.t, err)
	}
	s.other.restart()
}

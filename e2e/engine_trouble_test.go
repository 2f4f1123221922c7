package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// latest is after how long a request must be answered, whatever is the matter with the store: ORGD_REQUEST_TIMEOUT, and what
// a busy machine takes.
const latest = 8 * time.Second

// newBearing prepares clients that go on while something is the matter with the store of their server.
func newBearing(t testing.TB, s *server, seed uint64) *killing {
	t.Helper()
	k := newKilling(s, int64(seed))
	k.bearing = true
	return k
}

// bear lets the clients work while the trouble comes and goes, then asks the server, which was not started anew. It returns
// what the clients were answered in all.
func (k *killing) bear(trouble func(r *round)) {
	k.t.Helper()
	r := &round{killing: k, fire: make(chan struct{}), fireAt: 10, began: time.Now()}
	var working sync.WaitGroup
	for _, c := range k.clients {
		working.Go(func() { c.work(r) })
	}
	<-r.fire
	trouble(r)
	before := r.acted.Load()
	eventually(k.t, "acts take effect again", func() bool { return r.acted.Load() >= before+clients/2 })
	r.over.Store(true)
	working.Wait()
	r.writing.Wait()
	eventually(k.t, "all organizations are at rest", func() bool {
		for _, org := range k.as(k.operator.token).organizations() {
			if org.State != "active" && org.State != "trashed" {
				return false
			}
		}
		return true
	})
	asked := k.book.ask(k.server, k.operator)
	for _, wrong := range asked.wrong {
		k.t.Error(wrong)
	}
	k.t.Logf("answered: %d acts, %d writes; unknown acts: %s; unknown writes: %s; within %s",
		r.acted.Load(), r.wrote.Load(), asked.acts, asked.writes, time.Since(r.began).Round(time.Millisecond))
}

// probe is somebody who writes one document after the other, reads them and asks for the organization, and looks at each
// answer: it is what it should be, or 503 with Retry-After, in time.
type probe struct {
	owner *owner
	over  atomic.Bool
	done  sync.WaitGroup

	mu sync.Mutex
	// told says for each document what its writer was told: empty is that it was written.
	told             map[string]api.Code
	answers, refused int
	slowest          time.Duration
}

// startProbes lets them loose.
func startProbes(o *owner) *probe {
	p := &probe{owner: o, told: map[string]api.Code{}}
	o.write("first", fields{"n": 0}).is(http.StatusCreated)
	for n := range 4 {
		p.done.Go(func() {
			for turn := 0; !p.over.Load(); turn++ {
				p.write(fmt.Sprintf("p%d-%d", n, turn))
				p.judge(func() answer { return o.read("first") }, http.StatusOK)
				p.judge(func() answer { return o.stranger().lookup(o.org.Name) }, http.StatusOK)
			}
		})
	}
	return p
}

func (p *probe) write(id string) {
	code := p.judge(func() answer { return p.owner.write(id, fields{"id": id}) }, http.StatusCreated)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told[id] = code
}

// judge sends a request and looks at its answer. It returns the code of a refusal.
func (p *probe) judge(send func() answer, want int) api.Code {
	began := time.Now()
	a := send()
	took := time.Since(began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers++
	p.slowest = max(p.slowest, took)
	if took > latest {
		p.owner.t.Errorf("after %s: %s", took, a)
	}
	if a.was(want, http.StatusServiceUnavailable) && a.status == want {
		return ""
	}
	p.refused++
	if a.header.Get("Retry-After") == "" {
		p.owner.t.Errorf("without Retry-After: %s", a)
	}
	var problem api.Problem
	if a.err == nil {
		a.into(&problem)
	}
	return problem.Code
}

// end lets the probes go, and compares what is there with what they were told.
func (p *probe) end() {
	p.over.Store(true)
	p.done.Wait()
	docs := p.owner.documents()
	counts := map[api.Code]int{}
	for _, id := range slices.Sorted(maps.Keys(p.told)) {
		code := p.told[id]
		counts[code]++
		if _, there := docs[id]; there != (code == "") && code != api.CodeUnknownOutcome {
			p.owner.t.Errorf("document %s is there: %t, and its writer was told %q", id, there, code)
		}
	}
	p.owner.t.Logf("of the documents that were written: %v; %d requests refused, the slowest answer after %s", counts, p.refused, p.slowest)
}

// ready reports whether the server says that it can serve, and complains of an answer that is no clear one.
func (s *server) ready() bool {
	a := s.stranger().get("/readyz")
	if !a.was(http.StatusOK, http.StatusServiceUnavailable, http.StatusInsufficientStorage) {
		return false
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
		s.t.Errorf("without Retry-After: %s", a)
	}
	return a.status == http.StatusOK
}

// refusals counts the requests that were refused so far.
func (p *probe) refusals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// answered counts the requests that were answered so far.
func (p *probe) answered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers
}

// known enters an organization into the book that is none of the clients'.
func (k *killing) known(o *owner) {
	t := newTale(condition{life: living, name: o.org.Name, email: o.email, password: o.password})
	t.id = o.org.ID
	t.took()
	k.book.add(t)
}

package e2e

import (
	"net/http"
	"sync/atomic"
	"testing"
)

// pool is several servers on one database, behind a load balancer that gives each request to the next one.
type pool struct {
	t       testing.TB
	servers []*server
	turn    atomic.Int64
}

// launchPool starts servers on a database of their own.
func launchPool(t testing.TB, n int, settings ...string) *pool {
	t.Helper()
	p := &pool{t: t, servers: []*server{launch(t, mongoStore, settings...)}}
	for range n - 1 {
		next := beside(t, p.servers[0])
		next.start()
		p.servers = append(p.servers, next)
	}
	return p
}

// next is the server whose turn it is.
func (p *pool) next() *server {
	return p.servers[int(p.turn.Add(1))%len(p.servers)]
}

// stop ends all servers in order.
func (p *pool) stop() {
	p.t.Helper()
	for _, s := range p.servers {
		s.stop()
	}
}

// patient wants an answer to be the wanted one, or 503 with Retry-After, and reports which.
func (a answer) patient(want int) (ok bool) {
	a.t.Helper()
	if !a.was(want, http.StatusServiceUnavailable) {
		return false
	}
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
		a.t.Errorf("without Retry-After: %s", a)
	}
	return a.status == want
}

package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// Paths that load balancers call by address, whatever the Host header says.
const (
	pathHealth = "/healthz"
	pathReady  = "/readyz"
)

const pathMetrics = "/metrics"

// readyLimit is how long the store may take to say that it can be used: orgd healthcheck waits three seconds for the answer.
const readyLimit = 2 * time.Second

type healthOutput struct{ Body api.Health }

// getHealth answers while the process lives.
func (s *Server) getHealth(context.Context, access.Caller, *struct{}) (*healthOutput, error) {
	return &healthOutput{Body: api.Health{Status: "ok"}}, nil
}

// getReady answers whether requests should be sent here: not while the server drains or its store cannot be used. That
// migrations are done follows from serving at all.
func (s *Server) getReady(ctx context.Context, _ access.Caller, _ *struct{}) (*healthOutput, error) {
	if s.draining.Load() {
		return nil, tenant.Errorf(tenant.CodeUnavailable, "this server is about to stop")
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := s.deps.Health.Ping(ctx); err != nil {
		return nil, err
	}
	return &healthOutput{Body: api.Health{Status: "ok"}}, nil
}

// exposition writes the metrics for Prometheus.
func (s *Server) exposition() http.Handler {
	return promhttp.HandlerFor(s.deps.Registry, promhttp.HandlerOpts{})
}

// Metrics returns the handler of /metrics, for a listener of its own. It keeps the rules of the API's door: only hosts of ours
// are answered, with the same headers, and what it does not take is a problem.
func (s *Server) Metrics() http.Handler {
	rt, metrics := s.newRoute("GET "+pathMetrics), s.exposition()
	door := s.guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := asExchange(w)
		switch {
		case r.URL.Path != pathMetrics:
			s.refuse(x, tenant.Errorf(tenant.CodeNotFound, "there is no such path; this listener has "+pathMetrics))
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			s.refuseMethod(x, "GET, HEAD")
		default:
			x.route = rt
			metrics.ServeHTTP(x, r)
		}
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, door) })
}

package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
)

// Deps are the rooms behind the door; all fields but Apart are needed.
type Deps struct {
	Orgs        *orgs.Service
	Documents   *documents.Service
	Authn       *authn.Service
	Idempotency *idempotency.Keeper
	Health      store.Health
	// Apart reports that this server has lost touch with the others that share its store. Then nothing that changes anything is
	// begun, or said to be done. Nil is never.
	Apart func() bool
	// JWKS returns the published signing keys.
	JWKS func(context.Context) ([]byte, error)
	// MAC authenticates cursors; see tokens.Keyring.
	MAC func(label string, parts ...string) string
	// Registry is where the metrics go, with those that other rooms put there.
	Registry *prometheus.Registry
	// Log takes one line for each request, so it must not wait for a disk.
	Log *slog.Logger
}

// Options are what an installation sets.
type Options struct {
	// PublicURL is ORGD_PUBLIC_URL; its host is one that the server answers to, and https in it turns HSTS on.
	PublicURL      string
	Hosts          []string
	TrustedProxies []netip.Prefix
	CORSOrigins    []string
	// BodyLimit is the largest body in bytes.
	BodyLimit      int64
	RequestTimeout time.Duration
	// Docs serves /docs; Metrics serves /metrics here, beside [Server.Metrics] for a listener of its own.
	Docs    bool
	Metrics bool
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	deps     Deps
	options  Options
	log      *slog.Logger
	hosts    hosts
	https    bool
	ids      *requestIDs
	metrics  *metrics
	cursors  cursors
	huma     huma.API
	mux      *http.ServeMux
	paths    map[string][]string
	entrance http.Handler
	draining atomic.Bool
}

// New makes a server with all its routes.
func New(deps Deps, options Options) *Server {
	public, _ := url.Parse(options.PublicURL)
	if public == nil {
		public = &url.URL{}
	}
	s := &Server{
		deps: deps, options: options, log: deps.Log,
		hosts:   newHosts(public.Host, options.Hosts),
		https:   public.Scheme == "https",
		ids:     newRequestIDs(),
		metrics: newMetrics(deps.Registry),
		cursors: cursors{mac: deps.MAC},
		mux:     http.NewServeMux(),
		paths:   map[string][]string{},
	}
	useProblems()
	s.huma = huma.NewAPI(describe(), adapter{s})
	s.routes()
	refine(s.huma.OpenAPI())
	s.refuseTheRest()
	s.entrance = s.guarded(s.allowOrigins(http.HandlerFunc(s.dispatch)))
	return s
}

// guarded is what every listener puts before its handler.
func (s *Server) guarded(next http.Handler) http.Handler {
	return s.recoverPanics(s.secureHeaders(s.checkHost(next)))
}

// Drain makes /readyz answer 503, so that load balancers send no more; the server still answers what comes.
func (s *Server) Drain() { s.draining.Store(true) }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.entrance) }

// serve makes the exchange of a request, and counts and logs it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, entrance http.Handler) {
	x := &exchange{ResponseWriter: w, start: time.Now(), id: s.ids.accept(r.Header.Get("X-Request-Id"))}
	x.address, x.prefix = clientAddress(r, s.options.TrustedProxies)
	w.Header()["X-Request-Id"] = []string{x.id}
	s.metrics.inFlight.Inc()
	defer s.finish(x, r)
	entrance.ServeHTTP(x, r)
}

// finish counts and logs an exchange, however it ended.
func (s *Server) finish(x *exchange, r *http.Request) {
	took := time.Since(x.start)
	s.metrics.inFlight.Dec()
	if x.status == 0 {
		x.status = http.StatusOK
	}
	s.metrics.observe(x, r.Method, took)
	s.logAccess(r.Context(), x, r, took)
}

// asExchange returns the exchange that the server wrapped around the connection's writer.
func asExchange(w http.ResponseWriter) *exchange {
	x, ok := w.(*exchange)
	if !ok {
		panic("httpapi: a writer that is no exchange")
	}
	return x
}

// observe prepares how a route's requests are counted and logged.
func (s *Server) observe(rt *route) {
	rt.series = s.metrics.series(rt.path, rt.method)
	rt.logTo(s.log.Handler())
}

// mount puts a route into the table of paths.
func (s *Server) mount(rt *route, answer func(*exchange, *http.Request)) {
	s.paths[rt.path] = append(s.paths[rt.path], rt.method)
	s.mux.HandleFunc(rt.method+" "+rt.path, func(w http.ResponseWriter, r *http.Request) {
		x := asExchange(w)
		x.route = rt
		answer(x, r)
	})
}

// plain puts a route there that is not part of the described API.
func (s *Server) plain(at string, answer func(*exchange, *http.Request)) {
	s.mount(s.newRoute(at), answer)
}

// newRoute is a route that is not part of the described API, ready to be counted and logged.
func (s *Server) newRoute(at string) *route {
	rt := &route{at: at, entry: nobody}
	rt.method, rt.path, _ = strings.Cut(at, " ")
	s.observe(rt)
	return rt
}

package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/httpapi"
	"github.com/orgd/orgd/internal/tenant"
)

// /healthz says that the process lives, /readyz whether to send requests; a server about to stop is alive and not ready.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	var health api.Health
	w.get(t, "/healthz").want(t, http.StatusOK, &health)
	w.get(t, "/readyz").want(t, http.StatusOK, &health)
	if health.Status != "ok" {
		t.Errorf("status %q", health.Status)
	}
	w.server.Drain()
	w.get(t, "/healthz").want(t, http.StatusOK, nil)
	w.get(t, "/readyz").refused(t, 503, api.CodeUnavailable)
	w.found("Acme", "ada@acme.example") // what still comes is answered
}

// fullDisk is a store that says so.
type fullDisk struct{}

func (fullDisk) Ping(context.Context) error {
	return tenant.Errorf(tenant.CodeStorageFull, "the disk is nearly full")
}

// A store that cannot be used makes the server unready, with the reason.
func TestUnreadyStore(t *testing.T) {
	s := withDeps(t, func(d *httpapi.Deps) { d.Health = fullDisk{} })
	p := s.get(t, "/readyz").refused(t, 507, api.CodeStorageFull)
	if !strings.Contains(p.Detail, "disk") {
		t.Errorf("detail %q", p.Detail)
	}
}

// The signing keys may be kept for five minutes, and nothing private is among them.
func TestKeySet(t *testing.T) {
	w := newWorld(t)
	got := w.get(t, "/.well-known/jwks.json").want(t, http.StatusOK, nil)
	if got.header.Get("Cache-Control") != "public, max-age=300" || !strings.Contains(string(got.body), `"kty":"EC"`) ||
		strings.Contains(string(got.body), `"d":`) {
		t.Errorf("%v %s", got.header, got.body)
	}
}

// stuck is a store that answers when the request is over.
type stuck struct{}

func (stuck) Ping(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// An act that takes longer than ORGD_REQUEST_TIMEOUT is given up with a 503.
func TestRequestTimeout(t *testing.T) {
	s := withDeps(t, func(d *httpapi.Deps) { d.Health = stuck{} }, func(o *httpapi.Options) { o.RequestTimeout = 1e6 })
	got := s.get(t, "/readyz")
	got.refused(t, 503, api.CodeUnavailable)
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
}

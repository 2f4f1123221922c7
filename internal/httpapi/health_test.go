package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

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

// A store that does not answer makes the server unready while those who ask still wait, however long requests may take.
func TestReadinessIsToldInTime(t *testing.T) {
	s := withDeps(t, func(d *httpapi.Deps) { d.Health = stuck{} }, func(o *httpapi.Options) { o.RequestTimeout = time.Minute })
	began := time.Now()
	s.get(t, "/readyz").refused(t, 503, api.CodeUnavailable)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

// late is a body that does not arrive.
type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// A body that does not arrive in time is a 408, and one that breaks off is a 400: neither is the server's fault.
func TestBodiesThatDoNotArrive(t *testing.T) {
	s := bare(t)
	send := func(r *http.Request) answer {
		r.Host, r.ContentLength = "localhost", -1
		r.Header.Set("Content-Type", "application/json")
		return s.do(t, r)
	}
	send(httptest.NewRequestWithContext(t.Context(), "POST", "/admin/login", late{})).refused(t, 408, api.CodeRequestTimeout)
	broken := iotest.ErrReader(errors.New("connection reset"))
	p := send(httptest.NewRequestWithContext(t.Context(), "POST", "/admin/login", broken)).refused(t, 400, api.CodeMalformed)
	if strings.Contains(p.Detail, "reset") {
		t.Errorf("detail %q", p.Detail)
	}
}

// deadlines notes what a connection was told.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// The time for a body to arrive ends with its arrival: an act that takes longer than that is not cut.
func TestReadDeadlineEndsWithTheBody(t *testing.T) {
	w := newWorld(t)
	conn := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/admin/login", strings.NewReader(`{"email":"a@b.example","password":"x"}`))
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/json")
	w.handler.ServeHTTP(conn, r)
	if conn.Code != http.StatusUnauthorized || len(conn.set) != 2 || conn.set[0].IsZero() || !conn.set[1].IsZero() {
		t.Errorf("status %d, deadlines %v", conn.Code, conn.set)
	}
}

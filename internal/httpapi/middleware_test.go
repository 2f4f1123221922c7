package httpapi_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/httpapi"
)

// A client's request id comes back where it is safe in a header and a log, else a fresh one does.
func TestRequestIDs(t *testing.T) {
	s := bare(t)
	for sent, kept := range map[string]bool{
		"abc-DEF_1.2":           true,
		strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false,
		"":                      false,
		"with space":            false,
		"line\nbreak":           false,
		"naïve":                 false,
		"<script>":              false,
	} {
		got := s.get(t, "/healthz", "X-Request-Id", sent).header["X-Request-Id"]
		if len(got) != 1 || got[0] == "" || (got[0] == sent) != kept {
			t.Errorf("%q came back as %q", sent, got)
		}
	}
	first, second := s.get(t, "/healthz").header.Get("X-Request-Id"), s.get(t, "/healthz").header.Get("X-Request-Id")
	if first == second {
		t.Errorf("two requests were named %q", first)
	}
}

// Every answer carries the headers that keep browsers safe, whatever its status.
func TestSecurityHeaders(t *testing.T) {
	s := bare(t, func(o *httpapi.Options) { o.PublicURL = "https://orgd.example" })
	for _, target := range []string{"/healthz", "/nowhere", "/org/get?x=1", "/docs", "/openapi.json"} {
		h := s.get(t, target).header
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", target, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: policy %q", target, policy)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: headers %v", target, h)
		}
	}
	if got := bare(t).get(t, "/healthz").header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("without https in the public URL: Strict-Transport-Security %q", got)
	}
}

// Only the public host, the listed ones and loopback are answered; a page whose name was made to point here is not.
func TestHosts(t *testing.T) {
	s := bare(t, func(o *httpapi.Options) {
		o.PublicURL, o.Hosts = "https://orgd.example:8443", []string{"inside.example", "2001:db8::7"}
	})
	for host, allowed := range map[string]bool{
		"orgd.example": true, "ORGD.example.:9": true, "inside.example:8000": true, "localhost": true, "localhost:8000": true,
		"127.0.0.1:8000": true, "127.9.9.9": true, "[::1]:8000": true, "[::1]": true,
		"[2001:db8::7]:8000": true, "[2001:DB8:0::7]": true, "[2001:db8::8]": false, "2001:db8::7": false,
		"evil.example": false, "orgd.example.evil.example": false, "evilorgd.example": false, "": false, "10.0.0.1": false,
		"localhost.evil.example": false, "[::2]:80": false, "127.0.0.1.nip.io": false, "orgd.example:80:90": false,
		"orgd.example:evil": false, "[::1]x": false, "0.0.0.0": false, "user@orgd.example": false,
	} {
		got := s.get(t, "/v1/me", "Host", host)
		if allowed != (got.status != http.StatusMisdirectedRequest) {
			t.Errorf("host %q: status %d", host, got.status)
		}
		if !allowed {
			got.refused(t, 421, api.CodeMisdirected)
		}
		if got := s.get(t, "/healthz", "Host", host); got.status != http.StatusOK {
			t.Errorf("a health check by host %q: status %d", host, got.status)
		}
	}
}

// Pages of the listed origins may call, all others hear nothing that would let them; without a list nobody does.
func TestCORS(t *testing.T) {
	const origin = "https://app.example"
	preflight := []string{"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization"}
	s := bare(t, func(o *httpapi.Options) { o.CORSOrigins = []string{origin} })

	got := s.send(t, http.MethodOptions, "/org/update", "", append(preflight, "Origin", origin)...)
	if got.status != http.StatusNoContent || got.header.Get("Access-Control-Allow-Origin") != origin ||
		!strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "authorization") ||
		!strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "PUT") {
		t.Errorf("preflight of a listed origin: %d %v", got.status, got.header)
	}
	if got := s.get(t, "/healthz", "Origin", origin).header; got.Get("Access-Control-Allow-Origin") != origin ||
		got.Get("Access-Control-Allow-Credentials") != "" || got.Get("Vary") != "Origin" ||
		!strings.Contains(got.Get("Access-Control-Expose-Headers"), "ETag") {
		t.Errorf("request of a listed origin: %v", got)
	}
	if vary := s.get(t, "/docs/init.js", "Origin", origin).header["Vary"]; !slices.Contains(vary, "Origin") || !slices.Contains(vary, "Accept-Encoding") {
		t.Errorf("a file that depends on the origin says Vary: %q", vary)
	}
	for _, other := range []string{"https://app.example.evil.example", "https://APP.example", "http://app.example", "null", "*", ""} {
		for _, d := range []door{s, bare(t)} {
			got := d.send(t, http.MethodOptions, "/org/update", "", append(preflight, "Origin", other)...)
			if got.status == http.StatusNoContent || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("preflight of %q: %d %v", other, got.status, got.header)
			}
			if got := d.get(t, "/healthz", "Origin", other).header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("request of %q: allowed %q", other, got)
			}
		}
	}
}

// What no route takes is a problem too: 405 with the methods that there are, 404 elsewhere, and never a redirect.
func TestUnknownPathsAndMethods(t *testing.T) {
	s := bare(t)
	for _, tc := range []struct{ method, path, allow string }{
		{"DELETE", "/org/get", "GET, HEAD"},
		{"TRACE", "/org/get", "GET, HEAD"},
		{"TRACE", "/healthz", "GET, HEAD"},
		{"OPTIONS", "/org/create", "POST"},
		{"GET", "/org/create", "POST"},
		{"BREW", "/v1/organizations/x", "DELETE, GET, HEAD, PATCH"},
		{"POST", "/v1/organizations/x/documents/y", "DELETE, GET, HEAD, PATCH, PUT"},
		{"POST", "/docs", "GET, HEAD"},
	} {
		got := s.send(t, tc.method, tc.path, "")
		got.refused(t, 405, api.CodeMethodNotAllowed)
		if got.header.Get("Allow") != tc.allow {
			t.Errorf("%s %s: Allow %q, want %q", tc.method, tc.path, got.header.Get("Allow"), tc.allow)
		}
	}
	withoutDocs := bare(t, func(o *httpapi.Options) { o.Docs = false })
	withoutDocs.get(t, "/docs").refused(t, 404, api.CodeNotFound)
	withoutDocs.get(t, "/docs/init.js").refused(t, 404, api.CodeNotFound)
	for _, path := range []string{
		"/", "/nowhere", "/org", "/org/get/", "//org/get", "/org//get", "/org/./get", "/x/../org/get", "/V1/me",
		"/docs/", "/docs/..%2f..%2fetc", "/docs/swagger-ui.js", "/v1/organizations/", "/debug/pprof/", "/v1/organizations/a%2Fb",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "TRACE"} {
			if got := s.send(t, method, path, ""); got.status != http.StatusNotFound && got.status != http.StatusUnauthorized &&
				got.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d, Location %q", method, path, got.status, got.header.Get("Location"))
			}
		}
	}
}

// Counting is by pattern, and what a client writes into a path or a method never becomes a label.
func TestMetrics(t *testing.T) {
	s := bare(t)
	s.get(t, "/healthz")
	s.get(t, "/healthz")
	s.get(t, "/secret-path")
	s.get(t, "/v1/organizations/secret-slug")
	s.send(t, "SECRETMETHOD", "/healthz", "")
	s.get(t, "/healthz", "Host", "evil.example")
	got := string(s.get(t, "/metrics").body)
	for _, want := range []string{
		`orgd_http_requests_total{method="GET",route="/healthz",status="200"} 3`,
		`orgd_http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`orgd_http_requests_total{method="GET",route="/v1/organizations/{org}",status="401"} 1`,
		`orgd_http_requests_total{method="OTHER",route="unmatched",status="405"} 1`,
		`orgd_http_request_duration_seconds_count{method="GET",route="/healthz"} 3`,
		`orgd_http_requests_in_flight 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(strings.ToLower(got), "secret") {
		t.Error("/metrics shows what a client chose")
	}
	if got := bare(t, func(o *httpapi.Options) { o.Metrics = false }).get(t, "/metrics"); got.status != http.StatusNotFound {
		t.Errorf("/metrics answers %d where it is not configured", got.status)
	}
}

// The listener of /metrics keeps the rules of the other one (rules 22, 27 and 28), and has nothing but that path.
func TestMetricsListener(t *testing.T) {
	whole := httpapi.New(httpapi.Deps{Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}, testOptions())
	s := door{whole.Metrics()}
	if got := s.get(t, "/metrics").want(t, http.StatusOK, nil); !strings.Contains(string(got.body), "orgd_http_requests_in_flight 1\n") {
		t.Errorf("/metrics says %.300s", got.body)
	}
	s.send(t, http.MethodHead, "/metrics", "").want(t, http.StatusOK, nil)
	s.get(t, "/metrics", "Host", "evil.example").refused(t, 421, api.CodeMisdirected)
	s.get(t, "/metrics", "Host", "10.0.0.1:9000").refused(t, 421, api.CodeMisdirected)
	for _, method := range []string{"POST", "TRACE", "OPTIONS"} {
		got := s.send(t, method, "/metrics", "")
		got.refused(t, 405, api.CodeMethodNotAllowed)
		if got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow %q", method, got.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/", "/debug/pprof/", "/debug/vars", "/healthz", "/org/get?organization_name=Acme", "/metrics/"} {
		s.get(t, path).refused(t, 404, api.CodeNotFound)
	}
	h := s.get(t, "/metrics", "X-Request-Id", "scrape-1").header
	if h.Get("X-Request-Id") != "scrape-1" || h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
}

// The log has one line for each request, with what a client chose cut and cleaned, and without queries and headers.
func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	s := door{httpapi.New(httpapi.Deps{Registry: prometheus.NewRegistry(), Log: slog.New(slog.NewTextHandler(&log, nil))}, testOptions())}
	s.get(t, "/x%0aforged%e2%80%ae?q=hidden-query", "Authorization", "Bearer hidden-token", "X-Request-Id", "mine")
	line := log.String()
	for _, want := range []string{`level=INFO`, `request_id=mine`, `method=GET`, `path=/xforged`, `status=404`, `address=192.0.2.1`, `code=not_found`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	if strings.Count(line, "\n") != 1 || strings.Contains(line, "hidden") {
		t.Errorf("the log says %s", line)
	}
	log.Reset()
	for request, want := range map[string]string{
		"GET /healthz": "method=GET path=/healthz ", "HEAD /healthz": "method=HEAD path=/healthz\n",
		"GET /v1/organizations/acme": "path=/v1/organizations/acme code=unauthenticated\n",
	} {
		method, path, _ := strings.Cut(request, " ")
		s.send(t, method, path, "")
		if !strings.Contains(log.String(), want) || strings.Count(log.String(), "path=") != 1 {
			t.Errorf("%s: the log says %s", request, log.String())
		}
		log.Reset()
	}
	s.get(t, "/"+strings.Repeat("a", 10_000))
	if log.Len() > 1000 {
		t.Errorf("a line of %d bytes", log.Len())
	}
}

// A defect is an error in the log, a busy or stopping server a warning, and what a client did wrong neither.
func TestLevelsOfTheAccessLog(t *testing.T) {
	for target, want := range map[string]string{"/nowhere": "INFO", "/readyz": "WARN"} {
		var log bytes.Buffer
		deps := httpapi.Deps{Registry: prometheus.NewRegistry(), Log: slog.New(slog.NewTextHandler(&log, nil)), Health: fullDisk{}}
		door{httpapi.New(deps, testOptions())}.get(t, target)
		if !strings.Contains(log.String(), "level="+want) {
			t.Errorf("%s: %s", target, log.String())
		}
	}
}

// A panic is a 500 that says nothing of it; the log has its stack; the server goes on.
func TestPanics(t *testing.T) {
	var log bytes.Buffer
	s := door{httpapi.New(httpapi.Deps{Registry: prometheus.NewRegistry(), Log: slog.New(slog.NewJSONHandler(&log, nil))}, testOptions())}
	got := s.get(t, "/readyz") // the server has no store: a defect
	p := got.refused(t, 500, api.CodeInternal)
	if strings.Contains(string(got.body), "nil pointer") || strings.Contains(string(got.body), "goroutine") {
		t.Errorf("the answer tells %s", got.body)
	}
	if !strings.Contains(log.String(), "nil pointer") || !strings.Contains(log.String(), p.RequestID) || !strings.Contains(log.String(), "health.go") {
		t.Errorf("the log does not tell: %s", log.String())
	}
	if got := s.get(t, "/healthz"); got.status != http.StatusOK {
		t.Errorf("the server answers %d afterwards", got.status)
	}
}

// HEAD is GET without the body, on every route that has GET.
func TestHead(t *testing.T) {
	s := bare(t)
	for _, path := range []string{"/healthz", "/docs", "/openapi.json", "/org/get", "/v1/me"} {
		head, get := s.send(t, http.MethodHead, path, ""), s.get(t, path)
		if head.status != get.status || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("HEAD %s: %d %q, GET: %d %q", path, head.status, head.header.Get("Content-Type"), get.status, get.header.Get("Content-Type"))
		}
	}
}

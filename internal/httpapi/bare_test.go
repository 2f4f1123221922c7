package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/httpapi"
)

// door is a server to which a test sends requests without a network.
type door struct{ handler http.Handler }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// bare is a server without rooms behind it, for what the door decides by itself.
func bare(t *testing.T, change ...func(*httpapi.Options)) door {
	t.Helper()
	return withDeps(t, func(*httpapi.Deps) {}, change...)
}

// withDeps is a bare server with some of the rooms.
func withDeps(t *testing.T, fill func(*httpapi.Deps), change ...func(*httpapi.Options)) door {
	t.Helper()
	options := testOptions()
	for _, c := range change {
		c(&options)
	}
	deps := httpapi.Deps{Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	fill(&deps)
	return door{httpapi.New(deps, options)}
}

func testOptions() httpapi.Options {
	return httpapi.Options{BodyLimit: 1 << 20, RequestTimeout: 4 * time.Second, Docs: true, Metrics: true}
}

// send sends a request as it is given; headers are name, value pairs.
func (d door) send(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8000"
	if body == "" {
		r.Body = http.NoBody
		r.ContentLength = 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "Remote":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Add(headers[i], headers[i+1])
			if headers[i] == "Content-Type" {
				r.Header["Content-Type"] = []string{headers[i+1]}
			}
		}
	}
	return d.do(t, r)
}

// anyRoute are the answers that every route may give before its act begins, or when it breaks, and that no description lists.
var anyRoute = []int{http.StatusMisdirectedRequest, http.StatusInternalServerError}

// do sends a request, and holds the answer to what the API's description lists.
func (d door) do(t testing.TB, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	result := w.Result()
	defer result.Body.Close()
	raw, err := io.ReadAll(result.Body)
	if err != nil {
		t.Fatal(err)
	}
	if s, ours := d.handler.(*httpapi.Server); ours && !slices.Contains(anyRoute, result.StatusCode) && !s.Describes(r, result.StatusCode) {
		t.Errorf("%s %s answers %d, which the API's description does not list for it: %.200s", r.Method, r.URL.Path, result.StatusCode, raw)
	}
	return answer{result.StatusCode, result.Header, raw}
}

func (d door) get(t testing.TB, target string, headers ...string) answer {
	t.Helper()
	return d.send(t, http.MethodGet, target, "", headers...)
}

// problem reads the answer as a problem and checks what holds for each.
func (a answer) problem(t testing.TB) api.Problem {
	t.Helper()
	var p api.Problem
	dec := json.NewDecoder(bytes.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		t.Fatalf("status %d is no problem (%v): %.300s", a.status, err, a.body)
	}
	switch {
	case a.header.Get("Content-Type") != "application/problem+json":
		t.Errorf("a problem of type %q", a.header.Get("Content-Type"))
	case p.Type != "about:blank", p.Title != http.StatusText(a.status), p.Status != a.status, p.Detail == "", p.Code == "":
		t.Errorf("an incomplete problem: %s", a.body)
	case p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id"):
		t.Errorf("request id %q in the problem, %q in the header", p.RequestID, a.header.Get("X-Request-Id"))
	case a.header.Get("Cache-Control") != "no-store":
		t.Errorf("a problem that may be stored: %q", a.header.Get("Cache-Control"))
	}
	return p
}

// refused checks that the answer is a problem of the status and code, and returns it.
func (a answer) refused(t testing.TB, status int, code api.Code) api.Problem {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d %s: %.300s", a.status, status, code, a.body)
	}
	p := a.problem(t)
	if p.Code != code {
		t.Fatalf("code %q, want %q: %s", p.Code, code, a.body)
	}
	return p
}

// raw sends bytes as they are and returns everything that comes back.
func raw(t testing.TB, server *httptest.Server, request string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// sink is the cheapest response writer there is.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkHandler compares GET /org/get, logging and metrics on, with a bare handler that sends the same bytes, both without
// a network.
func BenchmarkHandler(b *testing.B) {
	for name, handler := range contenders(b) {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/org/get?organization_name=Acme+50", nil)
			r.Host = "127.0.0.1:8000"
			r.Body = http.NoBody
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkRequest compares them over one connection each.
func BenchmarkRequest(b *testing.B) {
	for name, handler := range contenders(b) {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(handler)
			defer server.Close()
			conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			request := []byte("GET /org/get?organization_name=Acme+50 HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
			in := bufio.NewReader(conn)
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				answer, err := http.ReadResponse(in, nil) //nolint:bodyclose // read to its end below; the connection is ours
				if err != nil || answer.StatusCode != http.StatusOK {
					b.Fatal(err, answer)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
			}
		})
	}
}

// contenders are the real server among 100 organizations, and the limit.
func contenders(b *testing.B) map[string]http.Handler {
	b.Helper()
	w := newWorld(b, realTime)
	for i := range 100 {
		w.send(b, "POST", "/org/create", body(map[string]any{
			"organization_name": fmt.Sprintf("Acme %d", i), "email": fmt.Sprintf("a%d@acme.example", i), "password": goodPassword,
		})).want(b, http.StatusCreated, nil)
	}
	same := w.get(b, "/org/get?organization_name=Acme+50").want(b, http.StatusOK, nil)
	length := strconv.Itoa(len(same.body))
	return map[string]http.Handler{
		"orgd": w.handler,
		"bare": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			h := w.Header()
			maps.Copy(h, same.header)
			h["Content-Length"] = []string{length}
			_, _ = w.Write(same.body)
		}),
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/certs"
)

// site is a server in this process, with what a test does to it.
type site struct {
	t        *testing.T
	signals  chan os.Signal
	exited   chan int
	outdated chan error // to end it as one that its store refuses
	server   *server
	address  string
	environ  []string
	log, out *text
	// later is added to the server's clock.
	later atomic.Int64
}

// text is what a process wrote.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// launch runs orgd in a folder of its own until the test ends.
func launch(t *testing.T, environ ...string) *site {
	t.Helper()
	s := &site{t: t, signals: make(chan os.Signal, 2), exited: make(chan int, 1), outdated: make(chan error, 1), log: &text{}, out: &text{}}
	data := filepath.Join(t.TempDir(), "data")
	ready := make(chan *server, 1)
	s.environ = append([]string{"ORGD_LISTEN=127.0.0.1:0", "ORGD_BCRYPT_COST=10", "ORGD_STORE=sqlite:" + data}, environ...)
	p := &process{
		env: s.environ, stdin: strings.NewReader(""), stdout: s.out, stderr: s.log, now: s.now,
		signals: s.signals, kill: func(int) { t.Error("the server was killed") },
		serving: func(server *server) {
			server.app.outdated = s.outdated
			ready <- server
		},
	}
	go func() { s.exited <- run(context.Background(), p) }()
	select {
	case s.server = <-ready:
	case code := <-s.exited:
		t.Fatalf("orgd exits with %d:\n%s", code, s.log)
	}
	s.address = s.server.doors[0].listener.Addr().String()
	t.Cleanup(s.end)
	return s
}

// now is the server's clock.
func (s *site) now() time.Time { return time.Now().Add(time.Duration(s.later.Load())) }

// end ends the server in order; later calls do nothing.
func (s *site) end() {
	s.t.Helper()
	if s.exited == nil {
		return
	}
	s.signals <- os.Interrupt
	s.wantExit(exitDone)
}

func (s *site) wantExit(want int) {
	s.t.Helper()
	if got := <-s.exited; got != want {
		s.t.Errorf("orgd exits with %d, want %d:\n%s", got, want, s.log)
	}
	s.exited = nil
}

func (s *site) dial() net.Conn {
	s.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// status sends a GET and returns its status.
func (s *site) status(url string) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestRequestUnderWayIsFinished ends a server in the middle of a request's body, which the server has begun to read.
func TestRequestUnderWayIsFinished(t *testing.T) {
	t.Parallel()
	s := launch(t)
	body := `{"organization_name":"Acme","email":"ada@acme.example","password":"correct horse battery staple"}`
	conn := s.dial()
	answers := bufio.NewReader(conn)
	_, _ = fmt.Fprintf(conn, "POST /org/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server does not wait for the body: %q, %v", line, err)
	}
	_, _ = answers.ReadString('\n')
	_, _ = io.WriteString(conn, body[:10])

	s.signals <- os.Interrupt
	for { // until the server takes no more connections
		late, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address)
		if err != nil {
			break
		}
		_ = late.Close()
	}
	_, _ = io.WriteString(conn, body[10:])
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("the request under way is not answered: %v", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Errorf("the request under way is answered with %s", answer.Status)
	}
	s.wantExit(exitDone)
}

// TestSecondSignalEndsAtOnce keeps a request under way for ever.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	killed := make(chan int)
	p := &process{signals: make(chan os.Signal, 2), kill: func(code int) { killed <- code }}
	signals := make(chan os.Signal, 2)
	p.signals = signals
	stopped := make(chan struct{})
	alive, end := context.WithCancel(t.Context())
	defer end()
	go p.obey(alive, func() { close(stopped) })
	signals <- os.Interrupt
	<-stopped
	signals <- os.Interrupt
	if code := <-killed; code != exitFailed {
		t.Errorf("killed with %d, want %d", code, exitFailed)
	}
}

// TestRequestThatNeverEndsIsCut begins a request whose body never comes.
func TestRequestThatNeverEndsIsCut(t *testing.T) {
	t.Parallel()
	s := launch(t)
	conn := s.dial()
	_, _ = io.WriteString(conn, "POST /org/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server does not wait for the body: %q, %v", line, err)
	}
	s.server.drain = 50 * time.Millisecond
	s.signals <- os.Interrupt
	s.wantExit(exitFailed)
	if log := s.log.String(); !strings.HasSuffix(log, "orgd: requests that took too long were cut\n") {
		t.Errorf("the log ends without the reason:\n%s", log)
	}
}

// TestSlowClientIsCut sends something and then nothing to a server with the doors of orgd and less patience.
func TestSlowClientIsCut(t *testing.T) {
	t.Parallel()
	quick := limits{header: 50 * time.Millisecond, request: 50 * time.Millisecond, idle: 50 * time.Millisecond, headerBytes: 4096}
	reader := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	d := &door{setting: "ORGD_LISTEN", server: newHTTPServer(reader, quick, slog.New(slog.DiscardHandler))}
	var err error
	if d.listener, err = listen(t.Context(), "ORGD_LISTEN", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- d.serve() }()
	s := &site{t: t, address: d.listener.Addr().String()}
	for name, sent := range map[string]string{
		"nothing":       "",
		"half a header": "GET /healthz HTTP/1.1\r\nHost: local",
		"half a body":   "POST /org/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"idle":          "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		conn := s.dial()
		_, _ = io.WriteString(conn, sent)
		if _, err := io.Copy(io.Discard, conn); err != nil { // ends when the server hangs up
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.shut(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestLimitsLeaveEveryRequestItsTime(t *testing.T) {
	t.Parallel()
	s := launch(t, "ORGD_REQUEST_TIMEOUT=1m", "ORGD_LEASE=2m")
	server := s.server.doors[0].server
	if server.ReadTimeout < time.Minute || server.WriteTimeout < time.Minute || server.ReadHeaderTimeout == 0 || server.IdleTimeout == 0 {
		t.Errorf("limits of %s, %s, %s and %s for requests of a minute", server.ReadTimeout, server.WriteTimeout,
			server.ReadHeaderTimeout, server.IdleTimeout)
	}
}

// TestRenewedCertificateIsServed replaces the files of a running server.
func TestRenewedCertificateIsServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, "first")
	s := launch(t, "ORGD_TLS_CERT="+certFile, "ORGD_TLS_KEY="+keyFile)
	if got := s.certificate(); got != "first" {
		t.Errorf("the server shows %q", got)
	}
	writePair(t, certFile, keyFile, "second")
	s.later.Add(int64(certs.CheckEvery))
	if got := s.certificate(); got != "second" {
		t.Errorf("after the renewal the server shows %q", got)
	}
	if err := os.WriteFile(keyFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.later.Add(int64(certs.CheckEvery))
	if got := s.certificate(); got != "second" {
		t.Errorf("after a broken renewal the server shows %q", got)
	}
}

// certificate returns whose certificate a client sees.
func (s *site) certificate() string {
	s.t.Helper()
	conn := tls.Client(s.dial(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test looks at the certificate itself
	if err := conn.HandshakeContext(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// TestFailedLoginsCostWhatTheDearestAccountDoes lowers the cost after an account was made.
func TestFailedLoginsCostWhatTheDearestAccountDoes(t *testing.T) {
	t.Parallel()
	store := "ORGD_STORE=sqlite:" + filepath.Join(t.TempDir(), "data")
	dear := launch(t, store, "ORGD_BCRYPT_COST=11")
	if code, out, complaints := dear.orgd("operator", "add", "--email", "ops@example.com"); code != exitDone {
		t.Fatalf("exits with %d: %q %q", code, out, complaints)
	}
	dear.end()
	cheap := launch(t, store)
	if got := cheap.server.app.pool.FailureCost(); got != 11 {
		t.Errorf("the first failed login costs %d, want 11", got)
	}
}

// TestNoRequestPassesTheDoor sends what net/http would answer by itself.
func TestNoRequestPassesTheDoor(t *testing.T) {
	t.Parallel()
	s := launch(t)
	for host, want := range map[string]string{"localhost": "404", "evil.example": "421"} {
		conn := s.dial()
		if _, err := fmt.Fprintf(conn, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.HasPrefix(got, []byte("HTTP/1.1 "+want+" ")) || !bytes.Contains(got, []byte("application/problem+json")) {
			t.Errorf("OPTIONS * for %s is answered with %s (%v)", host, got, err)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, "first")
	s := launch(t, "ORGD_TLS_CERT="+certFile, "ORGD_TLS_KEY="+keyFile)
	conn := tls.Client(s.dial(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}) //nolint:gosec // an old client
	if err := conn.HandshakeContext(t.Context()); err == nil {
		t.Error("a client of TLS 1.1 is served")
	}
}

// TestMetricsStandApart asks for /metrics at each listener.
func TestMetricsStandApart(t *testing.T) {
	t.Parallel()
	off := launch(t)
	if got := off.status("http://" + off.address + "/metrics"); got != http.StatusNotFound {
		t.Errorf("without the setting: status %d", got)
	}
	on := launch(t, "ORGD_METRICS_LISTEN=127.0.0.1:0", "ORGD_LISTEN=127.0.0.1:00")
	metrics := on.server.doors[1].listener.Addr().String()
	for url, want := range map[string]int{
		"http://" + on.address + "/metrics": http.StatusNotFound,
		"http://" + metrics + "/metrics":    http.StatusOK,
		"http://" + metrics + "/healthz":    http.StatusNotFound,
	} {
		if got := on.status(url); got != want {
			t.Errorf("with a listener of its own, %s: status %d, want %d", url, got, want)
		}
	}
	both := launch(t, "ORGD_METRICS_LISTEN=127.0.0.1:0")
	if got := both.status("http://" + both.address + "/metrics"); got != http.StatusOK || len(both.server.doors) != 1 {
		t.Errorf("at the same address: status %d at %d listeners", got, len(both.server.doors))
	}
}

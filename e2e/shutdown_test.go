package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// slowRequest is a request of which the server has begun to read the body.
type slowRequest struct {
	t       testing.TB
	conn    net.Conn
	answers *bufio.Reader
	rest    string
}

// begin sends a document's head and its first bytes, once the server says that it waits for them.
func (o *owner) begin(id, body string) *slowRequest {
	o.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(o.t.Context(), "tcp", strings.TrimPrefix(o.url, "http://"))
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = conn.Close() })
	r := &slowRequest{t: o.t, conn: conn, answers: bufio.NewReader(conn), rest: body}
	r.send(fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", documentsOf(o.org.ID, id), o.token, len(body)))
	if line, err := r.answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		o.t.Fatalf("the server does not wait for the body: %q, %v", line, err)
	}
	_, _ = r.answers.ReadString('\n') // the empty line
	r.send(body[:1])
	r.rest = body[1:]
	return r
}

func (r *slowRequest) send(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, text); err != nil {
		r.t.Fatal(err)
	}
}

// finish sends the rest and returns the status.
func (r *slowRequest) finish() int {
	r.t.Helper()
	r.send(r.rest)
	answer, err := http.ReadResponse(r.answers, nil)
	if err != nil {
		r.t.Fatalf("the request under way is not answered: %v", err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// refusesConnections reports whether nobody listens any more.
func (s *server) refusesConnections() bool {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// TestShutdownFinishesRequests ends servers with each signal that asks for it, in the middle of requests.
func TestShutdownFinishesRequests(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		for name, signal := range map[string]syscall.Signal{"term": syscall.SIGTERM, "int": syscall.SIGINT} {
			var slow []*slowRequest
			for n := range 4 {
				slow = append(slow, ada.begin(fmt.Sprintf("%s-%d", name, n), `{"slow":true}`))
			}
			s.signal(signal)
			eventually(t, "the server takes no more connections", s.refusesConnections)
			for _, r := range slow {
				if status := r.finish(); status != http.StatusCreated {
					t.Errorf("a request under way is answered with %d", status)
				}
			}
			if err := s.ended(); err != nil {
				t.Errorf("after %s the server ends with %v", signal, err)
			}
			s.start()
			ada.caller = s.as(ada.token)
		}
		if docs := ada.documents(); len(docs) != 8 {
			t.Errorf("there are %d documents, want 8", len(docs))
		}
		wantContains(t, s.log.String(), "ending: no more connections are taken")
	})
}

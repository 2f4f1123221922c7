package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// bodyTimeout is how long a request's body may take to arrive; the time for the act begins when it has.
	bodyTimeout = 10 * time.Second
	// throttleDelay is how long the throttle may hold a login back, which its route waits out.
	throttleDelay = 10 * time.Second
)

// timeout is how long the act of a route may take.
func (s *Server) timeout(rt *route) time.Duration {
	if rt.waits {
		return s.options.RequestTimeout + throttleDelay
	}
	return s.options.RequestTimeout
}

// begin starts the time of an act, now that the body has arrived, and takes back the deadline for its arrival: net/http
// takes one that passes meanwhile for a client that has gone.
func (x *exchange) begin(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if len(x.route.media) > 0 {
		_ = huma.SetReadDeadline(x, time.Time{}) // a connection that cannot has no deadline either
	}
	return context.WithTimeout(ctx, limit)
}

// LongestRequest is how long an answer may take from the first byte of its request on: what a server's WriteTimeout must
// exceed.
func LongestRequest(requestTimeout time.Duration) time.Duration {
	return bodyTimeout + requestTimeout + throttleDelay
}

package httpapi

import "time"

const (
	// bodyTimeout is how long a request's body may take to arrive; the time for the act begins when it has.
	bodyTimeout = 10 * time.Second
	// throttleDelay is how long the throttle may hold a login back (rule 7 of SECURITY.md), which its route waits out.
	throttleDelay = 10 * time.Second
)

// timeout is how long the act of a route may take.
func (s *Server) timeout(rt *route) time.Duration {
	if rt.waits {
		return s.options.RequestTimeout + throttleDelay
	}
	return s.options.RequestTimeout
}

// LongestRequest is how long an answer may take from the first byte of its request on: what a server's WriteTimeout must
// exceed.
func LongestRequest(requestTimeout time.Duration) time.Duration {
	return bodyTimeout + requestTimeout + throttleDelay
}

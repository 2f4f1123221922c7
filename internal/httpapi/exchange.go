package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
)

// exchange is one request and its answer: what is learnt about the request on its way in, and the response writer that
// notes what goes out. One goroutine uses it.
type exchange struct {
	http.ResponseWriter
	start time.Time
	// id is the request id, address and prefix are the client's; see clientAddress.
	id      string
	address string
	prefix  string
	// route is nil until one has matched.
	route  *route
	caller access.Caller
	// token is what the caller was known by; "" for a stranger.
	token string
	// status and bytes are those of the answer; status is 0 until it has begun.
	status int
	bytes  int64
	// code and failure are set where the answer is a problem; failure is for the log alone.
	code    api.Code
	failure error
}

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write notes how much is sent.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(p)
	x.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

type exchangeKey struct{}

// within returns a context that carries the exchange to the handlers behind Huma, which see no writer.
func (x *exchange) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// exchangeOf returns the exchange that [exchange.within] put there. Every route's context has one.
func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("httpapi: a context without its exchange")
	}
	return x
}

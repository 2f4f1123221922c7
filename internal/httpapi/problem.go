package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/strictjson"
	"github.com/orgd/orgd/internal/tenant"
)

// problem is an error in the form in which clients see it, with the headers that belong to it. It is a huma.StatusError, a
// huma.HeadersError and a huma.ContentTypeFilter, so it passes Huma as it is.
type problem struct {
	api.Problem
	headers http.Header
	cause   error
}

// GetStatus returns the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers of the answer.
func (p *problem) GetHeaders() http.Header { return p.headers }

// ContentType says that the JSON is a problem.
func (p *problem) ContentType(string) string { return headerProblem[0] }

// Unwrap returns what the problem was made from, for the log.
func (p *problem) Unwrap() error { return p.cause }

// refusal makes a problem out of a code that only this room has.
func refusal(code api.Code, detail string) *problem {
	status := statuses[code]
	return &problem{Problem: api.Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code,
	}}
}

// badToken marks that the proof itself was refused (RFC 6750 section 3.1), where it was.
func badToken(err error) error {
	if !tenant.IsCode(err, tenant.CodeUnauthenticated) {
		return err
	}
	p := problemFrom(err)
	p.headers = http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}
	return p
}

// problemFrom gives any error its face. What is not known to be meant for the caller becomes a plain 500.
func problemFrom(err error) *problem {
	var (
		known  *problem
		own    *tenant.Error
		syntax *strictjson.SyntaxError
		p      *problem
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &own) && statuses[api.Code(own.Code)] != 0:
		p = problemOf(own)
	case errors.As(err, &syntax):
		p = notJSON(syntax.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = refusal(api.CodeUnavailable, "this took too long; try again")
		p.headers = retryAfter(time.Second)
	default:
		p = internal()
	}
	p.cause = err
	return p
}

// problemOf translates an error of the rooms below.
func problemOf(err *tenant.Error) *problem {
	code := api.Code(err.Code)
	if code == api.CodeInternal {
		return internal()
	}
	p := refusal(code, err.Message)
	for _, f := range err.Fields {
		p.Errors = append(p.Errors, api.FieldError{Location: f.Location, Code: f.Code, Message: f.Message})
	}
	switch {
	case code == api.CodeStaleAuthentication:
		p.headers = http.Header{"Www-Authenticate": {`Bearer error="insufficient_user_authentication", max_age=900`}}
	case p.Status == http.StatusUnauthorized:
		p.headers = http.Header{"Www-Authenticate": {"Bearer"}}
	case err.RetryAfter > 0:
		p.headers = retryAfter(err.RetryAfter)
	case p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests:
		p.headers = retryAfter(time.Second)
	}
	return p
}

// internal is what a caller learns of a defect.
func internal() *problem {
	return refusal(api.CodeInternal, "something went wrong in orgd; its log says more under this request's id")
}

// retryAfter is the header in whole seconds, rounded up (RFC 9110 section 10.2.3).
func retryAfter(wait time.Duration) http.Header {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}}
}

// problem gives an error its face for one exchange, and notes it for the log and the metrics.
func (x *exchange) problem(err error) *problem {
	p := *problemFrom(err)
	p.RequestID = x.id
	x.code, x.failure = p.Code, err
	return &p
}

// refuse answers an exchange with the problem of an error, outside Huma.
func (s *Server) refuse(x *exchange, err error) {
	p := x.problem(err)
	h := x.Header()
	maps.Copy(h, p.headers)
	h["Content-Type"] = headerProblem
	h["Cache-Control"] = headerNoStore
	x.WriteHeader(p.Status)
	writeJSON(x, &p.Problem)
}

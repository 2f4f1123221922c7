package api

import "fmt"

// Problem is the body of every answer of status 400 and above (RFC 9457, application/problem+json).
type Problem struct { //nolint:errname // the word of RFC 9457; that it can be returned as an error is an addition
	Type      string       `json:"type" doc:"Always about:blank: the code says more." example:"about:blank"`
	Title     string       `json:"title" doc:"The name of the status." example:"Unprocessable Entity"`
	Status    int          `json:"status" doc:"The HTTP status." example:"422"`
	Detail    string       `json:"detail" doc:"What happened, why, and what to do, for people." example:"body.email: this member is missing"`
	Code      Code         `json:"code" doc:"What happened, for programs: one of a closed list." example:"invalid"`
	Errors    []FieldError `json:"errors,omitempty" doc:"The parts of the request that were refused."`
	RequestID string       `json:"request_id" doc:"The id of this request in the server's log." example:"6ALXRYZI60LD-17"`
}

// Error tells status, code and detail, so that a client can return a problem as an error.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail)
}

// FieldError is one refused part of a request. It never repeats the value.
type FieldError struct {
	Location string `json:"location" doc:"Where it stands: body.email, query.limit, header.If-Match." example:"body.email"`
	Code     string `json:"code" doc:"What is wrong with it, for programs." example:"required"`
	Message  string `json:"message" doc:"What is wrong with it, for people." example:"this member is missing"`
}

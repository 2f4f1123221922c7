package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/tenant"
)

const idempotencyKey = "Idempotency-Key"

// checkKey refuses the header on routes whose answer holds a secret, since such an answer is never given again, and an
// empty or doubled one everywhere. Its characters are the keeper's affair. Routes that neither take nor refuse it can be
// repeated without it.
func (rt *route) checkKey(h http.Header) error {
	values, sent := h[idempotencyKey]
	switch {
	case !sent || !rt.keyed && !rt.secret:
		return nil
	case rt.secret:
		return tenant.Invalid("header.Idempotency-Key", "refused",
			"this route answers with a secret, which is not given twice: send the request without Idempotency-Key")
	case len(values) != 1 || values[0] == "":
		return tenant.Invalid("header.Idempotency-Key", "empty", "an Idempotency-Key has 1 to 255 characters and is sent once")
	default:
		return nil
	}
}

// once runs an act under the request's Idempotency-Key, if it has one. act is not called for a request that was carried out
// before, whose plan then says what it made.
func (s *Server) once(ctx context.Context, request idempotency.Request, act func(context.Context, idempotency.Plan) error,
) (plan idempotency.Plan, replayed bool, err error) {
	acted := false
	plan, _, err = s.deps.Idempotency.Do(ctx, request, func(ctx context.Context, plan idempotency.Plan) error {
		acted = true
		return act(ctx, plan)
	})
	return plan, !acted, err
}

// fingerprint is what makes two requests the same one: the values of the body, however they were written.
func fingerprint(body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // bodies are strings and pointers to strings
	}
	return raw
}

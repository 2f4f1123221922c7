package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/orgd/orgd/internal/access"
)

// route is one line of the list in routes.go: everything about a route but its types and its act.
type route struct {
	// at is method and path, as in "GET /org/get".
	at      string
	summary string
	about   string
	tag     string
	// status of success.
	status int
	entry  entry
	// fresh reads the caller's rights from the store instead of facts that are up to a second old.
	fresh bool
	// keyed routes take an Idempotency-Key, secret ones refuse it because their answer cannot be given twice.
	keyed  bool
	secret bool
	// waits are routes that the throttle may hold back.
	waits bool
	// media are the types that a body may have, JSON if empty; raw ones are read by the act.
	media []string
	raw   bool
	// also and errors are the statuses of success and failure that the description lists besides status and [route.refusals].
	also   []int
	errors []int

	// quick answers a usual form of the request by itself, or reports that it did not.
	quick func(*exchange, *http.Request) bool

	method, path string
	query        []string
	// limit is the longest body, in bytes.
	limit  int64
	series *series
	log    slog.Handler
}

const routeKey = "route"

// handle puts a typed act behind a route.
func handle[I, O any](s *Server, rt route, act func(context.Context, access.Caller, *I) (*O, error)) {
	rt.method, rt.path, _ = strings.Cut(rt.at, " ")
	rt.limit = s.options.BodyLimit
	op := rt.operation()
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		x := exchangeOf(ctx)
		ctx, cancel := x.begin(ctx, s.timeout(x.route))
		defer cancel()
		err := s.together(x.route)
		if err == nil {
			err = s.confirm(ctx, x)
		}
		if err != nil {
			return nil, x.problem(err)
		}
		out, err := act(ctx, x.caller, in)
		if err == nil {
			err = s.still(x.route)
		}
		if err != nil {
			return nil, x.problem(err)
		}
		return out, nil
	})
}

// operation is the route in Huma's words.
func (rt *route) operation() huma.Operation {
	op := huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: operationID(rt.method, rt.path),
		Summary: rt.summary, Description: rt.about, Tags: []string{rt.tag},
		DefaultStatus: rt.status,
		// The limit is exclusive in Huma: a body of MaxBodyBytes is refused already.
		MaxBodyBytes: rt.limit + 1, BodyReadTimeout: bodyTimeout,
		Errors:           slices.Clone(rt.errors),
		SkipValidateBody: rt.raw,
		Metadata:         map[string]any{routeKey: rt},
	}
	if rt.entry != nobody {
		op.Security = []map[string][]string{{bearerScheme: {}}}
		if rt.entry == anyone {
			op.Security = append(op.Security, map[string][]string{})
		}
	}
	return op
}

// operationID names an operation after its method and path: get-v1-organizations-org.
func operationID(method, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/{}.-", r) })
	return strings.ToLower(method) + "-" + strings.Join(words, "-")
}

// adapter lets Huma put its operations into the server's table of paths.
type adapter struct{ s *Server }

// Handle puts the route of the operation there.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	rt, ok := op.Metadata[routeKey].(*route)
	if !ok {
		panic("httpapi: an operation without a route: " + op.Path)
	}
	for _, p := range op.Parameters {
		if p.In == "query" {
			rt.query = append(rt.query, p.Name)
		}
	}
	if op.RequestBody != nil && rt.media == nil {
		rt.media = []string{jsonMedia}
	}
	rt.complete(op)
	a.s.observe(rt)
	a.s.mount(rt, func(x *exchange, r *http.Request) {
		if rt.quick != nil && rt.quick(x, r) {
			return
		}
		ctx := x.within(r.Context())
		if err := a.s.identify(ctx, x, r); err != nil {
			a.s.refuse(x, err)
			return
		}
		if err := rt.checkForm(r); err != nil {
			a.s.refuse(x, err)
			return
		}
		handler(humago.NewContext(op, r.WithContext(ctx), x))
	})
}

// ServeHTTP makes adapter a huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.s.ServeHTTP(w, r) }

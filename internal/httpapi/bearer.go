package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// entry is what a route asks of the Authorization header.
type entry int

const (
	// signedIn: a good token, else 401 before anything else is looked at.
	signedIn entry = iota
	// anyone: a good token tells who calls. One that is not good counts as none, since clients send the token that they
	// have with every request, also the one that signs them in anew.
	anyone
	// nobody: the header is not looked at; the route is about other proof.
	nobody
)

// identify fills in who calls. It reads a token from the Authorization header only: what a browser sends by itself, such
// as a cookie, proves nothing here.
func (s *Server) identify(ctx context.Context, x *exchange, r *http.Request) error {
	x.caller = x.stranger()
	if x.route.entry == nobody {
		return nil
	}
	token, ok := bearer(r.Header)
	if !ok {
		if x.route.entry != signedIn {
			return nil
		}
		return tenant.Errorf(tenant.CodeUnauthenticated, "sign in, and send the access token in the header Authorization: Bearer")
	}
	x.token = token
	return s.authenticate(ctx, x)
}

// confirm asks again who calls, once the body is there: a client chooses how long that takes, and a session that has ended
// meanwhile must not act.
func (s *Server) confirm(ctx context.Context, x *exchange) error {
	if x.token == "" || len(x.route.media) == 0 {
		return nil
	}
	return s.authenticate(ctx, x)
}

// authenticate fills in who sent the exchange's token.
func (s *Server) authenticate(ctx context.Context, x *exchange) error {
	x.caller = x.stranger()
	ctx, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
	defer cancel()
	caller, err := s.deps.Authn.Authenticate(ctx, x.token, x.caller, x.route.fresh)
	switch {
	case err == nil:
		x.caller = caller
		return nil
	case x.route.entry == anyone && tenant.IsCode(err, tenant.CodeUnauthenticated):
		return nil
	default:
		return badToken(err)
	}
}

// stranger is the caller of the exchange as long as nothing is proved.
func (x *exchange) stranger() access.Caller {
	return access.Caller{Kind: tenant.ActorAnonymous, Address: x.address, Prefix: x.prefix, RequestID: x.id}
}

// bearer returns the token of the only Authorization header, if that is what it has.
func bearer(h http.Header) (string, bool) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	return token, ok && token != "" && strings.EqualFold(scheme, "Bearer")
}

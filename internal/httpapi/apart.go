package httpapi

import (
	"net/http"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// together refuses to begin what would change something on a server that has lost touch with the others: they may have declared it
// dead and moved the installation to another store since.
func (s *Server) together(rt *route) error {
	if !s.apart(rt) {
		return nil
	}
	return &tenant.Error{
		Code: tenant.CodeUnavailable, RetryAfter: time.Second,
		Message: "this server has lost touch with the database and the other servers; try again in a moment",
	}
}

// still refuses to say that something is done which may have been done after that. A lease that holds now has held all the time, or
// was renewed by a heartbeat, which nobody who was declared dead can send.
func (s *Server) still(rt *route) error {
	if !s.apart(rt) {
		return nil
	}
	return tenant.Errorf(tenant.CodeUnknownOutcome,
		"this server lost touch with the database and the other servers while it worked on the request, which may have taken effect or not")
}

func (s *Server) apart(rt *route) bool {
	return rt.method != http.MethodGet && s.deps.Apart != nil && s.deps.Apart()
}

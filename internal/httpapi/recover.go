package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/orgd/orgd/internal/tenant"
)

// recoverPanics turns a panic into a problem of status 500 that says nothing of it, and logs it with its stack. Where the
// answer had begun, the connection is cut, so that the client cannot take half of it for the whole.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := asExchange(w)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			s.metrics.panics.Inc()
			s.log.ErrorContext(r.Context(), "a request panicked",
				"request_id", x.id, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if x.status != 0 {
				panic(http.ErrAbortHandler)
			}
			s.refuse(x, tenant.Errorf(tenant.CodeInternal, "a request panicked"))
		}()
		next.ServeHTTP(w, r)
	})
}

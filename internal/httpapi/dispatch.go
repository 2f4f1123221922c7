package httpapi

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/tenant"
)

// dispatch hands a request to its route. A path has one spelling: the table would redirect others to it, which clients
// follow with a GET.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	if !isPlainPath(r.URL.Path) {
		s.refuse(asExchange(w), noSuchRoute())
		return
	}
	s.mux.ServeHTTP(w, r)
}

func isPlainPath(p string) bool {
	return p == "/" || strings.HasPrefix(p, "/") && path.Clean(p) == strings.TrimSuffix(p, "/")
}

// refuseTheRest answers what no route takes: 405 with the methods that there are on known paths, 404 elsewhere.
func (s *Server) refuseTheRest() {
	for pattern, methods := range s.paths {
		allowed := slices.Clone(methods)
		if slices.Contains(allowed, http.MethodGet) {
			allowed = append(allowed, http.MethodHead)
		}
		slices.Sort(allowed)
		allow := strings.Join(allowed, ", ")
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { s.refuseMethod(asExchange(w), allow) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(asExchange(w), noSuchRoute())
	})
}

// refuseMethod answers a method that a known path does not take.
func (s *Server) refuseMethod(x *exchange, allow string) {
	x.Header().Set("Allow", allow)
	s.refuse(x, refusal(api.CodeMethodNotAllowed, "this path takes "+allow))
}

func noSuchRoute() error {
	return tenant.Errorf(tenant.CodeNotFound, "there is no such path; /openapi.json lists those that there are")
}

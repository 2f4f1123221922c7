package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Routes lists every route of the server, as "METHOD /path".
func (s *Server) Routes() []string {
	var list []string
	for path, methods := range s.paths {
		for _, method := range methods {
			list = append(list, method+" "+path)
		}
	}
	slices.Sort(list)
	return list
}

// Describes reports whether the description of the API lists the status among the answers of the request's route. Paths that no
// route takes, and pages that are not of the API, may answer anything.
func (s *Server) Describes(r *http.Request, status int) bool {
	_, pattern := s.mux.Handler(r)
	method, path, _ := strings.Cut(pattern, " ")
	item := s.huma.OpenAPI().Paths[path]
	if item == nil {
		return true
	}
	for of, op := range map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	} {
		if of == method {
			return op.Responses[strconv.Itoa(status)] != nil
		}
	}
	return false
}

package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// What pages of the listed origins may send and read. Credentials of the browser are not among it: the API takes a token
// from the Authorization header only.
var (
	corsRequestHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
	corsAnswerHeaders  = []string{"ETag, Location, Retry-After, WWW-Authenticate, X-Request-Id"}
	corsMethods        = "GET, HEAD, POST, PUT, PATCH, DELETE"
)

// allowOrigins answers pages of the listed origins (ORGD_CORS_ORIGINS); to all others it says nothing, which is a refusal.
func (s *Server) allowOrigins(next http.Handler) http.Handler {
	if len(s.options.CORSOrigins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || !slices.Contains(s.options.CORSOrigins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", strings.ToLower(corsRequestHeaders))
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h["Access-Control-Expose-Headers"] = corsAnswerHeaders
		next.ServeHTTP(w, r)
	})
}

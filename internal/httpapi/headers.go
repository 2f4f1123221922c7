package httpapi

import "net/http"

// What the browser may do with an answer of the API: nothing. The pages under /docs have a policy of their own.
const apiPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Header values that every answer shares. They are slices so that setting them allocates nothing; nobody appends to them.
var (
	headerPolicy     = []string{apiPolicy}
	headerNoSniff    = []string{"nosniff"}
	headerNoReferrer = []string{"no-referrer"}
	headerNoStore    = []string{"no-store"}
	headerHSTS       = []string{"max-age=63072000"}
	headerJSON       = []string{"application/json"}
	headerProblem    = []string{problemMedia}
)

// secureHeaders sets what every answer has. Routes whose answers hold neither credentials nor tenant data set another
// Cache-Control.
func (s *Server) secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Security-Policy"] = headerPolicy
		h["X-Content-Type-Options"] = headerNoSniff
		h["Referrer-Policy"] = headerNoReferrer
		h["Cache-Control"] = headerNoStore
		if s.https {
			h["Strict-Transport-Security"] = headerHSTS
		}
		next.ServeHTTP(w, r)
	})
}

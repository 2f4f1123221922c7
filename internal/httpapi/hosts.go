package httpapi

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/orgd/orgd/api"
)

// hosts is which names this server answers to: a request for another one reached it by mistake, or by a page in a browser
// that made its own name resolve here (DNS rebinding).
type hosts map[string]bool

// newHosts allows the host of the public URL and the listed ones; loopback is always allowed.
func newHosts(public string, listed []string) hosts {
	allowed := hosts{}
	for _, host := range append([]string{public}, listed...) {
		if _, err := netip.ParseAddr(host); err == nil && strings.Contains(host, ":") {
			host = "[" + host + "]" // ORGD_HOSTS names hosts without ports, and so needs no brackets
		}
		if name := hostname(host); name != "" {
			allowed[name] = true
		}
	}
	return allowed
}

func (h hosts) allows(host string) bool {
	name := hostname(host)
	if h[name] || name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// hostname returns the name or address of a Host header in its one spelling: lower case, without port, brackets and the dot
// at the end.
func hostname(host string) string {
	if strings.HasPrefix(host, "[") {
		name, rest, ok := strings.Cut(host[1:], "]")
		addr, err := netip.ParseAddr(name)
		if !ok || err != nil || rest != "" && !isPort(rest) {
			return ""
		}
		return addr.String()
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		if strings.IndexByte(host, ':') != i || !isPort(host[i:]) {
			return ""
		}
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isPort(s string) bool {
	return strings.HasPrefix(s, ":") && strings.Trim(s[1:], "0123456789") == ""
}

// checkHost refuses requests for other hosts. Health checks come by address and are excepted.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.hosts.allows(r.Host) && r.URL.Path != pathHealth && r.URL.Path != pathReady {
			s.refuse(asExchange(w), refusal(api.CodeMisdirected,
				"this server does not answer to the host of the request; set ORGD_PUBLIC_URL or ORGD_HOSTS if it should"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

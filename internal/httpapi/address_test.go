package httpapi

import (
	"net/http"
	"net/netip"
	"testing"
)

// The client is the peer, unless that is a trusted proxy: then the right-most address that is none.
func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, tc := range []struct {
		name            string
		peer            string
		forwarded       []string
		trusted         []netip.Prefix
		address, prefix string
	}{
		{"no proxy is trusted", "203.0.113.9:4711", []string{"198.51.100.1"}, nil, "203.0.113.9", "203.0.113.9"},
		{"a stranger claims to be forwarded", "203.0.113.9:4711", []string{"198.51.100.1"}, proxies, "203.0.113.9", "203.0.113.9"},
		{"through one proxy", "10.0.0.1:1", []string{"198.51.100.1"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"through two proxies", "10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"the client wrote an address itself", "10.0.0.1:1", []string{"192.0.2.66, 198.51.100.1"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"the client wrote a trusted address", "10.0.0.1:1", []string{"10.9.9.9, 198.51.100.1"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"two lines", "10.0.0.1:1", []string{"192.0.2.66", "198.51.100.1"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"with ports", "10.0.0.1:1", []string{"198.51.100.1:99"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"rubbish before the proxy", "10.0.0.1:1", []string{"198.51.100.1, unknown, 10.0.0.2"}, proxies, "10.0.0.2", "10.0.0.2"},
		{"rubbish at the end", "10.0.0.1:1", []string{"198.51.100.1, "}, proxies, "10.0.0.1", "10.0.0.1"},
		{"no header", "10.0.0.1:1", nil, proxies, "10.0.0.1", "10.0.0.1"},
		{"proxies only", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, proxies, "10.0.0.3", "10.0.0.3"},
		{"IPv6 counts by its /64", "[2001:db8:1:2:3:4:5:6]:1", nil, nil, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"IPv6 proxy", "[2001:db8:ffff::1]:1", []string{"2001:db8:1:2::9"}, proxies, "2001:db8:1:2::9", "2001:db8:1:2::/64"},
		{"IPv4 within IPv6 is IPv4", "[::ffff:203.0.113.9]:1", nil, nil, "203.0.113.9", "203.0.113.9"},
		{"IPv4 within IPv6 is a trusted proxy", "[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, proxies, "198.51.100.1", "198.51.100.1"},
		{"zones do not make two clients of one", "[fe80::1%eth0]:1", nil, nil, "fe80::1", "fe80::/64"},
		{"a socket without address", "@", []string{"198.51.100.1"}, proxies, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tc.peer, Header: http.Header{forwardedFor: tc.forwarded}}
			r.Header["Forwarded"] = []string{"for=192.0.2.99"}
			r.Header["X-Real-Ip"] = []string{"192.0.2.99"}
			address, prefix := clientAddress(r, tc.trusted)
			if address != tc.address || prefix != tc.prefix {
				t.Errorf("got %q in %q, want %q in %q", address, prefix, tc.address, tc.prefix)
			}
		})
	}
}

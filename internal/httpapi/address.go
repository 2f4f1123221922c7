package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedFor is the one forwarding header that is read, and only from trusted proxies.
const forwardedFor = "X-Forwarded-For"

// clientAddress returns the address of the client and the part of it that throttling counts: the whole IPv4 address, the
// /64 of an IPv6 one. It is the only place that decides who the client is.
//
// The peer of the connection counts, unless it is a trusted proxy: then the right-most address of X-Forwarded-For that is
// not one itself does. What stands left of that was sent by the client and may say anything; an entry that is no address
// ends the walk at the proxy that passed it on.
func clientAddress(r *http.Request, trusted []netip.Prefix) (address, prefix string) {
	client := parseAddress(r.RemoteAddr)
	if isTrusted(client, trusted) {
		client = forwardedClient(client, r.Header[forwardedFor], trusted)
	}
	if !client.IsValid() {
		return "", ""
	}
	address = client.String()
	if client.Is4() {
		return address, address
	}
	network, err := client.Prefix(64)
	if err != nil {
		return address, address
	}
	return address, network.String()
}

// forwardedClient walks the header's lines and entries from the right.
func forwardedClient(proxy netip.Addr, lines []string, trusted []netip.Prefix) netip.Addr {
	for _, rest := range slices.Backward(lines) {
		for rest != "" {
			var entry string
			if cut := strings.LastIndexByte(rest, ','); cut >= 0 {
				rest, entry = rest[:cut], rest[cut+1:]
			} else {
				rest, entry = "", rest
			}
			client := parseAddress(strings.TrimSpace(entry))
			if !client.IsValid() {
				return proxy
			}
			if !isTrusted(client, trusted) {
				return client
			}
			proxy = client
		}
	}
	return proxy
}

// parseAddress reads an address with or without a port; the zone is dropped and IPv4 within IPv6 becomes IPv4, so that one
// client has one spelling.
func parseAddress(s string) netip.Addr {
	var addr netip.Addr
	if colon := strings.IndexByte(s, ':'); colon == 0 || colon < 0 || strings.Count(s, ":") > 1 && s[0] != '[' {
		addr, _ = netip.ParseAddr(s)
	} else {
		withPort, _ := netip.ParseAddrPort(s)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone("")
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

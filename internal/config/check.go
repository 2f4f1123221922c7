package config

import (
	"fmt"
	"net"
	"net/netip"
)

// check holds settings to the rules that concern more than one of them.
func check(l *Loaded) error {
	c := &l.Config
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return fmt.Errorf("ORGD_TLS_CERT (%s) is set and ORGD_TLS_KEY is not; set both or neither", l.source("ORGD_TLS_CERT"))
	case c.TLSKey != "" && c.TLSCert == "":
		return fmt.Errorf("ORGD_TLS_KEY (%s) is set and ORGD_TLS_CERT is not; set both or neither", l.source("ORGD_TLS_KEY"))
	case c.Store.URI != "" && c.KeyFile == "":
		return fmt.Errorf("ORGD_STORE (%s) is a MongoDB server, where the server's keys may lie encrypted only: make a key file with \"orgd keys file PATH\" and set ORGD_KEY_FILE to its path",
			l.source("ORGD_STORE"))
	case c.RequestTimeout >= c.Lease:
		return fmt.Errorf("ORGD_REQUEST_TIMEOUT is %s and must be shorter than ORGD_LEASE, which is %s", c.RequestTimeout, c.Lease)
	}
	for _, listener := range []struct{ env, address string }{
		{"ORGD_LISTEN", c.Listen}, {"ORGD_METRICS_LISTEN", c.MetricsListen},
	} {
		if listener.address != "" && !Loopback(listener.address) && !c.TLS() && !c.BehindTLS {
			return fmt.Errorf("%s (%s) is %s, which others can reach in clear text: set ORGD_TLS_CERT and ORGD_TLS_KEY, or ORGD_BEHIND_TLS=1 if a proxy in front speaks TLS",
				listener.env, l.source(listener.env), listener.address)
		}
	}
	return nil
}

// Loopback reports whether an address HOST:PORT is reachable from its own host only. A name other than localhost is not
// looked up and counts as reachable.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// source returns where a setting's value came from.
func (l *Loaded) source(env string) string {
	for _, v := range l.Values {
		if v.Setting.Env == env {
			return v.Source
		}
	}
	return ""
}

package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// faultNet is a network between a server and its database server, which a story disturbs.
type faultNet struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

// newFaultNet returns a network to the server of the URI.
func newFaultNet(t *testing.T, uri string) *faultNet {
	t.Helper()
	server, err := url.Parse(uri)
	must(t, err)
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &faultNet{t: t, proxy: toxiproxy.NewProxy(api, "engine", "127.0.0.1:0", server.Host)}
	must(t, n.proxy.Start())
	t.Cleanup(func() {
		n.calm()
		n.proxy.Stop()
	})
	return n
}

// uri returns the URI by which the server of another URI is reached through the network.
func (n *faultNet) uri(direct string) string {
	n.t.Helper()
	server, err := url.Parse(direct)
	must(n.t, err)
	query := server.Query()
	query.Del("replicaSet") // whose members would be reached by their own addresses
	query.Set("directConnection", "true")
	server.Host, server.RawQuery = n.proxy.Listen, query.Encode()
	return server.String()
}

// toxic adds a toxic, told in the proxy's own language: times are in milliseconds.
func (n *faultNet) toxic(kind, stream, attributes string) {
	n.t.Helper()
	_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(
		fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, kind, stream, attributes)))
	must(n.t, err)
}

// calm ends what disturbs the network.
func (n *faultNet) calm() { n.proxy.Toxics.ResetToxics(n.t.Context()) }

// cut ends all connections and refuses new ones until mend.
func (n *faultNet) cut() { n.proxy.Stop() }

func (n *faultNet) mend() {
	n.t.Helper()
	must(n.t, n.proxy.Start())
}

package mongo

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// faultNet is a network between a store and its engine. After each so many calls it is disturbed in another way, and after as
// many more it is calm again, in an order that the seed decides.
type faultNet struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	// spell is how many calls a disturbance lasts, and the calm before it.
	spell int

	mu    sync.Mutex
	rand  *rand.Rand
	calls int
	// next are the disturbances to come until all were there; past counts those that were.
	next []string
	past int
	// breaks is after how many calls all connections end; zero is never.
	breaks int
}

// disturbance is something that happens to a network, until it is calm again.
type disturbance func(n *faultNet)

// disturbances are what a network goes through. Toxics are told to the proxy in its own language: times are in
// milliseconds, the delay of a slicer in microseconds. A connection of few bytes ends while it is set up or soon afterwards.
var disturbances = map[string]disturbance{
	"answers are late":                     toxic("latency", "downstream", `"latency": %d, "jitter": 60`, 60, 150),
	"commands are late":                    toxic("latency", "upstream", `"latency": %d, "jitter": 60`, 60, 150),
	"answers trickle":                      toxic("slicer", "downstream", `"average_size": %d, "delay": 1500`, 4, 64),
	"connections end within early answers": toxic("limit_data", "downstream", `"bytes": %d`, 1, 2000),
	"connections end within an answer":     toxic("limit_data", "downstream", `"bytes": %d`, 2000, 10000),
	"connections end within a command":     toxic("limit_data", "upstream", `"bytes": %d`, 500, 10000),
	"answers meet a reset":                 toxic("reset_peer", "downstream", `"timeout": %d`, 0, 60),
	"commands meet a reset":                toxic("reset_peer", "upstream", `"timeout": %d`, 0, 60),
	"no answer comes, then the end":        toxic("timeout", "downstream", `"timeout": %d`, 50, 400),
	"no answer comes":                      toxic("timeout", "downstream", `"timeout": %d`, 0, 1),
	"no command arrives":                   toxic("timeout", "upstream", `"timeout": %d`, 0, 1),
	"all connections end, often":           (*faultNet).breakOften,
}

// newFaultNet returns a network to the server of the URI.
func newFaultNet(t *testing.T, uri string, spell int, seed uint64) *faultNet {
	t.Helper()
	server, err := url.Parse(uri)
	must(t, err)
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &faultNet{
		t: t, proxy: toxiproxy.NewProxy(api, "engine", "127.0.0.1:0", server.Host), spell: spell,
		rand: rand.New(rand.NewPCG(seed, 0)),
	}
	must(t, n.proxy.Start())
	t.Cleanup(func() {
		n.calm()
		n.proxy.Stop()
	})
	return n
}

// uri returns the URI by which the server of another URI is reached through the network.
func (n *faultNet) uri(direct string) string {
	server, err := url.Parse(direct)
	must(n.t, err)
	query := server.Query()
	query.Del("replicaSet") // whose members would be reached by their own addresses
	query.Set("directConnection", "true")
	server.Host, server.RawQuery = n.proxy.Listen, query.Encode()
	return server.String()
}

// turn counts a call that is about to be made, and disturbs the network when it is time.
func (n *faultNet) turn() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	if n.breaks > 0 && n.calls%n.breaks == 0 {
		n.restart()
	}
	if n.calls%n.spell != 0 {
		return
	}
	n.proxy.Toxics.ResetToxics(n.t.Context())
	n.breaks = 0
	if n.calls/n.spell%2 == 0 {
		return // so that the next disturbance meets calls that are under way
	}
	if len(n.next) == 0 {
		n.next = slices.Sorted(maps.Keys(disturbances))
		n.rand.Shuffle(len(n.next), func(i, j int) { n.next[i], n.next[j] = n.next[j], n.next[i] })
	}
	disturbances[n.next[0]](n)
	n.next = n.next[1:]
	n.past++
}

// rounds returns how often each disturbance was there.
func (n *faultNet) rounds() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return (n.past - 1) / len(disturbances) // the last one has only begun
}

// calm ends the disturbance.
func (n *faultNet) calm() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.proxy.Toxics.ResetToxics(n.t.Context())
	n.breaks = 0
}

// toxic returns a disturbance by a toxic of which one number lies between low and high.
func toxic(kind, stream, attributes string, low, high int) disturbance {
	return func(n *faultNet) {
		_, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
			`{"type": %q, "stream": %q, "attributes": {`+attributes+`}}`, kind, stream, low+n.rand.IntN(high-low))))
		if err != nil {
			n.t.Errorf("disturb the network: %v", err)
		}
	}
}

func (n *faultNet) breakOften() { n.breaks = 1 + n.spell/4 }

// restart ends all connections, and takes new ones.
func (n *faultNet) restart() {
	n.proxy.Stop()
	if err := n.proxy.Start(); err != nil {
		n.t.Errorf("restart the proxy: %v", err)
	}
}

// leftByProxies are the goroutines that a proxy leaves behind where it has cut a connection while something passed.
func leftByProxies() []goleak.Option {
	const proxy = "github.com/Shopify/toxiproxy/v2"
	return []goleak.Option{
		goleak.IgnoreAnyFunction(proxy + "/toxics.(*ToxicStub).Run"), goleak.IgnoreAnyFunction(proxy + ".(*ToxicLink).read"),
	}
}

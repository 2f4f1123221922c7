package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// faults are what a network goes through. Each lasts until the probes have got so many answers.
var faults = []struct {
	name       string
	begin, end func(n *faultNet)
}{
	{"answers are late", func(n *faultNet) { n.toxic("latency", "downstream", `"latency": 120, "jitter": 80`) }, (*faultNet).calm},
	{"commands are late", func(n *faultNet) { n.toxic("latency", "upstream", `"latency": 120, "jitter": 80`) }, (*faultNet).calm},
	{"connections end within an answer", func(n *faultNet) { n.toxic("limit_data", "downstream", `"bytes": 7000`) }, (*faultNet).calm},
	{"connections end within a command", func(n *faultNet) { n.toxic("limit_data", "upstream", `"bytes": 7000`) }, (*faultNet).calm},
	{"answers meet a reset", func(n *faultNet) { n.toxic("reset_peer", "downstream", `"timeout": 20`) }, (*faultNet).calm},
	{"no answer comes", func(n *faultNet) { n.toxic("timeout", "downstream", `"timeout": 0`) }, (*faultNet).calm},
	{"no command arrives", func(n *faultNet) { n.toxic("timeout", "upstream", `"timeout": 0`) }, (*faultNet).calm},
	{"all connections end", (*faultNet).cut, (*faultNet).mend},
}

const (
	// faultsSeed decides the order of the faults and what the clients do.
	faultsSeed = 20260305
	// faultAnswers is how many answers a fault lasts.
	faultAnswers = 8
)

// TestServeOverAFaultyNetwork lets clients create, rename, write, delete and restore while the network to the database server
// delays, cuts and swallows what passes: every answer is a success or 503 with Retry-After, in time; what was acknowledged is
// there once, nothing is between old and new, and the server is ready again by itself after each fault.
func TestServeOverAFaultyNetwork(t *testing.T) {
	t.Parallel()
	uri, err := engine()
	must(t, err)
	net := newFaultNet(t, uri)
	s := launch(t, mongoStore, "ORGD_STORE="+net.uri(uri), "ORGD_THROTTLE=off", "ORGD_TOKEN_TTL=24h")
	k := newBearing(t, s, faultsSeed)
	probes := startProbes(s.found("Probe", "probe@acme.example"))
	k.known(probes.owner)
	k.bear(func(*round) {
		rng := rand.New(rand.NewPCG(faultsSeed, 0))
		for _, i := range rng.Perm(len(faults)) {
			fault, began, before := faults[i], time.Now(), probes.answered()
			fault.begin(net)
			eventually(t, fault.name+": requests are answered", func() bool { return probes.answered() >= before+faultAnswers })
			fault.end(net)
			lasted := time.Since(began)
			eventually(t, fault.name+": the server is ready", s.ready)
			t.Logf("%s, for %s; ready after %s", fault.name, lasted.Round(time.Millisecond), (time.Since(began) - lasted).Round(time.Millisecond))
		}
	})
	probes.end()
	s.stop()
	for _, wrong := range k.book.inspect(mongoStore.inspect(t, s)) {
		t.Error(wrong)
	}
}

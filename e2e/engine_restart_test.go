package e2e

import (
	"testing"
	"time"
)

// TestEngineRestartsUnderLoad kills the database server under load, and another time ends it in order, and starts it again:
// meanwhile requests are refused with 503 and Retry-After and the server says that it is not ready; afterwards it is, without
// having been started anew, and nothing acknowledged is lost.
func TestEngineRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := launch(t, e.store(e.uri), "ORGD_THROTTLE=off", "ORGD_TOKEN_TTL=24h")
	k := newBearing(t, s, 4)
	for _, end := range []string{"kill", "stop"} {
		probes := startProbes(s.found("Probe of "+end, end+"@probe.example"))
		k.known(probes.owner)
		k.bear(func(*round) {
			began := time.Now()
			e.run(end)
			eventually(t, "the server is not ready", func() bool { return !s.ready() })
			unready := time.Since(began)
			before := probes.refusals()
			eventually(t, "requests are refused", func() bool { return probes.refusals() >= before+4 })
			began = time.Now()
			e.run("start")
			eventually(t, "the server is ready", s.ready)
			t.Logf("after %s of the engine it is not ready after %s; after its start it is ready after %s", end,
				unready.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		})
		probes.end()
	}
	s.stop()
	for _, wrong := range k.book.inspect(e.look().remains()) {
		t.Error(wrong)
	}
}

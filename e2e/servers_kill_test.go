package e2e

import (
	"testing"
	"time"
)

// TestKillOneOfTwo kills one of two servers at random moments while clients create, rename, write, delete and restore through both.
// The other one takes over what it was at as soon as its heartbeats have stood still for its lease and two seconds, by a look each
// second: every organization is as before the act under way or as after it, nothing acknowledged is lost, nothing lies around, and
// each act stands in the audit log once.
//
// ORGD_KILL_ROUNDS is the number of rounds, ORGD_KILL_SEED repeats the choices of a run.
func TestKillOneOfTwo(t *testing.T) {
	t.Parallel()
	seed, rounds := number(t, "ORGD_KILL_SEED", time.Now().UnixNano()), number(t, "ORGD_KILL_ROUNDS", 5)
	t.Logf("ORGD_KILL_SEED=%d", seed)
	p := launchPool(t, 2, append([]string{"ORGD_THROTTLE=off", "ORGD_TOKEN_TTL=24h"}, mongoStore.mortal...)...)
	k := newKilling(p.servers[0], seed)
	k.pool = p
	for n := range rounds {
		k.killOne(int(n) + 1)
		if t.Failed() {
			t.FailNow()
		}
	}
	k.finish()
}

// takenOver is how soon a survivor has ended what a killed server was at: the lease of mongoStore.mortal, two seconds and one more,
// and what the operations themselves take on a busy machine.
const takenOver = 3*time.Second + 2*time.Second + time.Second + 2*time.Second

// killOne is a round in which one server of the pool is killed, and the other one judged.
func (k *killing) killOne(n int) {
	k.t.Helper()
	victim := k.pool.servers[k.rng.IntN(2)]
	for _, s := range k.pool.servers {
		if s != victim {
			k.server = s
		}
	}
	r := k.workUntil(n, victim.kill)
	killed := time.Now()
	k.settle()
	took := time.Since(killed)
	if took > takenOver {
		k.t.Errorf("round %d: what the killed server was at was ended after %s", n, took)
	}
	k.t.Logf("round %d: taken over after %s", n, took.Round(time.Millisecond))
	k.judge(n, r)
	for _, s := range k.pool.servers {
		s.start()
	}
}

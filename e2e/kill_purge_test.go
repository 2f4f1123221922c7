package e2e

import (
	"path/filepath"
	"testing"
	"time"
)

// TestKillPurging kills the server at random moments while clients create and delete, and each deletion purges. After the next start
// no file and no entry in the list is left of what was deleted, its name and address are free, and the audit log tells of both acts
// once.
//
// On the embedded store alone: on MongoDB what a killed server was at stays in the trash for an hour, since something may be late.
func TestKillPurging(t *testing.T) {
	t.Parallel()
	seed, rounds := number(t, "ORGD_KILL_SEED", time.Now().UnixNano()), number(t, "ORGD_KILL_ROUNDS", 6)
	t.Logf("ORGD_KILL_SEED=%d", seed)
	k := newKilling(launch(t, sqliteStore, "ORGD_THROTTLE=off", "ORGD_TOKEN_TTL=24h", "ORGD_DELETE_RETENTION=0"), seed)
	k.purging = true
	for n := range rounds {
		r := k.workUntil(int(n)+1, k.kill)
		k.start()
		eventually(t, "what was deleted is purged", func() bool {
			for _, org := range k.as(k.operator.token).organizations() {
				if life(org.State) != living {
					return false
				}
			}
			return true
		})
		k.judge(int(n)+1, r)
		if t.Failed() {
			t.FailNow()
		}
		k.start()
	}
	t.Log(k.book.counts())
}

// awaitTrash waits until something is in the trash, where a deletion that purges leaves it for a few milliseconds. It looks without a
// pause, and not for long: the deletion may be over.
func (k *killing) awaitTrash() {
	k.t.Helper()
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
		if len(listNames(k.t, filepath.Join(k.data(), "trash"))) > 0 {
			return
		}
	}
}

package sqlite

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
)

// Whoever opens the folder is its only server, so nobody works on what an earlier one had begun.
func TestLeasesEndWithTheServer(t *testing.T) {
	dir := t.TempDir() + "/data"
	now := time.Now()
	record := store.IdempotencyRecord{Key: "k", Caller: "c", Fingerprint: "f", LeaseUntil: now.Add(time.Minute), ExpiresAt: now.Add(time.Hour)}
	for round := range 2 {
		db, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		stored, fresh, err := db.Store().Idempotency.Begin(t.Context(), record, now, 10)
		if err != nil || fresh != (round == 0) {
			t.Errorf("round %d: fresh %t (%v)", round, fresh, err)
		}
		if round == 1 && !stored.LeaseUntil.IsZero() {
			t.Errorf("after a start the lease of a dead server runs until %v", stored.LeaseUntil)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

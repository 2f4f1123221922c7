package mongo

import (
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// A relay that cannot move entries to the log makes the store unready after half a minute, and one that can makes it ready
// again.
func TestStuckRelayIsTold(t *testing.T) {
	o, tick := still()
	var ahead atomic.Int64
	o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	db := openTest(t, o)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	ahead.Store(int64(time.Minute)) // the entry is due
	log := db.main.Collection("audit")
	application(t, log, bson.D{e("_id", "broken"), e("layout", 1), e("organization", string(org.ID)), e("seq", "one")})
	for range failedRounds {
		must(t, db.Store().Health.Ping(t.Context()))
		tick <- time.Now()
	}
	tick <- time.Now() // the round before is over
	want(t, tenant.CodeUnavailable, db.Store().Health.Ping(t.Context()), "ping with a relay that is stuck")
	_, err := log.DeleteOne(t.Context(), bson.M{"_id": "broken"})
	must(t, err)
	tick <- time.Now()
	tick <- time.Now()
	must(t, db.Store().Health.Ping(t.Context()))
	chain(t, db, org.ID, 1)
}

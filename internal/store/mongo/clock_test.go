package mongo

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// apart is how far the clocks of two machines may differ.
const apart = 2 * time.Minute

// clock returns a clock that is ahead of the machine's, or behind it.
func clock(ahead time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(ahead) }
}

// The engine forgets counters, by an index and its own clock. A server whose clock is behind asks for it so late that they
// last as long as it may ask for them.
func TestCountersOutliveAClockThatIsBehind(t *testing.T) {
	behind := clock(-apart)
	db := openTest(t, Options{Now: behind, tick: make(chan time.Time)})
	leak, counters := store.Leak{TTL: 80 * time.Second}, db.private.Collection("throttle")
	specs, err := counters.Indexes().ListSpecifications(t.Context())
	must(t, err)
	var spare time.Duration // that the index leaves
	for _, spec := range specs {
		if spec.ExpireAfterSeconds != nil {
			spare = time.Duration(*spec.ExpireAfterSeconds) * time.Second
		}
	}
	for _, what := range []string{"begun", "added to"} {
		_, err := db.Store().Throttle.Add(t.Context(), "counter", 1, leak, behind())
		must(t, err)
		var counter struct {
			ForgetAt time.Time `bson:"forget_at"`
		}
		must(t, counters.FindOne(t.Context(), bson.M{"_id": "counter"}).Decode(&counter))
		var engine struct {
			Time time.Time `bson:"localTime"`
		}
		must(t, db.main.RunCommand(t.Context(), bson.D{e("hello", 1)}).Decode(&engine))
		if left := counter.ForgetAt.Add(spare).Sub(engine.Time); left < leak.TTL {
			t.Errorf("a counter that was %s is forgotten after %s, want %s at least", what, left, leak.TTL)
		}
	}
}

// Nothing but the counters of the throttle is left to the engine's clock: no other index forgets, and no command asks the
// engine for the time.
func TestEngineIsNotAskedForTheTime(t *testing.T) {
	var w wire
	o, tick := still()
	o.client = w.options
	db := openTest(t, o)
	everyNoun(t, db, time.Now())
	tick <- noon
	tick <- noon
	for _, command := range w.take() {
		for _, word := range []string{"$$NOW", "$$CLUSTER_TIME", "$currentDate", "$currentOp"} {
			if strings.Contains(command.String(), word) {
				t.Errorf("a command asks for the engine's time: %s", command)
			}
		}
	}
	var forgetting []string
	for _, database := range []*mongo.Database{db.main, db.private} {
		names, err := database.ListCollectionNames(t.Context(), bson.M{})
		must(t, err)
		for _, name := range names {
			indexes, err := database.Collection(name).Indexes().ListSpecifications(t.Context())
			must(t, err)
			for _, index := range indexes {
				if index.ExpireAfterSeconds != nil {
					forgetting = append(forgetting, name+"."+index.Name)
				}
			}
		}
	}
	if !slices.Equal(forgetting, []string{"throttle.forget"}) {
		t.Errorf("the indexes that forget are %v", forgetting)
	}
}

// everyNoun writes, changes and removes one of everything that has a time in it, at a time of the server's clock.
func everyNoun(t *testing.T, db *DB, now time.Time) {
	t.Helper()
	s, ctx, org := db.Store(), t.Context(), newOrg()
	must(t, s.Orgs.Insert(ctx, org, entry(org.ID)))
	touch(t, db, org.ID, entry(org.ID))
	must(t, s.Orgs.Remove(ctx, org.ID, 2, entry(org.ID)))
	must(t, s.Sessions.Insert(ctx, tenant.Session{ID: "s", CreatedAt: now, ExpiresAt: now.Add(time.Minute)}))
	must(t, s.Sessions.End(ctx, "s", now))
	record := store.IdempotencyRecord{Key: "k", Caller: "c", WriteID: "w", LeaseUntil: now, ExpiresAt: now.Add(time.Minute)}
	_, _, err := s.Idempotency.Begin(ctx, record, now, 9)
	must(t, err)
	must(t, s.Idempotency.TakeOver(ctx, "k", now, now.Add(time.Second)))
	for range 2 {
		_, err = s.Throttle.Add(ctx, "k", 1, store.Leak{TTL: time.Minute}, now)
		must(t, err)
	}
	must(t, db.throttle().trim(ctx, 0))
	must(t, s.Instances.Register(ctx, tenant.Instance{ID: "i", Heartbeat: tenant.Heartbeat{Counter: 1}}))
	must(t, s.Instances.Beat(ctx, "i", tenant.Heartbeat{Counter: 2}))
	place := settle(t, db)
	_, err = s.Documents.Insert(ctx, place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w", CreatedAt: now}, 0)
	must(t, err)
	must(t, s.Places.Trash(ctx, place, "op"))
	must(t, s.Places.Drop(ctx, place.Org, "op"))
	for what, purge := range map[string]func(context.Context, time.Time, int) (int, error){
		"sessions": s.Sessions.PurgeExpired, "requests": s.Idempotency.PurgeExpired,
	} {
		for _, c := range []struct {
			at   time.Time
			want int
		}{{now.Add(59 * time.Second), 0}, {now.Add(61 * time.Second), 1}} {
			if n, err := purge(ctx, c.at, 9); err != nil || n != c.want {
				t.Errorf("at %s %d %s were purged (%v), want %d", c.at, n, what, err, c.want)
			}
		}
	}
}

// Two servers whose clocks are apart write to one organization in turn. The log has the entries of each document in the
// order of its changes, each once and in one chain, and a reader waits for nobody's clock.
func TestLogOfServersWhoseClocksAreApart(t *testing.T) {
	ahead := openTest(t, Options{Now: clock(apart), tick: make(chan time.Time)})
	tick := make(chan time.Time)
	var waited atomic.Int64
	behind := join(t, ahead, Options{URI: engine(t), tick: tick, Now: func() time.Time {
		return clock(time.Duration(waited.Load()) - apart)()
	}})
	org := newOrg()
	must(t, ahead.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
	user := tenant.User{ID: tenant.UserID(tenant.NewID())}
	first := entry(org.ID)
	must(t, ahead.Store().Users.Insert(t.Context(), user, first))
	var changes []tenant.EntryID
	for i := range 6 {
		e := entry(org.ID)
		touch(t, []*DB{ahead, behind}[i%2], org.ID, e)
		changes = append(changes, e.ID)
	}
	waited.Store(int64(2 * relayPeriod))
	tick <- noon
	tick <- noon
	if box, _ := outboxOf(t, behind.main.Collection("organizations"), string(org.ID)); len(box) != 0 {
		t.Errorf("%d entries lie in the outbox of the organization, want none", len(box))
	}
	// What a server takes for the future, and nothing of its own follows, it leaves where it is.
	if box, there := outboxOf(t, behind.main.Collection("users"), string(user.ID)); !there || len(box) != 1 {
		t.Errorf("%d entries lie in the outbox of the user, want 1", len(box))
	}
	var got []tenant.EntryID
	for _, e := range chain(t, behind, org.ID, 7) {
		if e.ID != first.ID {
			got = append(got, e.ID)
		}
	}
	if !slices.Equal(got, changes) {
		t.Errorf("the log tells of changes %v, want %v", got, changes)
	}
	if !slices.EqualFunc(chain(t, ahead, org.ID, 7), chain(t, behind, org.ID, 7), func(a, b tenant.AuditEntry) bool { return a.Hash() == b.Hash() }) {
		t.Errorf("the servers tell of two logs")
	}
}

// What a server wrote whose clock is ahead is moved to the log by another one, at the latest when its own clock is there.
func TestEntriesOfAServerAheadAreMoved(t *testing.T) {
	ahead := openTest(t, Options{Now: clock(apart), tick: make(chan time.Time)})
	org := newOrg()
	must(t, ahead.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	tick := make(chan time.Time)
	later := join(t, ahead, Options{URI: engine(t), Now: clock(apart + 2*relayPeriod), tick: tick})
	tick <- noon
	tick <- noon
	n, err := later.main.Collection("audit").CountDocuments(t.Context(), bson.M{"organization": string(org.ID)})
	if err != nil || n != 1 {
		t.Errorf("the log has %d entries (%v), want 1", n, err)
	}
}

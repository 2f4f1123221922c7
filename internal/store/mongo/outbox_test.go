package mongo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// still returns options of a store whose relay does not move unless a test lets it.
func still() (o Options, tick chan<- time.Time) {
	c := make(chan time.Time)
	return Options{tick: c}, c
}

// outboxOf returns the outbox of a document, and whether the document is there.
func outboxOf(t *testing.T, coll *mongo.Collection, id string) (outbox, bool) {
	t.Helper()
	raw, err := coll.FindOne(t.Context(), bson.M{"_id": id}).Raw()
	if isMissing(err) {
		return nil, false
	}
	must(t, err)
	o, err := readOutbox(raw)
	must(t, err)
	return o, true
}

// touch updates an organization with an entry.
func touch(t *testing.T, db *DB, id tenant.OrgID, e tenant.AuditEntry) tenant.Organization {
	t.Helper()
	org, err := db.Store().Orgs.Update(t.Context(), id, e, func(*tenant.Organization) error { return nil })
	must(t, err)
	return org
}

// chain reads an organization's log and complains unless it is whole and has so many entries.
func chain(t *testing.T, db *DB, org tenant.OrgID, n int) []tenant.AuditEntry {
	t.Helper()
	list, err := db.Store().Audit.List(t.Context(), org, 0, 1000)
	must(t, err)
	hash := ""
	for i, e := range list {
		if e.Seq != int64(i)+1 || e.PrevHash != hash {
			t.Fatalf("entry %d has number %d and follows %q, want %q", i, e.Seq, e.PrevHash, hash)
		}
		hash = e.Hash()
	}
	if len(list) != n {
		t.Errorf("the log has %d entries, want %d", len(list), n)
	}
	return list
}

// An outbox never has more than its bound: the write that finds it full relays it first.
func TestOutboxIsBounded(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
	const writes = maxLetters + 3
	for range writes {
		touch(t, db, org.ID, entry(org.ID))
	}
	if box, _ := outboxOf(t, db.main.Collection("organizations"), string(org.ID)); len(box) != writes-maxLetters {
		t.Errorf("the outbox holds %d entries, want %d", len(box), writes-maxLetters)
	}
	for range 3 {
		touch(t, db, org.ID, entry(org.ID).With("large", strings.Repeat("x", maxOutboxBytes/2)))
	}
	if box, _ := outboxOf(t, db.main.Collection("organizations"), string(org.ID)); len(box) != 1 {
		t.Errorf("the outbox holds %d large entries, want 1", len(box))
	}
	huge := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), huge, tenant.Upkeep{}))
	touch(t, db, huge.ID, entry(huge.ID).With("huge", strings.Repeat("x", 2*maxOutboxBytes)))
	chain(t, db, huge.ID, 1)
	list := chain(t, db, org.ID, writes+3)
	if last := touch(t, db, org.ID, entry(org.ID)); last.Version != writes+3+2 {
		t.Errorf("the version is %d: relaying must not raise it", last.Version)
	}
	if !slices.IsSortedFunc(list, func(a, b tenant.AuditEntry) int { return strings.Compare(string(a.ID), string(b.ID)) }) {
		t.Errorf("the log is not in the order of the writes")
	}
}

// A relay that dies between the log and the outbox leaves an entry in both; it is in the log once all the same.
func TestRelayCutShort(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	touch(t, db, org.ID, entry(org.ID))
	boxes, err := db.relay.gather(t.Context(), string(org.ID), 0)
	must(t, err)
	must(t, db.relay.post(t.Context(), string(org.ID), inOrder(boxes)[:1]))
	chain(t, db, org.ID, 2)
	if box, _ := outboxOf(t, db.main.Collection("organizations"), string(org.ID)); len(box) != 0 {
		t.Errorf("the outbox still holds %d entries", len(box))
	}
}

// A document that was removed is a tombstone until its entries are in the log: without claims, without fields, for nobody
// to find. Then it is gone, and so are those whose entries belong to several organizations.
func TestTombstone(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	orgs := []tenant.OrgID{tenant.OrgID(tenant.NewID()), tenant.OrgID(tenant.NewID())}
	user := tenant.User{
		ID: tenant.UserID(tenant.NewID()), Email: "a@example.com", PasswordHash: "secret", Claims: []tenant.Claim{"email:a@example.com"},
	}
	must(t, db.Store().Users.Insert(t.Context(), user, entry(orgs[0])))
	must(t, db.Store().Users.Remove(t.Context(), user.ID, entry(orgs[1])))
	raw, err := db.main.Collection("users").FindOne(t.Context(), bson.M{"_id": string(user.ID)}).Raw()
	must(t, err)
	for _, secret := range []string{"secret", "example.com"} {
		if strings.Contains(raw.String(), secret) {
			t.Errorf("the tombstone still holds %q: %s", secret, raw)
		}
	}
	_, err = db.Store().Users.Get(t.Context(), user.ID)
	want(t, tenant.CodeNotFound, err, "get")
	next := user
	next.ID = tenant.UserID(tenant.NewID())
	must(t, db.Store().Users.Insert(t.Context(), next, tenant.Upkeep{}))
	chain(t, db, orgs[0], 1)
	if box, there := outboxOf(t, db.main.Collection("users"), string(user.ID)); !there || len(box) != 1 {
		t.Errorf("with one of two entries moved the tombstone is there: %t, with %d", there, len(box))
	}
	chain(t, db, orgs[1], 1)
	if _, there := outboxOf(t, db.main.Collection("users"), string(user.ID)); there {
		t.Errorf("the tombstone is still there after its entries were moved")
	}
	must(t, db.Store().Users.Insert(t.Context(), tenant.User{ID: user.ID}, tenant.Upkeep{}))
}

// An insert under the id of a tombstone relays it first.
func TestInsertOverATombstone(t *testing.T) {
	o, _ := still()
	db := openTest(t, o)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	must(t, db.Store().Orgs.Remove(t.Context(), org.ID, 1, entry(org.ID)))
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	chain(t, db, org.ID, 3)
}

// The relay's rounds move what nobody reads, but not what was posted just now.
func TestRelayRounds(t *testing.T) {
	o, tick := still()
	now := make(chan time.Time, 1)
	now <- noon
	o.Now = func() time.Time {
		at := <-now
		now <- at
		return at
	}
	db := openTest(t, o)
	org := newOrg()
	must(t, db.Store().Orgs.Insert(t.Context(), org, entry(org.ID)))
	logged := func() int64 {
		tick <- noon // the second is taken when the round of the first has ended
		tick <- noon
		n, err := db.main.Collection("audit").CountDocuments(t.Context(), bson.M{"organization": string(org.ID)})
		must(t, err)
		return n
	}
	if n := logged(); n != 0 {
		t.Errorf("%d entries were moved the moment they were posted", n)
	}
	<-now
	now <- noon.Add(2 * relayPeriod)
	if n := logged(); n != 1 {
		t.Errorf("%d entries are in the log after a round, want 1", n)
	}
	if box, _ := outboxOf(t, db.main.Collection("organizations"), string(org.ID)); len(box) != 0 {
		t.Errorf("the outbox still holds %d entries", len(box))
	}
}

package mongo

import (
	"context"
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// idle opens a store whose relay does nothing by itself.
func idle(t *testing.T, o Options) *DB {
	t.Helper()
	o.tick, o.DocumentTime = make(chan time.Time), 4*time.Second
	return openTest(t, o)
}

// all reads a table, n records at a time.
func all[T any](t *testing.T, table store.Table[T], n int) (list []T) {
	t.Helper()
	var after *T
	for {
		page, err := table.Scan(t.Context(), after, n)
		must(t, err)
		if list = append(list, page...); len(page) < n {
			return list
		}
		after = &page[n-1]
	}
}

// linked returns n entries of an organization's log.
func linked(org tenant.OrgID, n int) (list []tenant.AuditEntry) {
	prev := ""
	for i := range n {
		next := entry(org)
		next.Seq, next.PrevHash = int64(i+1), prev
		list, prev = append(list, next), next.Hash()
	}
	return list
}

// The log goes on where the last entry that was added ends, and what waited in an outbox is in it before it is read or cleared.
func TestLogAfterTransfer(t *testing.T) {
	db := idle(t, Options{})
	s, org := db.Store(), newOrg()
	added := linked(org.ID, 3)
	must(t, s.Transfer.Audit.Add(t.Context(), added))
	must(t, s.Orgs.Insert(t.Context(), org, entry(org.ID)))
	must(t, s.Orgs.Remove(t.Context(), org.ID, 1, entry(org.ID)))
	if left := all(t, s.Transfer.Orgs, 9); len(left) != 0 {
		t.Errorf("an organization that was removed is a record: %+v", left)
	}
	log := all(t, s.Transfer.Audit, 2)
	if len(log) != 5 || !reflect.DeepEqual(log[:3], added) {
		t.Fatalf("the log is %+v", log)
	}
	for i, e := range log[1:] {
		if e.PrevHash != log[i].Hash() || e.Seq != log[i].Seq+1 {
			t.Errorf("entry %d does not follow the one before: %+v", e.Seq, e)
		}
	}
	other := newOrg()
	must(t, s.Orgs.Insert(t.Context(), other, entry(org.ID)))
	must(t, s.Transfer.Audit.Clear(t.Context()))
	must(t, db.relay.settle(t.Context()))
	if log := all(t, s.Transfer.Audit, 9); len(log) != 0 {
		t.Errorf("after Clear the log has %+v", log)
	}
}

// What others have written into the catalog's collections is no record, and stays.
func TestTablesWithStrangers(t *testing.T) {
	db := idle(t, Options{})
	s := db.Store().Transfer
	stranger := bson.D{e("_id", "stranger"), e("claims", bson.A{"name:acme"}), e("organization", ""), e("email", "a@example.com")}
	for coll, empty := range map[string]func(context.Context) error{
		"organizations": s.Orgs.Clear, "users": s.Users.Clear, "operators": s.Operators.Clear, "audit": s.Audit.Clear,
	} {
		application(t, db.main.Collection(coll), stranger)
		must(t, empty(t.Context()))
		if n, err := db.main.Collection(coll).CountDocuments(t.Context(), bson.M{}); err != nil || n != 1 {
			t.Errorf("%s: after Clear %d documents of others are left (%v), want 1", coll, n, err)
		}
	}
	if len(all(t, s.Orgs, 9))+len(all(t, s.Users, 9))+len(all(t, s.Operators, 9))+len(all(t, s.Audit, 9)) > 0 {
		t.Error("what others have written is read as records")
	}
	org := newOrg()
	org.ID = "stranger"
	want(t, tenant.CodeConflict, s.Orgs.Add(t.Context(), []tenant.Organization{org}), "add under a stranger's id")
}

// A record whose predecessor of the same id waits for its audit entry to go takes its place.
func TestAddOverATombstone(t *testing.T) {
	db := idle(t, Options{})
	s, org := db.Store(), newOrg()
	must(t, s.Orgs.Insert(t.Context(), org, entry(org.ID)))
	must(t, s.Orgs.Remove(t.Context(), org.ID, 1, entry(org.ID)))
	org.Version = 7
	must(t, s.Transfer.Orgs.Add(t.Context(), []tenant.Organization{org}))
	if list := all(t, s.Transfer.Orgs, 9); len(list) != 1 || list[0].Version != 7 {
		t.Errorf("the records are %+v", list)
	}
	if log := all(t, s.Transfer.Audit, 9); len(log) != 2 {
		t.Errorf("the log is %+v, want both entries", log)
	}
}

// A record that is there is equal whatever the order of its claims, and one that is added can be changed like any other.
func TestAddedRecordLives(t *testing.T) {
	db := idle(t, Options{})
	s, org := db.Store(), newOrg()
	org.Version = 5
	must(t, s.Transfer.Orgs.Add(t.Context(), []tenant.Organization{org}))
	again := org.Clone()
	again.Claims[0], again.Claims[1] = again.Claims[1], again.Claims[0]
	must(t, s.Transfer.Orgs.Add(t.Context(), []tenant.Organization{again}))
	changed, err := s.Orgs.Update(t.Context(), org.ID, entry(org.ID), func(o *tenant.Organization) error {
		o.Epoch++
		return nil
	})
	if err != nil || changed.Version != 6 {
		t.Errorf("after an update the organization is %+v (%v)", changed, err)
	}
	want(t, tenant.CodeConflict, s.Transfer.Orgs.Add(t.Context(), []tenant.Organization{org}), "add what is there at another version")
}

// What the store is for is no part of its layout, and survives a swap whose answer is lost.
func TestStandingBesideTheLayout(t *testing.T) {
	o := Options{Database: "orgd_t_standing_" + tenant.NewID()[:8]}
	db := idle(t, o)
	closed := tenant.Standing{Phase: tenant.PhaseClosed, Peer: "elsewhere", Since: noon}
	s := db.Store().Transfer.Standing
	must(t, s.Swap(t.Context(), tenant.Standing{}, closed))
	if again, err := openTest(t, o).Store().Transfer.Standing.Get(t.Context()); err != nil || again != closed {
		t.Errorf("after another start the standing is %+v (%v)", again, err)
	}
	want(t, tenant.CodeConflict, s.Swap(t.Context(), tenant.Standing{}, closed), "swap of what is not there")
	must(t, s.Swap(t.Context(), closed, tenant.Standing{}))
	must(t, s.Swap(t.Context(), tenant.Standing{}, closed))
}

package mongo

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Whatever command of an Add was the last before a crash: called again, it ends with every record once and as it is.
func TestAddCutShort(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	table := db.Store().Transfer.Sessions
	records := make([]tenant.Session, 2*addAtOnce+1)
	for i := range records {
		records[i] = tenant.Session{ID: tenant.SessionID(fmt.Sprintf("%05d", i)), Generation: int64(i), CreatedAt: noon}
	}
	for n, whole := 1, false; !whole; n++ {
		whole = s.cut(t, n, func(ctx context.Context) error { return table.Add(ctx, records) })
		must(t, table.Add(t.Context(), records))
		if list := all(t, table, addAtOnce); !reflect.DeepEqual(list, records) {
			t.Errorf("cut after %d commands and repeated, there are %d records, want %d", n, len(list), len(records))
		}
		must(t, table.Clear(t.Context()))
	}
}

// Whatever command of a Clear was the last before a crash: called again, it leaves no record, and no entry of the log is lost.
func TestClearCutShort(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	st := db.Store()
	for n, whole := 1, false; !whole; n++ {
		gone, kept := newOrg(), newOrg()
		must(t, st.Orgs.Insert(t.Context(), gone, entry(gone.ID)))
		must(t, st.Orgs.Remove(t.Context(), gone.ID, 1, entry(gone.ID)))
		must(t, st.Orgs.Insert(t.Context(), kept, entry(kept.ID)))
		whole = s.cut(t, n, st.Transfer.Orgs.Clear)
		must(t, st.Transfer.Orgs.Clear(t.Context()))
		log := all(t, st.Transfer.Audit, 9)
		if list := all(t, st.Transfer.Orgs, 9); len(list) > 0 || len(log) != 3 {
			t.Errorf("cut after %d commands and repeated, there are %d records and %d entries in the log, want none and 3", n, len(list), len(log))
		}
		must(t, st.Transfer.Audit.Clear(t.Context()))
	}
}

// Whatever command of a Load was the last before a crash: called again, it ends with the documents as they are, whether they were
// there before or not.
func TestLoadCutShort(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	homes := db.Store().Transfer.Homes
	docs := []tenant.Document{
		{ID: "doc", Version: 4, Data: tenant.Data(`{"n":4}`), WriteID: "w", UpdatedAt: noon},
		{ID: "6b0653c04768fe9f002cf29e", Version: 1, Data: tenant.Data(`{}`), WriteID: "w", CreatedAt: noon},
	}
	for n, whole := 1, false; !whole; n++ {
		place := newPlace()
		fill(t, db)(place)
		whole = s.cut(t, n, func(ctx context.Context) error { return homes.Load(ctx, place, docs) })
		must(t, homes.Load(t.Context(), place, docs))
		list := scan(t, homes, store.Home{Place: place}, 9)
		slices.Reverse(list)
		if !reflect.DeepEqual(list, docs) {
			t.Errorf("cut after %d commands and repeated, there is %+v", n, list)
		}
	}
}

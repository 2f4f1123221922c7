package storetest

import (
	"reflect"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// trailCases prove for every write to the catalog that its audit entry is written with it, and only then.
func trailCases() []Case {
	return about("Audit",
		clause{name: "EveryWriteIsLookedAt", check: everyWriteIsLookedAt},
		clause{name: "EveryWriteLeavesItsEntry", check: everyWriteLeavesItsEntry},
		clause{name: "StepsAndUpkeepLeaveNone", alone: true, check: stepsAndUpkeepLeaveNone},
		clause{name: "RefusedWritesLeaveNone", check: refusedWritesLeaveNone},
		clause{name: "AnEntryIsWrittenOnce", check: anEntryIsWrittenOnce},
		clause{name: "AnEntryOfManyWritesIsWrittenOnce", check: anEntryOfManyWritesIsWrittenOnce},
	)
}

// log returns an organization's entries, read by pages of two, and complains unless their chain is whole: they are numbered
// from 1 without gaps, and each holds the hash of the one before.
func (d *desk) log(org tenant.OrgID) []tenant.AuditEntry {
	d.Helper()
	var all []tenant.AuditEntry
	for {
		page, err := d.Audit.List(d.Context(), org, int64(len(all)), 2)
		d.need(err, "list the log after %d", len(all))
		if len(page) > 2 {
			d.Errorf("a page has %d entries, want at most 2", len(page))
		}
		for _, e := range page {
			before := ""
			if len(all) > 0 {
				before = all[len(all)-1].Hash()
			}
			all = append(all, e)
			if e.Seq != int64(len(all)) || e.PrevHash != before || e.Org != org {
				d.Fatalf("entry %d of %q has number %d, organization %q and the hash %q, want %q", len(all), org, e.Seq, e.Org, e.PrevHash, before)
			}
		}
		if len(page) < 2 {
			return all
		}
	}
}

// chained returns entries as they come back from the log of one organization.
func chained(entries ...tenant.AuditEntry) []tenant.AuditEntry {
	var log []tenant.AuditEntry
	before := ""
	for i, e := range entries {
		e = settled(e)
		e.Seq, e.PrevHash = int64(i)+1, before
		before = e.Hash()
		log = append(log, e)
	}
	return log
}

// The table has every method of the contract that takes a trail.
func everyWriteIsLookedAt(d *desk) {
	var want, have []string
	for name, method := range methodsOf(reflect.TypeFor[store.Store](), "") {
		if slices.Contains(slices.Collect(method.Type.Ins()), reflect.TypeFor[tenant.Trail]()) {
			want = append(want, name)
		}
	}
	for _, a := range acts {
		have = append(have, a.method)
	}
	slices.Sort(want)
	slices.Sort(have)
	d.same(have, want, "the writes that the cases look at")
}

func everyWriteLeavesItsEntry(d *desk) {
	for _, a := range acts {
		org := tenant.OrgID(tenant.NewID())
		entries := []tenant.AuditEntry{newEntry(org), newEntry(org)}
		for i, e := range entries {
			d.need(a.do(d, e), "%s", a.method)
			d.same(d.log(org), chained(entries[:i+1]...), "the log after %s", a.method)
		}
	}
}

func stepsAndUpkeepLeaveNone(d *desk) {
	for _, a := range acts {
		for _, trail := range []tenant.Trail{tenant.OperationRef{ID: tenant.OperationID(tenant.NewID())}, upkeep} {
			d.need(a.do(d, trail), "%s", a.method)
		}
	}
	orgs, err := d.Orgs.List(d.Context(), store.OrgFilter{}, "", 100)
	d.need(err, "list the organizations")
	d.same(len(orgs) > 2, true, "whether there are organizations to look at")
	for _, org := range append(orgs, tenant.Organization{}) {
		d.same(len(d.log(org.ID)), 0, "the entries of %q", org.ID)
	}
}

func refusedWritesLeaveNone(d *desk) {
	for _, a := range acts {
		for i, refused := range a.refused {
			org := tenant.OrgID(tenant.NewID())
			if err := refused(d, newEntry(org)); err == nil {
				d.Errorf("%s: refusal %d is none", a.method, i)
			}
			d.same(len(d.log(org)), 0, "the entries after refusal %d of %s", i, a.method)
		}
	}
}

// An operation that is taken over writes its last step again, with the entry that was fixed at its beginning.
func anEntryIsWrittenOnce(d *desk) {
	for _, a := range acts {
		org := tenant.OrgID(tenant.NewID())
		first, next := newEntry(org), newEntry(org)
		again := first.With("attempt", "2")
		for _, e := range []tenant.AuditEntry{first, first, next, again, first} {
			d.need(a.do(d, e), "%s", a.method)
		}
		d.same(d.log(org), chained(first, next), "the log after %s with the same entries again and again", a.method)
	}
}

func anEntryOfManyWritesIsWrittenOnce(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	e := newEntry(org)
	errs := together(len(acts), func(i int) error { return acts[i].do(d, e) })
	d.allDone(errs, "writes with one entry")
	d.same(d.log(org), chained(e), "the log after many writes with one entry")
}

package storetest

import (
	"reflect"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func auditCases() []Case {
	return about("Audit",
		clause{name: "EntriesKeepEveryField", check: entriesKeepEveryField},
		clause{name: "EntriesShareNothing", check: entriesShareNothing},
		clause{name: "ListGoesByNumber", check: auditListGoesByNumber},
		clause{name: "LogsAreApart", check: auditLogsAreApart},
		clause{name: "WritersAtOnceLeaveNoGap", check: writersAtOnceLeaveNoGap},
		clause{name: "ReadersSeeNoGap", check: readersSeeNoGap},
		clause{name: "EntriesOutliveTheirOrganization", check: entriesOutliveTheirOrganization},
		clause{name: "EntriesOfTheInstallation", alone: true, check: entriesOfTheInstallation},
	)
}

// enter writes an entry with an upsert of nothing in particular.
func (d *desk) enter(e tenant.AuditEntry) {
	d.Helper()
	d.need(d.Users.Insert(d.Context(), newUser(), e), "write with an entry")
}

func entriesKeepEveryField(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	full, bare := newEntry(org), tenant.AuditEntry{ID: newEntry(org).ID, Org: org, At: noon, Detail: map[string]string{}}
	for _, path := range blanks(full) {
		if path != ".Seq" && path != ".PrevHash" && path != ".Detail[empty]" {
			d.Errorf("the case leaves %s empty: a field of the vocabulary is not tested", path)
		}
	}
	full.Detail["$ne"], full.Detail["a.b"], full.Detail[""] = "sign", "dot", "no name"
	full.Address = strings.Repeat("x", 256)
	full.Seq, full.PrevHash = 99, "the store sets both"
	d.enter(full)
	d.enter(bare)
	d.same(d.log(org), chained(full, bare), "the log")
}

func entriesShareNothing(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	e := newEntry(org)
	want := chained(copyOf(e))
	d.enter(e)
	scribble(reflect.ValueOf(&e))
	got := d.log(org)
	scribble(reflect.ValueOf(&got))
	d.same(d.log(org), want, "the log after what went in and what came back were overwritten")
}

func auditListGoesByNumber(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	for i := range 5 {
		e := newEntry(org)
		e.At = noon.Add(-time.Duration(i) * time.Hour) // the clocks of several servers are not one
		d.enter(e)
	}
	all := d.log(org)
	for _, page := range []struct {
		after int64
		limit int
		want  []tenant.AuditEntry
	}{
		{0, 1, all[:1]}, {0, 9, all}, {2, 2, all[2:4]}, {3, 9, all[3:]}, {4, 2, all[4:]}, {5, 2, nil}, {99, 2, nil},
	} {
		got, err := d.Audit.List(d.Context(), org, page.after, page.limit)
		d.need(err, "list %d after %d", page.limit, page.after)
		d.same(got, page.want, "%d after %d", page.limit, page.after)
	}
}

func auditLogsAreApart(d *desk) {
	orgs := fresh[tenant.OrgID](2)
	var first, other []tenant.AuditEntry
	for range 2 {
		first, other = append(first, newEntry(orgs[0])), append(other, newEntry(orgs[1]))
		d.enter(first[len(first)-1])
		d.enter(other[len(other)-1])
	}
	d.same(d.log(orgs[0]), chained(first...), "the log of the one")
	d.same(d.log(orgs[1]), chained(other...), "the log of the other")
	for _, nobody := range []tenant.OrgID{tenant.OrgID(tenant.NewID()), tenant.OrgID(strings.ToUpper(string(orgs[0]))), "%"} {
		d.same(len(d.log(nobody)), 0, "the entries of %q", nobody)
	}
}

// writers are so many writes of all kinds with an entry of the organization each.
func (d *desk) writers(n int, org tenant.OrgID) []tenant.AuditEntry {
	d.Helper()
	entries := make([]tenant.AuditEntry, n)
	for i := range entries {
		entries[i] = newEntry(org)
	}
	d.allDone(together(n, func(i int) error { return acts[i%len(acts)].do(d, entries[i]) }), "writes with an entry each")
	return entries
}

func writersAtOnceLeaveNoGap(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	entries := d.writers(crowd, org)
	numbers := map[tenant.EntryID]int64{}
	for _, e := range d.log(org) {
		numbers[e.ID] = e.Seq
	}
	for _, e := range entries {
		if numbers[e.ID] == 0 {
			d.Errorf("an entry is missing")
		}
	}
	d.same(len(numbers), crowd, "the entries of %d writers", crowd)
}

// Whoever reads the log while others write sees a whole chain that ends early, and an entry that was seen stays in its place.
func readersSeeNoGap(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	const readers = 3
	logs := together(readers+1, func(i int) []tenant.AuditEntry {
		if i == readers {
			d.writers(8, org)
			return nil
		}
		got, err := d.Audit.List(d.Context(), org, 0, 100)
		if err != nil {
			d.Errorf("list: %v", err)
		}
		return got
	})
	whole := d.log(org)
	for _, seen := range logs {
		d.same(seen, whole[:min(len(seen), len(whole))], "what a reader saw of the log")
	}
}

func entriesOutliveTheirOrganization(d *desk) {
	org := newOrg()
	created, removed := newEntry(org.ID), newEntry(org.ID)
	d.need(d.Orgs.Insert(d.Context(), org, created), "insert")
	d.need(d.Orgs.Remove(d.Context(), org.ID, 1, removed), "remove")
	d.same(d.log(org.ID), chained(created, removed), "the log of an organization that was removed")
}

func entriesOfTheInstallation(d *desk) {
	key := newKey()
	made, revoked, named := newEntry(""), newEntry(""), newEntry("")
	d.need(d.Keys.Insert(d.Context(), key, made), "insert a key")
	d.need(errOf(d.Keys.Update(d.Context(), key.ID, revoked, func(*tenant.Key) error { return nil })), "update it")
	d.enter(newEntry(tenant.OrgID(tenant.NewID())))
	d.need(d.Operators.Insert(d.Context(), newOperator(), named), "insert an operator")
	d.same(d.log(""), chained(made, revoked, named), "the log of the installation")
}

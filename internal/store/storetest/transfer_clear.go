package storetest

import (
	"maps"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// clearCases prove that Clear takes all of its noun and nothing else. Each has a store of its own.
func clearCases() []Case {
	counted := about("Transfer.Orgs", clause{name: "CountFollows", alone: true, check: countFollowsTransfers})
	return append(counted,
		clearCase("Transfer.Orgs", orgRecords), clearCase("Transfer.Users", userRecords),
		clearCase("Transfer.Operators", operatorRecords), clearCase("Transfer.Sessions", sessionRecords),
		clearCase("Transfer.Keys", keyRecords), clearCase("Transfer.Idempotency", idempotencyRecords),
		clearCase("Transfer.Audit", entryRecords))
}

func clearCase[T any](noun string, of func(d *desk) records[T]) Case {
	return about(noun, clause{name: "ClearTakesAllAndNothingElse", alone: true, check: func(d *desk) { clearTakesAll(d, noun, of(d)) }})[0]
}

// settlement has something of every noun, and tells which of it is still there.
type settlement struct {
	scene
	d *desk
}

// settleAll writes something of every noun, as everybody does, with an entry of the log on each write.
func settleAll(d *desk) settlement {
	d.Helper()
	s := settlement{setScene(d), d}
	for _, a := range acts {
		d.need(a.do(d, newEntry(s.trail.Org)), "%s", a.method)
	}
	return s
}

// there tells by noun what is there.
func (s settlement) there() map[string]bool {
	d, ctx := s.d, s.d.Context()
	entries, err := d.Audit.List(ctx, s.trail.Org, 0, 100)
	d.need(err, "list the log")
	_, requested := idempotencyRecords(d).look(d, s.record)
	_, err = keyKind(d).get(ctx, s.key)
	return map[string]bool{
		"Transfer.Orgs":        d.isThere(errOf(d.Orgs.Get(ctx, s.org.ID))) && d.isThere(errOf(d.Orgs.Find(ctx, s.org.Claims[0]))),
		"Transfer.Users":       d.isThere(errOf(d.Users.Get(ctx, s.user.ID))) && d.isThere(errOf(d.Users.FindByEmail(ctx, s.user.Email))),
		"Transfer.Operators":   d.isThere(errOf(d.Operators.Get(ctx, s.operator.ID))),
		"Transfer.Sessions":    d.isThere(errOf(d.Sessions.Get(ctx, s.session.ID))),
		"Transfer.Keys":        d.isThere(err),
		"Transfer.Idempotency": requested,
		"Transfer.Audit":       len(entries) == len(acts),
		"Documents":            d.isThere(errOf(d.Documents.Get(ctx, s.place.In(""), s.doc.ID))),
	}
}

// isThere tells whether a look found what it was for.
func (d *desk) isThere(err error) bool {
	d.Helper()
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return false
	}
	d.need(err, "look")
	return true
}

func clearTakesAll[T any](d *desk, noun string, r records[T]) {
	all := settleAll(d)
	want := all.there()
	added, written := r.asStored(), r.put(r.full())
	d.need(r.table.Add(d.Context(), []T{added}), "add")
	d.twice(func() error { return r.table.Clear(d.Context()) }, "clear")
	want[noun] = false
	for what, is := range all.there() {
		d.same(is, want[what], "whether there is something of %s after Clear of %s", what, noun)
	}
	d.same(len(r.scan(d, nil, 100)), 0, "records after Clear")
	for _, v := range []T{added, written} {
		for i := range r.thieves(v, v) {
			next := r.thieves(r.full(), v)[i]
			d.need(r.table.Add(d.Context(), []T{next}), "add one with claim %d of one that was cleared away", i)
			r.holds(d, next, "the next one with a claim")
		}
		d.need(r.table.Clear(d.Context()), "clear again")
		d.need(r.table.Add(d.Context(), []T{v}), "add what was cleared away")
		r.holds(d, v, "what was cleared away and added again")
	}
	again := r.put(r.full())
	r.holds(d, again, "what was written after Clear")
	d.same(maps.Equal(all.there(), want), true, "whether the other nouns are as they were")
}

func countFollowsTransfers(d *desk) {
	count := func(want int64, what string) {
		d.Helper()
		n, err := d.Orgs.Count(d.Context())
		d.need(err, "count")
		d.same(n, want, "how many organizations there are %s", what)
	}
	count(0, "at first")
	d.putOrg(nil)
	trashed := newOrg()
	trashed.State, trashed.DeletedAt = tenant.StateTrashed, noon
	batch := []tenant.Organization{newOrg(), trashed, newOrg()}
	d.twice(func() error { return d.Transfer.Orgs.Add(d.Context(), batch) }, "add three, one of them in the trash")
	count(3, "after three were added, one of them in the trash")
	d.twice(func() error { return d.Transfer.Orgs.Clear(d.Context()) }, "clear")
	count(0, "after Clear")
	d.listed(store.OrgFilter{}, nil, "after Clear")
	d.putOrg(nil)
	count(1, "after the next one")
	add(d, d.Transfer.Orgs, batch...)
	count(3, "after the same three were added again")
}

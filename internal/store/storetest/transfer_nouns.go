package storetest

import (
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// transferredCases prove that what was added as it is is like what everybody writes: it is found by all that it is found by, and goes
// on from where it was.
func transferredCases() []Case {
	audit := about("Transfer.Audit",
		clause{name: "TheChainGoesOn", check: theChainGoesOn},
		clause{name: "AddedEntriesAreNotWrittenAgain", check: addedEntriesAreNotWrittenAgain},
		clause{name: "ScanHasWhatWaits", check: scanHasWhatWaits},
		clause{name: "TheInstallationComesFirst", alone: true, check: theInstallationComesFirst},
		clause{name: "AddLeavesNoEntry", check: addLeavesNoEntry},
	)
	orgs := about("Transfer.Orgs",
		clause{name: "AddedOnesAreFound", check: addedOrgsAreFound},
		clause{name: "AddedOnesChange", check: addedOrgsChange},
	)
	return append(append(audit, orgs...), about("Transfer.Users", clause{name: "AddedOnesAreFound", check: addedUsersAreFound})...)
}

// add writes records as they are.
func add[T any](d *desk, table store.Table[T], records ...T) {
	d.Helper()
	d.need(table.Add(d.Context(), records), "add")
}

func theChainGoesOn(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	entries := []tenant.AuditEntry{newEntry(org), newEntry(org), newEntry(org), newEntry(org), newEntry(org)}
	old := chained(entries...)
	add(d, d.Transfer.Audit, old[1:3]...) // a move that was cut short and repeated
	add(d, d.Transfer.Audit, old[:3]...)
	d.same(d.log(org), old[:3], "the log that was added")
	d.enter(entries[3])
	d.enter(entries[4])
	d.same(d.log(org), old, "the log after writes as everybody makes them")
	late := tenant.OrgID(tenant.NewID())
	rest := chained(newEntry(late), newEntry(late), newEntry(late), newEntry(late))
	add(d, d.Transfer.Audit, rest[1], rest[2]) // what was before is gone
	d.enter(rest[3])
	got, err := d.Audit.List(d.Context(), late, 0, 10)
	d.need(err, "list")
	d.same(got, rest[1:], "a log whose beginning was never added")
}

func addedEntriesAreNotWrittenAgain(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	first, next := newEntry(org), newEntry(org)
	add(d, d.Transfer.Audit, chained(first)...)
	d.enter(first)
	d.enter(next)
	d.enter(first)
	d.same(d.log(org), chained(first, next), "the log after an operation was finished that had been finished before")
}

func scanHasWhatWaits(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	var entries []tenant.AuditEntry
	for _, a := range acts {
		e := newEntry(org)
		d.need(a.do(d, e), "%s", a.method)
		entries = append(entries, e)
	}
	r := entryRecords(d)
	r.scan(d, nil, 1)
	want := chained(entries...)
	d.same(r.among(r.scanned(d, r.below(want[0]), want[len(want)-1], 5), want), want, "what a scan finds of entries that were just written")
}

func theInstallationComesFirst(d *desk) {
	org := tenant.OrgID(tenant.NewID())
	of, about := newEntry(org), []tenant.AuditEntry{newEntry(""), newEntry("")}
	d.enter(of)
	add(d, d.Transfer.Audit, chained(about...)...)
	r := entryRecords(d)
	want := append(chained(about...), chained(of)...)
	d.same(r.scan(d, nil, 10), want, "the log in one page")
	d.same(r.scan(d, &want[0], 10), want[1:], "the log after its first entry")
	d.same(r.scan(d, &want[1], 10), want[2:], "the log after the installation's")
	d.same(len(r.scan(d, &want[2], 10)), 0, "entries after the last")
}

// addLeavesNoEntry looks at the records that carry a trail when everybody else writes them.
func addLeavesNoEntry(d *desk) {
	org := newOrg()
	user, operator, key := newUser(org.ID), newOperator(), newKey()
	add(d, d.Transfer.Orgs, org)
	add(d, d.Transfer.Users, user)
	add(d, d.Transfer.Operators, operator)
	add(d, d.Transfer.Keys, key)
	d.same(len(d.log(org.ID)), 0, "the entries of an organization that was added")
	d.enter(newEntry(org.ID))
	d.same(len(d.log(org.ID)), 1, "its entries after the first act")
}

func addedOrgsAreFound(d *desk) {
	word := token()
	with := func(name string, edit func(*tenant.Organization)) tenant.Organization {
		org := newOrg()
		org.Name, org.Version = tenant.Name(word+name), 7
		org.Claims[0] = tenant.NameClaim(org.Name.Key())
		edit(&org)
		return org
	}
	plain := with(" Straße", func(*tenant.Organization) {})
	trashed := with(" trash", func(o *tenant.Organization) { o.State, o.DeletedAt = tenant.StateTrashed, noon })
	unsettled := with(" op", func(o *tenant.Organization) { o.State, o.Op = tenant.StateRenaming, newOperation() })
	due := with(" due", func(o *tenant.Organization) { o.Quarantine = fullOrg().Quarantine })
	add(d, d.Transfer.Orgs, plain, trashed, unsettled, due)
	for _, claim := range plain.Claims {
		d.holder(claim, plain.ID)
	}
	mine := func(f store.OrgFilter) store.OrgFilter {
		f.NamePrefix = tenant.NameKey(word)
		return f
	}
	d.listed(mine(store.OrgFilter{}), []tenant.OrgID{plain.ID, trashed.ID, unsettled.ID, due.ID}, "all")
	d.listed(store.OrgFilter{NamePrefix: tenant.NameKey(word + " strasse")}, []tenant.OrgID{plain.ID}, "by name")
	d.listed(mine(store.OrgFilter{States: []tenant.State{tenant.StateTrashed}}), []tenant.OrgID{trashed.ID}, "by state")
	d.listed(mine(store.OrgFilter{DeletedBefore: noon.Add(time.Second)}), []tenant.OrgID{trashed.ID}, "by deletion")
	d.listed(mine(store.OrgFilter{Unsettled: true}), []tenant.OrgID{unsettled.ID}, "unsettled")
	d.listed(mine(store.OrgFilter{DueBefore: noon.Add(time.Hour)}), []tenant.OrgID{due.ID}, "due")
	versions, err := d.Orgs.Versions(d.Context(), []tenant.OrgID{plain.ID})
	d.need(err, "versions")
	d.same(versions[plain.ID], int64(7), "the version of one that was added")
}

func addedOrgsChange(d *desk) {
	org := newOrg()
	org.Version = 7
	add(d, d.Transfer.Orgs, org)
	other := newOrg()
	other.Claims[1] = org.Claims[1]
	err := d.Orgs.Insert(d.Context(), other, upkeep)
	d.claimError(err, store.ClaimError{Claim: org.Claims[1], Holder: org.ID}, "insert with a claim of one that was added")
	d.want(tenant.CodeIDTaken, d.Orgs.Insert(d.Context(), org, upkeep), "insert under the id of one that was added")
	entry := newEntry(org.ID)
	d.need(d.rename(org, newOrg().Claims, entry), "rename")
	d.same(d.log(org.ID), chained(entry), "its log after that")
	for _, claim := range org.Claims {
		d.holder(claim, "")
	}
	got, err := d.Orgs.Get(d.Context(), org.ID)
	d.need(err, "get")
	d.same(got.Version, int64(8), "the version after one change")
	d.want(tenant.CodeConflict, d.Orgs.Remove(d.Context(), org.ID, 7, upkeep), "removal of the version that was added")
	d.need(d.Orgs.Remove(d.Context(), org.ID, 8, upkeep), "removal")
}

func addedUsersAreFound(d *desk) {
	orgs := fresh[tenant.OrgID](2)
	first, second := newUser(orgs...), newUser(orgs[1])
	add(d, d.Transfer.Users, second, first)
	d.members(orgs[0], []tenant.UserID{first.ID}, "members of the one")
	d.members(orgs[1], []tenant.UserID{first.ID, second.ID}, "members of the other")
	d.claimant(first.Email, first.ID)
	d.need(d.changeUser(first.ID, func(u *tenant.User) { u.Memberships = newUser(orgs[0]).Memberships }), "leave")
	d.members(orgs[1], []tenant.UserID{second.ID}, "members of the other after one has left")
}

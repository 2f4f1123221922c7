package storetest

import (
	"fmt"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func orgListCases() []Case {
	return about("Orgs",
		clause{name: "ListIsInOrderOfID", check: orgListIsInOrder},
		clause{name: "ListByState", check: orgListByState},
		clause{name: "ListByNamePrefix", check: orgListByNamePrefix},
		clause{name: "ListByNamePrefixTakesItLiterally", check: orgListTakesPrefixLiterally},
		clause{name: "ListOfUnsettled", check: orgListOfUnsettled},
		clause{name: "ListByDeletion", check: orgListByDeletion},
		clause{name: "ListByTimeInQuarantine", check: orgListByQuarantine},
		clause{name: "ListFiltersTogether", check: orgListFiltersTogether},
	)
}

// orgID is the key by which organizations are listed.
func orgID(o tenant.Organization) tenant.OrgID { return o.ID }

// putNamed inserts an organization with a name, changed beforehand.
func (d *desk) putNamed(name string, edit func(*tenant.Organization)) tenant.OrgID {
	d.Helper()
	return d.putOrg(func(o *tenant.Organization) {
		o.Name = tenant.Name(name)
		o.Claims[0] = tenant.NameClaim(o.Name.Key())
		if edit != nil {
			edit(o)
		}
	}).ID
}

// listed complains unless the list with the filter, read by pages of two and in one, has exactly the organizations.
func (d *desk) listed(filter store.OrgFilter, want []tenant.OrgID, what string) {
	d.Helper()
	all := pages(d, orgID, func(after tenant.OrgID, limit int) ([]tenant.Organization, error) {
		return d.Orgs.List(d.Context(), filter, after, limit)
	})
	d.same(keys(all, orgID, want), want, "%s, by pages", what)
	d.same(len(all), len(want), "%s, rows in all pages", what)
	whole, err := d.Orgs.List(d.Context(), filter, "", len(want)+1)
	d.need(err, "list")
	d.same(keys(whole, orgID, want), want, "%s, in one page", what)
}

func orgListIsInOrder(d *desk) {
	ids, word := fresh[tenant.OrgID](5), token()
	for _, id := range shuffled(ids) {
		d.putNamed(word+string(id), func(o *tenant.Organization) { o.ID = id })
	}
	mine := store.OrgFilter{NamePrefix: tenant.NameKey(word)}
	d.listed(mine, ids, "five organizations")
	page, err := d.Orgs.List(d.Context(), mine, ids[1], 2)
	d.need(err, "list the page after the second")
	d.same(keys(page, orgID, ids), ids[2:4], "the page after the second")
	d.need(d.Orgs.Remove(d.Context(), ids[1], 1, upkeep), "remove the second")
	page, err = d.Orgs.List(d.Context(), mine, ids[1], 2)
	d.need(err, "list the page after one that was removed")
	d.same(keys(page, orgID, ids), ids[2:4], "the page after one that was removed")
	page, err = d.Orgs.List(d.Context(), mine, ids[4], 2)
	d.need(err, "list the page after the last")
	d.same(len(page), 0, "rows after the last")
	everything := pages(d, orgID, func(after tenant.OrgID, limit int) ([]tenant.Organization, error) {
		return d.Orgs.List(d.Context(), store.OrgFilter{}, after, limit)
	})
	d.same(len(keys(everything, orgID, ids)), 4, "of the five less one, those in the list without a filter")
	whole, err := d.Orgs.Get(d.Context(), ids[0])
	d.need(err, "get")
	page, err = d.Orgs.List(d.Context(), mine, "", 1)
	d.need(err, "list the first")
	d.same(page, []tenant.Organization{whole}, "the row of a list")
}

func orgListByState(d *desk) {
	word := token()
	in := func(state tenant.State) tenant.OrgID {
		return d.putNamed(word+string(state), func(o *tenant.Organization) { o.State = state })
	}
	active, trashed, creating := in(tenant.StateActive), in(tenant.StateTrashed), in(tenant.StateCreating)
	filter := store.OrgFilter{NamePrefix: tenant.NameKey(word)}
	d.listed(filter, []tenant.OrgID{active, trashed, creating}, "without states")
	filter.States = []tenant.State{tenant.StateCreating, tenant.StateActive}
	d.listed(filter, []tenant.OrgID{active, creating}, "in one of two states")
	filter.States = []tenant.State{tenant.StateTrashed}
	d.listed(filter, []tenant.OrgID{trashed}, "in the trash")
	filter.States = []tenant.State{tenant.StatePurging}
	d.listed(filter, nil, "in a state that none has")
}

// The prefix is one of the name's key, whatever the case of the name, and by bytes: what a character sorts like or looks
// like does not count.
func orgListByNamePrefix(d *desk) {
	word := token()
	strasse := d.putNamed(word+" Straße 1", nil)
	upper := d.putNamed(word+" STRASSE 2", nil)
	cafe := d.putNamed(word+" café", nil)
	plain := d.putNamed(word+" cafe", nil)
	last := d.putNamed(word+" \U0010FFFD\U0010FFFD", nil)
	for prefix, want := range map[string][]tenant.OrgID{
		"":                     {strasse, upper, cafe, plain, last},
		" strasse":             {strasse, upper},
		" Strasse":             nil,
		" straße":              nil,
		" caf":                 {cafe, plain},
		" cafe":                {plain},
		" café":                {cafe},
		" cafe\u0301":          nil,
		" \U0010FFFD":          {last},
		" cafe ":               nil,
		" strasse 2 and so on": nil,
	} {
		d.listed(store.OrgFilter{NamePrefix: tenant.NameKey(word + prefix)}, want, "names that begin with "+prefix)
	}
}

// No character of a prefix stands for another one.
func orgListTakesPrefixLiterally(d *desk) {
	word := token()
	for _, sign := range []string{"_", "%", "*", "?", ".", "\\", "[a-z]", "^", "$", "'", "\"", "(", "|"} {
		with := d.putNamed(word+"a"+sign+"b", nil)
		d.listed(store.OrgFilter{NamePrefix: tenant.NameKey(word + "a" + sign)}, []tenant.OrgID{with}, "the prefix a"+sign)
		d.listed(store.OrgFilter{NamePrefix: tenant.NameKey(word + sign)}, nil, "the prefix "+sign)
	}
}

func orgListOfUnsettled(d *desk) {
	word := token()
	d.putNamed(word+"at rest", nil)
	first := d.putNamed(word+"first", func(o *tenant.Organization) { o.Op = newOperation() })
	second := d.putNamed(word+"second", func(o *tenant.Organization) { o.Op = newOperation() })
	filter := store.OrgFilter{NamePrefix: tenant.NameKey(word), Unsettled: true}
	d.listed(filter, []tenant.OrgID{first, second}, "with an operation under way")
	_, err := d.Orgs.Update(d.Context(), first, upkeep, func(o *tenant.Organization) error {
		o.Op = nil
		return nil
	})
	d.need(err, "end the operation")
	d.listed(filter, []tenant.OrgID{second}, "after one operation ended")
	all := pages(d, orgID, func(after tenant.OrgID, limit int) ([]tenant.Organization, error) {
		return d.Orgs.List(d.Context(), store.OrgFilter{Unsettled: true}, after, limit)
	})
	d.same(keys(all, orgID, []tenant.OrgID{first, second}), []tenant.OrgID{second}, "of all that are under way, the case's")
}

func orgListByDeletion(d *desk) {
	word, due := token(), noon.Add(-time.Hour)
	gone := func(name string, state tenant.State, at time.Time) tenant.OrgID {
		return d.putNamed(word+name, func(o *tenant.Organization) { o.State, o.DeletedAt = state, at })
	}
	early := gone("early", tenant.StateTrashed, due.Add(-24*time.Hour))
	just := gone("just", tenant.StateTrashed, due.Add(-time.Millisecond))
	gone("on time", tenant.StateTrashed, due)
	gone("late", tenant.StateTrashed, due.Add(time.Millisecond))
	gone("purging", tenant.StatePurging, due.Add(-24*time.Hour))
	gone("living", tenant.StateActive, time.Time{})
	filter := store.OrgFilter{NamePrefix: tenant.NameKey(word), DeletedBefore: due}
	d.listed(filter, []tenant.OrgID{early, just}, "deleted before the time")
}

func orgListByQuarantine(d *desk) {
	word, due := token(), noon.Add(time.Hour)
	kept := func(name string, until ...time.Time) tenant.OrgID {
		return d.putNamed(word+name, func(o *tenant.Organization) {
			for i, at := range until {
				o.PutInQuarantine(fmt.Sprintf("org_%s_%d", name, i), noon.Add(-48*time.Hour), at)
			}
		})
	}
	just := kept("just", due.Add(-time.Millisecond))
	kept("on time", due)
	second := kept("second", due.Add(time.Hour), due.Add(-time.Minute), due.Add(2*time.Hour))
	kept("late", due.Add(time.Millisecond))
	kept("none")
	freed := kept("freed", due.Add(-time.Minute))
	_, err := d.Orgs.Update(d.Context(), freed, upkeep, func(o *tenant.Organization) error {
		o.EndQuarantine("org_freed_0")
		return nil
	})
	d.need(err, "end a quarantine")
	filter := store.OrgFilter{NamePrefix: tenant.NameKey(word), DueBefore: due}
	d.listed(filter, []tenant.OrgID{just, second}, "due before the time")
}

func orgListFiltersTogether(d *desk) {
	word := token()
	with := func(name string, state tenant.State, op *tenant.Operation) tenant.OrgID {
		return d.putNamed(word+name, func(o *tenant.Organization) { o.State, o.Op = state, op })
	}
	with("a1", tenant.StateActive, nil)
	with("a2", tenant.StateRenaming, newOperation())
	with("b3", tenant.StateDeleting, newOperation())
	want := with("a4", tenant.StateDeleting, newOperation())
	filter := store.OrgFilter{
		NamePrefix: tenant.NameKey(word + "a"), Unsettled: true,
		States: []tenant.State{tenant.StateDeleting, tenant.StateActive},
	}
	d.listed(filter, []tenant.OrgID{want}, "all filters at once")
}

// Whoever keeps organizations in memory asks for very many versions at once, and learns of those that are gone.
func orgVersions(d *desk) {
	want := map[tenant.OrgID]int64{}
	var ids []tenant.OrgID
	for _, state := range []tenant.State{tenant.StateActive, tenant.StateTrashed, tenant.StateCreating} {
		org := d.putOrg(func(o *tenant.Organization) { o.State = state })
		ids, want[org.ID] = append(ids, org.ID), 1
	}
	changed, removed := d.putOrg(nil), d.putOrg(nil)
	changed, err := d.Orgs.Update(d.Context(), changed.ID, upkeep, func(*tenant.Organization) error { return nil })
	d.need(err, "update")
	d.need(d.Orgs.Remove(d.Context(), removed.ID, removed.Version, upkeep), "remove")
	want[changed.ID] = changed.Version
	ids = append(ids, changed.ID, removed.ID, changed.ID)
	d.putOrg(nil) // not asked for
	for len(ids) < 1000 {
		ids = append(ids, tenant.OrgID(tenant.NewID()))
	}
	got, err := d.Orgs.Versions(d.Context(), ids)
	d.need(err, "versions")
	d.same(got, want, "the versions")
	got, err = d.Orgs.Versions(d.Context(), nil)
	d.need(err, "versions of none")
	d.same(len(got), 0, "the number of versions of none")
}

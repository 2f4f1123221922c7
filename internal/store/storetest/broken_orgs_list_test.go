package storetest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var orgListTwins = []twin{
	{"a page begins with the last row of the page before", "Orgs/ListIsInOrderOfID", spoilList(func(p page) ([]tenant.Organization, error) {
		after, limit := p.after, p.limit
		p.after, p.limit = "", 1000
		rows, err := p.list()
		return head(slices.DeleteFunc(rows, func(o tenant.Organization) bool { return o.ID < after }), limit), err
	})},
	{"a page leaves out the row after the last one", "Orgs/ListIsInOrderOfID", spoilList(func(p page) ([]tenant.Organization, error) {
		p.limit++
		rows, err := p.list()
		if p.after != "" && len(rows) > 0 {
			rows = rows[1:]
		}
		return head(rows, p.limit-1), err
	})},
	{"a list is in order of insertion", "Orgs/ListIsInOrderOfID", spoilList(func(p page) ([]tenant.Organization, error) {
		rows, err := p.list()
		slices.Reverse(rows)
		return rows, err
	})},
	{"a list does not keep to its limit", "Orgs/ListIsInOrderOfID", spoilList(func(p page) ([]tenant.Organization, error) {
		p.limit = 1000
		return p.list()
	})},
	{"a list by two states looks at the first", "Orgs/ListByState", spoilList(func(p page) ([]tenant.Organization, error) {
		p.filter.States = p.filter.States[:min(len(p.filter.States), 1)]
		return p.list()
	})},
	{"a prefix is folded", "Orgs/ListByNamePrefix", spoilList(func(p page) ([]tenant.Organization, error) {
		p.filter.NamePrefix = tenant.Name(p.filter.NamePrefix).Key()
		return p.list()
	})},
	{"a prefix is a pattern", "Orgs/ListByNamePrefixTakesItLiterally", spoilList(func(p page) ([]tenant.Organization, error) {
		if before, isPattern := strings.CutSuffix(string(p.filter.NamePrefix), "%"); isPattern {
			p.filter.NamePrefix = tenant.NameKey(before)
		}
		return p.list()
	})},
	{"what is deleted on time counts as before", "Orgs/ListByDeletion", spoilList(func(p page) ([]tenant.Organization, error) {
		if !p.filter.DeletedBefore.IsZero() {
			p.filter.DeletedBefore = p.filter.DeletedBefore.Add(time.Millisecond)
		}
		return p.list()
	})},
	{"what is due on time counts as before", "Orgs/ListByTimeInQuarantine", spoilList(func(p page) ([]tenant.Organization, error) {
		if !p.filter.DueBefore.IsZero() {
			p.filter.DueBefore = p.filter.DueBefore.Add(time.Millisecond)
		}
		return p.list()
	})},
	{"unsettled is a matter of state", "Orgs/ListOfUnsettled", spoilList(func(p page) ([]tenant.Organization, error) {
		if p.filter.Unsettled {
			p.filter.Unsettled, p.filter.States = false, []tenant.State{tenant.StateCreating, tenant.StateRenaming, tenant.StateDeleting}
		}
		return p.list()
	})},
	{"one filter displaces the others", "Orgs/ListFiltersTogether", spoilList(func(p page) ([]tenant.Organization, error) {
		if len(p.filter.States) > 0 {
			p.filter.Unsettled = false
		}
		return p.list()
	})},
}

// page is one call of List, and how the sound store answers it.
type page struct {
	filter store.OrgFilter
	after  tenant.OrgID
	limit  int
	sound  func(p page) ([]tenant.Organization, error)
}

func (p page) list() ([]tenant.Organization, error) { return p.sound(p) }

// listWith answers List in a way of its own.
type listWith struct {
	store.Orgs
	broken func(p page) ([]tenant.Organization, error)
}

func (b listWith) List(ctx context.Context, filter store.OrgFilter, after tenant.OrgID, limit int) ([]tenant.Organization, error) {
	return b.broken(page{filter, after, limit, func(p page) ([]tenant.Organization, error) {
		return b.Orgs.List(ctx, p.filter, p.after, p.limit)
	}})
}

func spoilList(broken func(p page) ([]tenant.Organization, error)) func(store.Store) store.Store {
	return spoilOrgs(func(o store.Orgs) store.Orgs { return listWith{o, broken} })
}

// head returns the first rows.
func head[V any](rows []V, limit int) []V { return rows[:min(len(rows), limit)] }

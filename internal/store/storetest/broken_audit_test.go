package storetest_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var auditTwins = []twin{
	{"an entry is written before its change", "Audit/RefusedWritesLeaveNone", func(s store.Store) store.Store {
		s.Orgs = entryFirst{s.Orgs, s.Keys}
		return s
	}},
	{"an entry gets a new id at each attempt", "Audit/AnEntryIsWrittenOnce", spoilUsers(func(u store.Users) store.Users { return &renamesEntries{Users: u} })},
	{"a step leaves an entry", "Audit/StepsAndUpkeepLeaveNone", spoilUsers(func(u store.Users) store.Users { return entersSteps{u} })},
	{"a removal leaves no entry", "Audit/EveryWriteLeavesItsEntry", spoilOrgs(func(o store.Orgs) store.Orgs { return silentRemove{o} })},
	{"entries are not chained", "Audit/EveryWriteLeavesItsEntry", spoilLog(func(_ tenant.OrgID, _ int64, e *tenant.AuditEntry) { e.PrevHash = "" })},
	{"entries are numbered from zero", "Audit/EveryWriteLeavesItsEntry", spoilLog(func(_ tenant.OrgID, _ int64, e *tenant.AuditEntry) { e.Seq-- })},
	{"numbers begin anew on each page", "Audit/ListGoesByNumber", spoilLog(func(_ tenant.OrgID, after int64, e *tenant.AuditEntry) { e.Seq -= after })},
	{"an entry forgets its address", "Audit/EntriesKeepEveryField", spoilLog(func(_ tenant.OrgID, _ int64, e *tenant.AuditEntry) { e.Address = "" })},
	{"details lose odd names", "Audit/EntriesKeepEveryField", spoilLog(func(_ tenant.OrgID, _ int64, e *tenant.AuditEntry) { delete(e.Detail, "a.b") })},
	{"the log is in order of time", "Audit/ListGoesByNumber", spoilAudit(func(a store.Audit) store.Audit { return byTime{a} })},
	{"there is one log for all", "Audit/LogsAreApart", spoilAudit(func(a store.Audit) store.Audit { return &oneLog{Audit: a} })},
	{"the log goes with its organization", "Audit/EntriesOutliveTheirOrganization", func(s store.Store) store.Store {
		b := &mortalLog{Orgs: s.Orgs, Audit: s.Audit}
		s.Orgs, s.Audit = b, mortalAudit{b}
		return s
	}},
	{"every second entry is lost", "Audit/WritersAtOnceLeaveNoGap", spoilUsers(func(u store.Users) store.Users { return &dropsEntries{Users: u} })},
	{"readers see what is not written yet", "Audit/ReadersSeeNoGap", spoilAudit(func(a store.Audit) store.Audit { return hasty{a} })},
	{"the installation has no log", "Audit/EntriesOfTheInstallation", spoilKeys(func(k store.Keys) store.Keys { return silentKeys{k} })},
}

func spoilAudit(spoil func(store.Audit) store.Audit) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Audit = spoil(s.Audit)
		return s
	}
}

// logWith changes each entry that is read.
type logWith struct {
	store.Audit
	edit func(org tenant.OrgID, after int64, e *tenant.AuditEntry)
}

func (b logWith) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	entries, err := b.Audit.List(ctx, org, after, limit)
	for i := range entries {
		b.edit(org, after, &entries[i])
	}
	return entries, err
}

func spoilLog(edit func(org tenant.OrgID, after int64, e *tenant.AuditEntry)) func(store.Store) store.Store {
	return spoilAudit(func(a store.Audit) store.Audit { return logWith{a, edit} })
}

type entryFirst struct {
	store.Orgs
	keys store.Keys
}

func (b entryFirst) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	if err := b.keys.Insert(ctx, tenant.Key{ID: tenant.KeyID(tenant.NewID())}, trail); err != nil {
		return err
	}
	return b.Orgs.Insert(ctx, org, tenant.Upkeep{})
}

type renamesEntries struct {
	store.Users
	mu   sync.Mutex
	seen map[tenant.EntryID]bool
}

func (b *renamesEntries) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := trail.(tenant.AuditEntry); ok && b.seen[e.ID] {
		e.ID = tenant.EntryID(tenant.NewID())
		trail = e
	} else if ok {
		b.seen = map[tenant.EntryID]bool{e.ID: true}
	}
	return b.Users.Insert(ctx, user, trail)
}

type entersSteps struct{ store.Users }

func (b entersSteps) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	if step, ok := trail.(tenant.OperationRef); ok {
		trail = tenant.AuditEntry{ID: tenant.EntryID(step.ID)}
	}
	return b.Users.Insert(ctx, user, trail)
}

type silentRemove struct{ store.Orgs }

func (b silentRemove) Remove(ctx context.Context, id tenant.OrgID, version int64, _ tenant.Trail) error {
	return b.Orgs.Remove(ctx, id, version, tenant.Upkeep{})
}

type byTime struct{ store.Audit }

func (b byTime) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	entries, err := b.Audit.List(ctx, org, after, limit)
	slices.SortFunc(entries, func(x, y tenant.AuditEntry) int { return x.At.Compare(y.At) })
	return entries, err
}

// oneLog answers for every organization what it knows of the first.
type oneLog struct {
	store.Audit
	mu    sync.Mutex
	first tenant.OrgID
}

func (b *oneLog) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	b.mu.Lock()
	if b.first == "" {
		b.first = org
	}
	org = b.first
	b.mu.Unlock()
	return b.Audit.List(ctx, org, after, limit)
}

// mortalLog forgets the log of an organization that was removed.
type mortalLog struct {
	store.Orgs
	store.Audit
	mu   sync.Mutex
	dead map[tenant.OrgID]bool
}

func (b *mortalLog) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	b.mu.Lock()
	b.dead = map[tenant.OrgID]bool{id: true}
	b.mu.Unlock()
	return b.Orgs.Remove(ctx, id, version, trail)
}

func (b *mortalLog) List(ctx context.Context, f store.OrgFilter, after tenant.OrgID, limit int) ([]tenant.Organization, error) {
	return b.Orgs.List(ctx, f, after, limit)
}

type mortalAudit struct{ log *mortalLog }

func (b mortalAudit) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	b.log.mu.Lock()
	defer b.log.mu.Unlock()
	if b.log.dead[org] {
		return nil, nil
	}
	return b.log.Audit.List(ctx, org, after, limit)
}

// dropsEntries loses the entry of every second write that has one.
type dropsEntries struct {
	store.Users
	entries atomic.Int64
}

func (b *dropsEntries) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	if _, ok := trail.(tenant.AuditEntry); ok && b.entries.Add(1)%2 == 0 {
		trail = tenant.Upkeep{}
	}
	return b.Users.Insert(ctx, user, trail)
}

// hasty shows one entry more than there is.
type hasty struct{ store.Audit }

func (b hasty) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	entries, err := b.Audit.List(ctx, org, after, limit)
	if limit > 10 {
		entries = append(entries, tenant.AuditEntry{Org: org, Seq: after + int64(len(entries)) + 1})
	}
	return entries, err
}

type silentKeys struct{ store.Keys }

func (b silentKeys) Insert(ctx context.Context, key tenant.Key, _ tenant.Trail) error {
	return b.Keys.Insert(ctx, key, tenant.Upkeep{})
}

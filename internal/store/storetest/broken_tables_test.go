package storetest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// tableTwins are stores of which one noun, as it is, has a defect: the same ones for every noun, and what is each one's own.
var tableTwins = slices.Concat(
	brokenTables("Transfer.Orgs", func(t *store.Transfer) *store.Table[tenant.Organization] { return &t.Orgs }, func(o *tenant.Organization) { o.Epoch = 1 }),
	brokenTables("Transfer.Users", func(t *store.Transfer) *store.Table[tenant.User] { return &t.Users }, func(u *tenant.User) { u.Version = 1 }),
	brokenTables("Transfer.Operators", func(t *store.Transfer) *store.Table[tenant.Operator] { return &t.Operators }, func(o *tenant.Operator) { o.PasswordHash = "" }),
	brokenTables("Transfer.Sessions", func(t *store.Transfer) *store.Table[tenant.Session] { return &t.Sessions }, func(l *tenant.Session) { l.EndedAt = l.CreatedAt }),
	brokenTables("Transfer.Keys", func(t *store.Transfer) *store.Table[tenant.Key] { return &t.Keys }, func(k *tenant.Key) { k.Sealed = false }),
	brokenTables("Transfer.Idempotency", func(t *store.Transfer) *store.Table[store.IdempotencyRecord] { return &t.Idempotency }, func(r *store.IdempotencyRecord) { r.Done = false }),
	brokenTables("Transfer.Audit", func(t *store.Transfer) *store.Table[tenant.AuditEntry] { return &t.Audit }, func(e *tenant.AuditEntry) { e.PrevHash = "" }),
	[]twin{
		{"claims are not taken", "Transfer.Orgs/AddOfAClaimThatIsTaken", spoilTransfer(func(s *store.Store) {
			s.Transfer.Orgs = addsWithout[tenant.Organization]{s.Transfer.Orgs, func(o *tenant.Organization) { o.Claims = nil }}
		})},
		{"who was added holds no claim", "Transfer.Orgs/AddedOnesAreFound", spoilTransfer(func(s *store.Store) {
			s.Transfer.Orgs = addsWithout[tenant.Organization]{s.Transfer.Orgs, func(o *tenant.Organization) { o.Claims = nil }}
		})},
		{"who was added is at its first version", "Transfer.Orgs/AddedOnesChange", spoilTransfer(func(s *store.Store) {
			s.Transfer.Orgs = addsWithout[tenant.Organization]{s.Transfer.Orgs, func(o *tenant.Organization) { o.Version = 1 }}
		})},
		{"a scan gives away what the store keeps of organizations", "Transfer.Orgs/AddSharesNothing", spoilTransfer(func(s *store.Store) {
			s.Transfer.Orgs = &remembersPage[tenant.Organization]{Table: s.Transfer.Orgs}
		})},
		{"a scan gives away what the store keeps of users", "Transfer.Users/AddSharesNothing", spoilTransfer(func(s *store.Store) {
			s.Transfer.Users = &remembersPage[tenant.User]{Table: s.Transfer.Users}
		})},
		{"a scan gives away what the store keeps of keys", "Transfer.Keys/AddSharesNothing", spoilTransfer(func(s *store.Store) {
			s.Transfer.Keys = &remembersPage[tenant.Key]{Table: s.Transfer.Keys}
		})},
		{"a scan gives away what the store keeps of the log", "Transfer.Audit/AddSharesNothing", spoilTransfer(func(s *store.Store) {
			s.Transfer.Audit = &remembersPage[tenant.AuditEntry]{Table: s.Transfer.Audit}
		})},
		{"the count misses who was added", "Transfer.Orgs/CountFollows", func(s store.Store) store.Store {
			s.Orgs = neverCounts{s.Orgs}
			return s
		}},
		{"who was added is no member", "Transfer.Users/AddedOnesAreFound", spoilTransfer(func(s *store.Store) {
			s.Transfer.Users = addsWithout[tenant.User]{s.Transfer.Users, func(u *tenant.User) { u.Memberships = nil }}
		})},
		{"an address that was added is free", "Transfer.Users/AddOfAClaimThatIsTaken", spoilTransfer(func(s *store.Store) {
			s.Transfer.Users = addsWithout[tenant.User]{s.Transfer.Users, func(u *tenant.User) { u.Claims = nil }}
		})},
		{"an operator's address is had twice", "Transfer.Operators/AddOfAClaimThatIsTaken", spoilTransfer(func(s *store.Store) {
			s.Transfer.Operators = addsWithout[tenant.Operator]{s.Transfer.Operators, func(o *tenant.Operator) { o.Email += tenant.Email(o.ID) }}
		})},
		{"Clear of users keeps the addresses", "Transfer.Users/ClearTakesAllAndNothingElse", spoilTransfer(func(s *store.Store) {
			s.Transfer.Users = &tombs[tenant.User]{Table: s.Transfer.Users}
		})},
		{"Clear of users takes the log", "Transfer.Users/ClearTakesAllAndNothingElse", spoilTransfer(func(s *store.Store) {
			s.Transfer.Users = clearsBoth[tenant.User]{s.Transfer.Users, s.Transfer.Audit.Clear}
		})},
		{"the chain begins anew", "Transfer.Audit/TheChainGoesOn", func(s store.Store) store.Store {
			s.Users = startsAnew{s.Users}
			return s
		}},
		{"an entry's id is had twice", "Transfer.Audit/AddOfAClaimThatIsTaken", spoilTransfer(func(s *store.Store) {
			s.Transfer.Audit = addsWithout[tenant.AuditEntry]{s.Transfer.Audit, func(e *tenant.AuditEntry) { e.ID = tenant.EntryID(tenant.NewID()) }}
		})},
		{"an entry that was added is written again", "Transfer.Audit/AddedEntriesAreNotWrittenAgain", spoilTransfer(func(s *store.Store) {
			s.Transfer.Audit = addsWithout[tenant.AuditEntry]{s.Transfer.Audit, func(e *tenant.AuditEntry) { e.ID += "-moved" }}
		})},
		{"the last entries wait", "Transfer.Audit/ScanHasWhatWaits", spoilTransfer(func(s *store.Store) {
			s.Transfer.Audit = shortSighted{s.Transfer.Audit}
		})},
		{"the installation comes last", "Transfer.Audit/TheInstallationComesFirst", spoilTransfer(func(s *store.Store) {
			s.Transfer.Audit = nobodyLast{s.Transfer.Audit}
		})},
		{"what is added leaves an entry", "Transfer.Audit/AddLeavesNoEntry", spoilTransfer(func(s *store.Store) {
			s.Transfer.Orgs = chatty{s.Transfer.Orgs, s.Users}
		})},
	},
)

// spoilTransfer lets a function put something broken in its place.
func spoilTransfer(spoil func(s *store.Store)) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		spoil(&s)
		return s
	}
}

// brokenTables are the twins that every noun has. Edit bends a record; what it changes is not in the key.
func brokenTables[T any](noun string, of func(*store.Transfer) *store.Table[T], edit func(*T)) []twin {
	broken := func(defect, caught string, spoil func(store.Table[T]) store.Table[T]) twin {
		return twin{noun + ": " + defect, noun + "/" + caught, func(s store.Store) store.Store {
			table := of(&s.Transfer)
			*table = spoil(*table)
			return s
		}}
	}
	return []twin{
		broken("a field is lost", "AddKeepsEveryField", func(t store.Table[T]) store.Table[T] { return addsWithout[T]{t, edit} }),
		broken("a scan loses a field", "ScanTellsWhatOthersWrote", func(t store.Table[T]) store.Table[T] { return scansWithout[T]{t} }),
		broken("what is there is refused", "AddAgainIsFine", func(t store.Table[T]) store.Table[T] { return &onceOnly[T]{Table: t} }),
		broken("what differs is taken for the same", "AddThatDiffersIsAConflict", func(t store.Table[T]) store.Table[T] { return forgiving[T]{t} }),
		broken("a scan repeats the record before it", "ScanGoesByKey", func(t store.Table[T]) store.Table[T] { return &repeats[T]{Table: t} }),
		broken("a scan has no limit", "ScanGoesByKey", func(t store.Table[T]) store.Table[T] { return boundless[T]{t} }),
		broken("a scan goes backwards", "ScanGoesByKey", func(t store.Table[T]) store.Table[T] { return backwards[T]{t} }),
		broken("Clear does nothing", "ClearTakesAllAndNothingElse", func(t store.Table[T]) store.Table[T] { return neverClears[T]{t} }),
	}
}

// addsWithout bends each record on its way in.
type addsWithout[T any] struct {
	store.Table[T]
	edit func(*T)
}

func (b addsWithout[T]) Add(ctx context.Context, records []T) error {
	records = slices.Clone(records)
	for i := range records {
		b.edit(&records[i])
	}
	return b.Table.Add(ctx, records)
}

// scansWithout tells of each record nothing at all.
type scansWithout[T any] struct{ store.Table[T] }

func (b scansWithout[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	page, err := b.Table.Scan(ctx, after, limit)
	return make([]T, len(page)), err
}

// onceOnly refuses a second Add of as many records as one before.
type onceOnly[T any] struct {
	store.Table[T]
	mu   sync.Mutex
	seen map[int]bool
}

func (b *onceOnly[T]) Add(ctx context.Context, records []T) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[len(records)] {
		return tenant.Errorf(tenant.CodeConflict, "it is there already")
	}
	if b.seen == nil {
		b.seen = map[int]bool{}
	}
	b.seen[len(records)] = true
	return b.Table.Add(ctx, records)
}

type forgiving[T any] struct{ store.Table[T] }

func (b forgiving[T]) Add(ctx context.Context, records []T) error {
	return forgive(tenant.CodeConflict, b.Table.Add(ctx, records))
}

// repeats begins each page with the last record of the one before.
type repeats[T any] struct {
	store.Table[T]
	mu   sync.Mutex
	last []T
}

func (b *repeats[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	page, err := b.Table.Scan(ctx, after, limit)
	b.mu.Lock()
	defer b.mu.Unlock()
	page = append(slices.Clone(b.last), page...)
	page = page[:min(limit, len(page))]
	if len(page) > 0 {
		b.last = page[len(page)-1:]
	}
	return page, err
}

type boundless[T any] struct{ store.Table[T] }

func (b boundless[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	return b.Table.Scan(ctx, after, 2*limit)
}

type backwards[T any] struct{ store.Table[T] }

func (b backwards[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	page, err := b.Table.Scan(ctx, after, limit)
	slices.Reverse(page)
	return page, err
}

type neverClears[T any] struct{ store.Table[T] }

func (neverClears[T]) Clear(context.Context) error { return nil }

// remembersPage answers every scan with the page of the first one.
type remembersPage[T any] struct {
	store.Table[T]
	mu   sync.Mutex
	page []T
}

func (b *remembersPage[T]) Scan(ctx context.Context, after *T, limit int) (_ []T, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.page == nil {
		b.page, err = b.Table.Scan(ctx, after, limit)
	}
	return b.page, err
}

type neverCounts struct{ store.Orgs }

func (neverCounts) Count(context.Context) (int64, error) { return 0, nil }

// tombs hides what was there when it was cleared, and leaves its claims taken.
type tombs[T any] struct {
	store.Table[T]
	mu     sync.Mutex
	closed bool
}

func (b *tombs[T]) Clear(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

func (b *tombs[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil
	}
	return b.Table.Scan(ctx, after, limit)
}

type clearsBoth[T any] struct {
	store.Table[T]
	also func(context.Context) error
}

func (b clearsBoth[T]) Clear(ctx context.Context) error {
	if err := b.also(ctx); err != nil {
		return err
	}
	return b.Table.Clear(ctx)
}

// startsAnew writes entries of an organization of their own, whose chain has its own beginning.
type startsAnew struct{ store.Users }

func (b startsAnew) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	if e, ok := trail.(tenant.AuditEntry); ok {
		e.Org += "-new"
		trail = e
	}
	return b.Users.Insert(ctx, user, trail)
}

// shortSighted does not see the last entry of a page.
type shortSighted struct {
	store.Table[tenant.AuditEntry]
}

func (b shortSighted) Scan(ctx context.Context, after *tenant.AuditEntry, limit int) ([]tenant.AuditEntry, error) {
	page, err := b.Table.Scan(ctx, after, limit)
	var early []tenant.AuditEntry
	for i := range page {
		if i+1 < len(page) && page[i+1].Org == page[i].Org { // not the last one: others may write to the same log
			early = append(early, page[i])
		}
	}
	return early, err
}

// nobodyLast puts the installation's entries behind those of the organizations on a page.
type nobodyLast struct {
	store.Table[tenant.AuditEntry]
}

func (b nobodyLast) Scan(ctx context.Context, after *tenant.AuditEntry, limit int) ([]tenant.AuditEntry, error) {
	page, err := b.Table.Scan(ctx, after, limit)
	slices.SortStableFunc(page, func(x, y tenant.AuditEntry) int {
		switch {
		case x.Org == "" && y.Org != "":
			return 1
		case x.Org != "" && y.Org == "":
			return -1
		default:
			return 0
		}
	})
	return page, err
}

// chatty writes an entry for each organization that is added.
type chatty struct {
	store.Table[tenant.Organization]
	users store.Users
}

func (b chatty) Add(ctx context.Context, records []tenant.Organization) error {
	for _, org := range records {
		id := tenant.NewID()
		entry := tenant.AuditEntry{ID: tenant.EntryID(id), Org: org.ID}
		if err := b.users.Insert(ctx, tenant.User{ID: tenant.UserID(id)}, entry); err != nil {
			return err
		}
	}
	return b.Table.Add(ctx, records)
}

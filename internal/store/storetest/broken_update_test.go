package storetest_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var updateTwins = []twin{
	{"updates of organizations are read and then written", "Orgs/UpdatesAreNotLost", spoilOrgs(func(o store.Orgs) store.Orgs { return lostOrgUpdates{o, gather(updaters)} })},
	{"updates of documents are read and then written", "Documents/UpdatesAreNotLost", spoilDocuments(func(d store.Documents) store.Documents { return lostUpdates{d, gather(updaters)} })},
	{"an update drops the function's error", "Orgs/UpdateGivesTheErrorBack", spoilOrgUpdates(dropError)},
	{"an update wraps the function's error", "Orgs/UpdateGivesTheErrorBack", spoilOrgUpdates(wrapError)},
	{"an update writes what the function refused", "Orgs/UpdateGivesTheErrorBack", spoilOrgUpdates(writeRefused)},
	{"an update of nothing succeeds", "Orgs/UpdateOfNothing", spoilOrgUpdates(forgiveNothing)},
	{"an update without change is not written", "Orgs/UpdateWithoutChangeRaisesTheVersion", spoilOrgUpdates(skipNoChange)},
	{"an update sets its own time", "Orgs/UpdateWritesEveryField", spoilOrgUpdates(ownTime)},
	{"an update forgets a field", "Orgs/UpdateWritesEveryField", spoilOrgUpdates(forgetOwners)},
	{"an update does not clear a field", "Orgs/UpdateClearsFields", spoilOrgUpdates(keepOperation)},
	{"an update returns what it has read", "Orgs/UpdateWritesEveryField", spoilOrgUpdates(returnOld)},
	{"what an update returns is kept", "Orgs/UpdateSharesNothing", spoilOrgs(func(o store.Orgs) store.Orgs { return &cachingOrgs{Orgs: o} })},
	{"an update that was cut short says that it was done", "Orgs/UpdateCutShortTellsTheTruth", spoilOrgUpdates(lieAboutCancel)},
}

var valueTwins = []twin{
	{"times keep their nanoseconds", "Orgs/InsertKeepsEveryField", spoilOrgReads(func(o *tenant.Organization) { o.CreatedAt = o.CreatedAt.Add(456_789) })},
	{"times are local", "Orgs/InsertKeepsEveryField", spoilOrgReads(func(o *tenant.Organization) { o.UpdatedAt = o.UpdatedAt.In(time.FixedZone("UTC", 0)) })},
	{"no time is the epoch", "Orgs/InsertKeepsEveryField", spoilOrgReads(func(o *tenant.Organization) {
		if o.DeletedAt.IsZero() {
			o.DeletedAt = time.Unix(0, 0).UTC()
		}
	})},
	{"an operation's arguments are lost", "Orgs/InsertKeepsEveryField", spoilOrgReads(func(o *tenant.Organization) {
		if o.Op != nil {
			o.Op.Args.KeepSession = ""
		}
	})},
	{"owners are a set", "Orgs/InsertKeepsEveryField", spoilOrgReads(func(o *tenant.Organization) { o.Owners = o.Owners[1:] })},
	{"reads share a copy", "Orgs/ValuesShareNothing", spoilOrgs(func(o store.Orgs) store.Orgs { return &sharingOrgs{Orgs: o} })},
	{"organizations are cached", "Orgs/UpdateWritesEveryField", spoilOrgs(func(o store.Orgs) store.Orgs { return &staleOrgs{Orgs: o} })},
	{"a get of nothing returns nothing", "Orgs/GetOfNothing", spoilOrgs(func(o store.Orgs) store.Orgs { return getsNothing{o} })},
	{"inserts of one id all succeed", "Orgs/InsertsOfOneIDHaveOneWinner", spoilOrgs(func(o store.Orgs) store.Orgs { return overwritingInsert{o} })},
}

// orgUpdate is Orgs.Update without its trail.
type orgUpdate func(change func(*tenant.Organization) error) (tenant.Organization, error)

// updateWith updates organizations in a way of its own, upon the sound update.
type updateWith struct {
	store.Orgs
	broken func(old tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error)
}

func (b updateWith) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	old, err := b.Get(context.WithoutCancel(ctx), id)
	if err != nil {
		old = tenant.Organization{}
	}
	return b.broken(old, func(change func(*tenant.Organization) error) (tenant.Organization, error) {
		return b.Orgs.Update(ctx, id, trail, change)
	}, change)
}

func spoilOrgUpdates(broken func(tenant.Organization, orgUpdate, func(*tenant.Organization) error) (tenant.Organization, error)) func(store.Store) store.Store {
	return spoilOrgs(func(o store.Orgs) store.Orgs { return updateWith{o, broken} })
}

// lostOrgUpdates reads an organization, changes it, and writes it whatever is there by then.
type lostOrgUpdates struct {
	store.Orgs
	callers *gathering
}

func (b lostOrgUpdates) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	org, err := b.Get(ctx, id)
	if err != nil {
		return org, err
	}
	b.callers.join(ctx)
	if err := change(&org); err != nil {
		return tenant.Organization{}, err
	}
	return b.Orgs.Update(ctx, id, trail, func(o *tenant.Organization) error {
		*o = org
		return nil
	})
}

func dropError(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	refused := false
	org, err := sound(func(o *tenant.Organization) error {
		err := change(o)
		refused = err != nil
		return err
	})
	if refused {
		return org, nil
	}
	return org, err
}

func wrapError(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	org, err := sound(change)
	if err != nil {
		err = fmt.Errorf("update: %w", err)
	}
	return org, err
}

func writeRefused(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	var refusal error
	org, err := sound(func(o *tenant.Organization) error {
		refusal = change(o)
		return nil
	})
	if refusal != nil {
		err = refusal
	}
	return org, err
}

func forgiveNothing(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	org, err := sound(change)
	return org, forgive(tenant.CodeNotFound, err)
}

func skipNoChange(old tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	next := old.Clone()
	if err := change(&next); err == nil && reflect.DeepEqual(next, old) {
		return old, nil
	}
	return sound(change)
}

func ownTime(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	return sound(func(o *tenant.Organization) error {
		err := change(o)
		o.UpdatedAt = time.Now()
		return err
	})
}

func forgetOwners(old tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	return sound(func(o *tenant.Organization) error {
		err := change(o)
		o.Owners = old.Owners
		return err
	})
}

func keepOperation(old tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	return sound(func(o *tenant.Organization) error {
		err := change(o)
		if o.Op == nil {
			o.Op = old.Op
		}
		return err
	})
}

func returnOld(old tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	_, err := sound(change)
	return old, err
}

func lieAboutCancel(_ tenant.Organization, sound orgUpdate, change func(*tenant.Organization) error) (tenant.Organization, error) {
	org, err := sound(change)
	return org, forgive(tenant.CodeUnavailable, err)
}

// cachingOrgs keeps what Update returned and serves it to the next Get.
type cachingOrgs struct {
	store.Orgs
	last tenant.Organization
}

func (b *cachingOrgs) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	org, err := b.Orgs.Update(ctx, id, trail, change)
	b.last = org
	return org, err
}

func (b *cachingOrgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	if b.last.ID == id {
		return b.last, nil
	}
	return b.Orgs.Get(ctx, id)
}

// readWith changes what Get returns.
type readWith struct {
	store.Orgs
	edit func(*tenant.Organization)
}

func (b readWith) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	org, err := b.Orgs.Get(ctx, id)
	if err == nil {
		b.edit(&org)
	}
	return org, err
}

func spoilOrgReads(edit func(*tenant.Organization)) func(store.Store) store.Store {
	return spoilOrgs(func(o store.Orgs) store.Orgs { return readWith{o, edit} })
}

// sharingOrgs hands the same slices out again while the version is the same.
type sharingOrgs struct {
	store.Orgs
	mu   sync.Mutex
	last tenant.Organization
}

func (b *sharingOrgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	org, err := b.Orgs.Get(ctx, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.ID == org.ID && b.last.Version == org.Version {
		return b.last, err
	}
	b.last = org
	return org, err
}

// staleOrgs reads each organization once.
type staleOrgs struct {
	store.Orgs
	mu   sync.Mutex
	seen map[tenant.OrgID]tenant.Organization
}

func (b *staleOrgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if org, ok := b.seen[id]; ok {
		return org.Clone(), nil
	}
	org, err := b.Orgs.Get(ctx, id)
	if err == nil {
		b.seen = map[tenant.OrgID]tenant.Organization{id: org.Clone()}
	}
	return org, err
}

type getsNothing struct{ store.Orgs }

func (b getsNothing) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	org, err := b.Orgs.Get(ctx, id)
	return org, forgive(tenant.CodeNotFound, err)
}

// lostUpdates does with documents what lostOrgUpdates does with organizations.
type lostUpdates struct {
	store.Documents
	callers *gathering
}

func (b lostUpdates) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
	change func(*tenant.Document) error,
) (tenant.Document, error) {
	doc, err := b.Get(ctx, in, id)
	if err != nil {
		return doc, err
	}
	b.callers.join(ctx)
	if err := change(&doc); err != nil {
		return tenant.Document{}, err
	}
	return b.Documents.Update(ctx, in, id, quota, func(d *tenant.Document) error {
		*d = doc
		return nil
	})
}

package storetest_test

import (
	"context"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var idempotencyTwins = []twin{
	{"a request is looked up and then begun", "Idempotency/BeginsHaveOneWinner", spoilIdempotency(func(store.Idempotency) store.Idempotency { return &lookThenBegin{rivals: gather(crowd)} })},
	{"whoever loses is told its own record", "Idempotency/BeginIsOnce", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return echoes{i} })},
	{"records never expire", "Idempotency/ExpiredRecordsAreReplaced", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return beginWith{i, frozenClock} })},
	{"a record that has expired is replaced by all who come", "Idempotency/BeginsAfterExpiryHaveOneWinner", spoilIdempotency(func(store.Idempotency) store.Idempotency { return &lookThenBegin{rivals: gather(crowd), first: 1} })},
	{"callers have no limit", "Idempotency/LimitPerCaller", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return beginWith{i, noPerCaller} })},
	{"the limit comes before the key", "Idempotency/LimitPerCaller", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return limitFirst{i} })},
	{"a take-over does not look at the lease", "Idempotency/TakeOverComparesTheLease", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return meekTakeOver{i} })},
	{"take-overs all succeed", "Idempotency/TakeOversHaveOneWinner", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return meekTakeOver{i} })},
	{"what is done can be taken over", "Idempotency/FinishEndsTakeOvers", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return meekTakeOver{i} })},
	{"finishing nothing succeeds", "Idempotency/FinishEndsTakeOvers", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return meekFinish{i} })},
	{"a record is not forgotten", "Idempotency/ForgetMakesRoom", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return remembers{i} })},
	{"a purge of records takes what expires just now", "Idempotency/PurgeExpired", spoilIdempotency(func(i store.Idempotency) store.Idempotency { return eagerPurge{i} })},
}

func spoilIdempotency(spoil func(store.Idempotency) store.Idempotency) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Idempotency = spoil(s.Idempotency)
		return s
	}
}

// lookThenBegin keeps records in memory, looks for the key, and then stores.
type lookThenBegin struct {
	store.Idempotency
	rivals  *gathering
	first   int // calls that come alone, before the rivals
	mu      sync.Mutex
	records map[string]store.IdempotencyRecord
}

func (b *lookThenBegin) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, _ int) (store.IdempotencyRecord, bool, error) {
	b.mu.Lock()
	stored, ok := b.records[record.Key]
	alone := b.first > 0
	b.first--
	b.mu.Unlock()
	if ok && stored.ExpiresAt.After(now) {
		return stored, false, nil
	}
	if !alone {
		b.rivals.join(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	record.LeaseUntil, record.ExpiresAt = tenant.Millis(record.LeaseUntil), tenant.Millis(record.ExpiresAt)
	if b.records == nil {
		b.records = map[string]store.IdempotencyRecord{}
	}
	b.records[record.Key] = record
	return record, true, nil
}

type echoes struct{ store.Idempotency }

func (b echoes) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int) (store.IdempotencyRecord, bool, error) {
	_, began, err := b.Idempotency.Begin(ctx, record, now, perCaller)
	record.LeaseUntil, record.ExpiresAt = tenant.Millis(record.LeaseUntil), tenant.Millis(record.ExpiresAt)
	return record, began, err
}

// beginWith begins with another clock or limit.
type beginWith struct {
	store.Idempotency
	edit func(now *time.Time, perCaller *int)
}

func frozenClock(now *time.Time, _ *int) { *now = time.Unix(0, 0) }

func noPerCaller(_ *time.Time, perCaller *int) { *perCaller = 1 << 30 }

func (b beginWith) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int) (store.IdempotencyRecord, bool, error) {
	b.edit(&now, &perCaller)
	return b.Idempotency.Begin(ctx, record, now, perCaller)
}

// limitFirst tries whether one more record would be allowed before it looks for the key.
type limitFirst struct{ store.Idempotency }

func (b limitFirst) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int) (store.IdempotencyRecord, bool, error) {
	probe := record
	probe.Key = tenant.NewID()
	if _, _, err := b.Idempotency.Begin(ctx, probe, now, perCaller); err != nil {
		return store.IdempotencyRecord{}, false, err
	}
	if err := b.Forget(ctx, probe.Key); err != nil {
		return store.IdempotencyRecord{}, false, err
	}
	return b.Idempotency.Begin(ctx, record, now, perCaller)
}

type meekTakeOver struct{ store.Idempotency }

func (b meekTakeOver) TakeOver(ctx context.Context, key string, lease, next time.Time) error {
	return forgive(tenant.CodeConflict, b.Idempotency.TakeOver(ctx, key, lease, next))
}

type meekFinish struct{ store.Idempotency }

func (b meekFinish) Finish(ctx context.Context, key string) error {
	return forgive(tenant.CodeNotFound, b.Idempotency.Finish(ctx, key))
}

type remembers struct{ store.Idempotency }

func (remembers) Forget(context.Context, string) error { return nil }

type eagerPurge struct{ store.Idempotency }

func (b eagerPurge) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.Idempotency.PurgeExpired(ctx, before.Add(time.Millisecond), limit)
}

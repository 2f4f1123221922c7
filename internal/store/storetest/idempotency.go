package storetest

import (
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func idempotencyCases() []Case {
	return about("Idempotency",
		clause{name: "BeginIsOnce", check: beginIsOnce},
		clause{name: "BeginsHaveOneWinner", check: beginsHaveOneWinner},
		clause{name: "ExpiredRecordsAreReplaced", check: expiredRecordsAreReplaced},
		clause{name: "BeginsAfterExpiryHaveOneWinner", check: beginsAfterExpiryHaveOneWinner},
		clause{name: "LimitPerCaller", check: limitPerCaller},
		clause{name: "TakeOverComparesTheLease", check: takeOverComparesTheLease},
		clause{name: "TakeOversHaveOneWinner", check: takeOversHaveOneWinner},
		clause{name: "FinishEndsTakeOvers", check: finishEndsTakeOvers},
		clause{name: "ForgetMakesRoom", check: forgetMakesRoom},
		clause{name: "PurgeExpired", alone: true, check: idempotencyPurge},
	)
}

// noLimit is a perCaller that no case reaches.
const noLimit = 1000

// begin begins a request and complains unless it is the first one, or is not, and finds the record.
func (d *desk) begin(record store.IdempotencyRecord, now time.Time, first bool, want store.IdempotencyRecord, what string) {
	d.Helper()
	got, began, err := d.Idempotency.Begin(d.Context(), record, now, noLimit)
	d.need(err, "%s", what)
	d.same(began, first, "%s: whether it is the first", what)
	d.same(got, settled(want), "%s: the record", what)
}

// rival returns another request's record under the same key.
func rival(record store.IdempotencyRecord) store.IdempotencyRecord {
	other := newRecord()
	other.Key, other.Caller = record.Key, record.Caller
	return other
}

func beginIsOnce(d *desk) {
	record := newRecord()
	d.begin(record, noon, true, record, "the first request")
	d.begin(rival(record), noon, false, record, "the second request with its key")
	done := newRecord()
	done.Done = true
	d.begin(done, noon, true, done, "a record that is done from the start")
	d.begin(rival(done), noon, false, done, "the second request after that")
	again := rival(record)
	again.Key += "2"
	d.begin(again, noon, true, again, "another key of the same caller")
}

func beginsHaveOneWinner(d *desk) {
	d.race(noon, newRecord())
}

// race lets many requests with the record's key begin at once and looks whether one wins and the others learn of it.
func (d *desk) race(now time.Time, record store.IdempotencyRecord) {
	d.Helper()
	type outcome struct {
		record store.IdempotencyRecord
		began  bool
	}
	rivals := make([]store.IdempotencyRecord, crowd)
	for i := range rivals {
		rivals[i] = rival(record)
		rivals[i].ExpiresAt = now.Add(24 * time.Hour)
	}
	outcomes := together(crowd, func(i int) outcome {
		got, began, err := d.Idempotency.Begin(d.Context(), rivals[i], now, noLimit)
		if err != nil {
			d.Errorf("begin: %v", err)
		}
		return outcome{got, began}
	})
	winners, winner := 0, store.IdempotencyRecord{}
	for i, o := range outcomes {
		if o.began {
			winners++
			winner = settled(rivals[i])
		}
	}
	d.same(winners, 1, "how many of %d requests began", crowd)
	for i, o := range outcomes {
		d.same(o.record, winner, "the record that request %d is told", i)
	}
}

func expiredRecordsAreReplaced(d *desk) {
	record := newRecord()
	d.begin(record, noon, true, record, "the first request")
	next := rival(record)
	next.ExpiresAt = record.ExpiresAt.Add(24 * time.Hour)
	d.begin(next, record.ExpiresAt.Add(-time.Millisecond), false, record, "just before it expires")
	d.begin(next, record.ExpiresAt, true, next, "at the moment at which it expires")
	d.begin(rival(record), record.ExpiresAt, false, next, "after it was replaced")
}

func beginsAfterExpiryHaveOneWinner(d *desk) {
	record := newRecord()
	d.begin(record, noon, true, record, "the first request")
	d.race(record.ExpiresAt.Add(time.Second), record)
}

func limitPerCaller(d *desk) {
	const limit = 2
	first, other := newRecord(), newRecord()
	begin := func(record store.IdempotencyRecord, now time.Time) error {
		_, _, err := d.Idempotency.Begin(d.Context(), record, now, limit)
		return err
	}
	of := func(expires time.Time) store.IdempotencyRecord {
		record := rival(first)
		record.Key, record.ExpiresAt = token(), expires
		return record
	}
	d.need(begin(first, noon), "the first request of a caller")
	d.need(begin(of(noon.Add(time.Hour)), noon), "the second")
	refused := of(noon.Add(24 * time.Hour))
	d.want(tenant.CodeLimit, begin(refused, noon), "the third")
	d.begin(first, noon, false, first, "the first one again, at the limit")
	got, began, err := d.Idempotency.Begin(d.Context(), rival(first), noon, limit)
	d.need(err, "the first one again, at the limit and with it")
	d.same(began, false, "whether the first one begins again at the limit")
	d.same(got, settled(first), "what the first one is told at the limit")
	d.need(begin(other, noon), "the first request of another caller")
	late := noon.Add(time.Hour)
	d.need(begin(refused, late), "the third, when the second has expired")
	d.want(tenant.CodeLimit, begin(of(noon.Add(48*time.Hour)), late), "the fourth")
}

func takeOverComparesTheLease(d *desk) {
	record := newRecord()
	d.begin(record, noon, true, record, "the first request")
	lease, next, last := record.LeaseUntil, noon.Add(10*time.Second), noon.Add(20*time.Second)
	takeOver := func(lease, next time.Time) error {
		return d.Idempotency.TakeOver(d.Context(), record.Key, lease, next)
	}
	d.want(tenant.CodeConflict, takeOver(next, last), "take over by another lease")
	d.begin(rival(record), noon, false, record, "a look at the record after that")
	d.need(takeOver(lease, next), "take over by its lease")
	d.want(tenant.CodeConflict, takeOver(lease, last), "take over by the lease before")
	record.LeaseUntil = next
	d.begin(rival(record), noon, false, record, "a look at the record after the take-over")
	d.need(takeOver(tenant.Millis(next), last), "take over by the lease as it is stored")
	missing := d.Idempotency.TakeOver(d.Context(), token(), lease, next)
	d.wantOneOf([]tenant.Code{tenant.CodeConflict, tenant.CodeNotFound}, missing, "take over of nothing")
}

func takeOversHaveOneWinner(d *desk) {
	record := newRecord()
	d.begin(record, noon, true, record, "the first request")
	next := func(i int) time.Time { return noon.Add(time.Duration(i+10) * time.Second) }
	errs := together(crowd, func(i int) error {
		return d.Idempotency.TakeOver(d.Context(), record.Key, record.LeaseUntil, next(i))
	})
	record.LeaseUntil = next(d.winner(errs, tenant.CodeConflict, "take-overs of one lease"))
	d.begin(rival(record), noon, false, record, "a look at the record after them")
}

func finishEndsTakeOvers(d *desk) {
	record, other := newRecord(), newRecord()
	d.begin(record, noon, true, record, "the first request")
	d.begin(other, noon, true, other, "another request")
	d.twice(func() error { return d.Idempotency.Finish(d.Context(), record.Key) }, "finish")
	err := d.Idempotency.TakeOver(d.Context(), record.Key, record.LeaseUntil, noon)
	d.want(tenant.CodeConflict, err, "take over of what is done")
	record.Done = true
	d.begin(rival(record), noon, false, record, "a look at the record that is done")
	d.begin(rival(other), noon, false, other, "a look at the other record")
	d.want(tenant.CodeNotFound, d.Idempotency.Finish(d.Context(), token()), "finish of nothing")
}

func forgetMakesRoom(d *desk) {
	record, other := newRecord(), newRecord()
	d.begin(record, noon, true, record, "the first request")
	d.begin(other, noon, true, other, "another request")
	d.twice(func() error { return d.Idempotency.Forget(d.Context(), record.Key) }, "forget")
	next := rival(record)
	d.begin(next, noon, true, next, "the next request with the key")
	d.begin(rival(other), noon, false, other, "a look at the other record")
}

func idempotencyPurge(d *desk) {
	with := func(expires time.Time, done bool) store.IdempotencyRecord {
		record := newRecord()
		record.ExpiresAt, record.Done = expires, done
		d.begin(record, longAgo, true, record, "a request")
		return record
	}
	for i := range 3 {
		with(noon.Add(-time.Duration(i+1)*time.Millisecond), i%2 == 0)
	}
	onTime, later := with(noon, true), with(noon.Add(time.Hour), false)
	for _, want := range []int{2, 1, 0} {
		n, err := d.Idempotency.PurgeExpired(d.Context(), noon, 2)
		d.need(err, "purge")
		d.same(n, want, "how many the purge removed")
	}
	d.begin(rival(onTime), longAgo, false, onTime, "the record that expires at the moment of the purge")
	d.begin(rival(later), longAgo, false, later, "the record that expires later")
}

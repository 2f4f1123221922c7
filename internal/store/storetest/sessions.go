package storetest

import (
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func sessionCases() []Case {
	return about("Sessions",
		clause{name: "EndIsOnceAndForAll", check: sessionEndIsOnce},
		clause{name: "EndsHaveOneWinner", check: sessionEndsHaveOneWinner},
		clause{name: "EndOfNothing", check: sessionEndOfNothing},
		clause{name: "ExpiredAreThereUntilPurged", alone: true, check: sessionPurge},
	)
}

// open inserts a session that nobody has ended.
func (d *desk) open(expires time.Time) tenant.Session {
	d.Helper()
	session := newSession()
	session.EndedAt, session.ExpiresAt = time.Time{}, expires
	return put(d, sessionKind(d), session)
}

// endedAt complains unless the session ended at the moment, zero for not at all, and is otherwise as it was.
func (d *desk) endedAt(session tenant.Session, at time.Time, what string) {
	d.Helper()
	got, err := d.Sessions.Get(d.Context(), session.ID)
	d.need(err, "get the session")
	session.EndedAt = tenant.Millis(at)
	d.same(got, session, "the session %s", what)
}

func sessionEndIsOnce(d *desk) {
	session, other := d.open(noon), d.open(noon)
	d.endedAt(session, time.Time{}, "while it is open")
	d.need(d.Sessions.End(d.Context(), session.ID, noon.Add(time.Minute)), "end")
	d.endedAt(session, noon.Add(time.Minute), "after its end")
	for _, again := range []time.Time{noon.Add(time.Hour), noon} {
		d.need(d.Sessions.End(d.Context(), session.ID, again), "end what has ended")
		d.endedAt(session, noon.Add(time.Minute), "after it was ended again")
	}
	d.endedAt(other, time.Time{}, "beside the one that ended")
}

func sessionEndsHaveOneWinner(d *desk) {
	session := d.open(noon)
	seen := together(crowd, func(i int) time.Time {
		if err := d.Sessions.End(d.Context(), session.ID, noon.Add(time.Duration(i)*time.Second)); err != nil {
			d.Errorf("end: %v", err)
		}
		got, err := d.Sessions.Get(d.Context(), session.ID)
		if err != nil {
			d.Errorf("get: %v", err)
		}
		return got.EndedAt
	})
	for _, at := range seen {
		d.same(at, seen[0], "the end that different callers saw")
	}
	d.endedAt(session, seen[0], "in the end")
}

func sessionEndOfNothing(d *desk) {
	d.want(tenant.CodeNotFound, d.Sessions.End(d.Context(), newSession().ID, noon), "end of a session that was never there")
}

// A purge removes what expired before the moment, ended or not, and no more at a time than it is asked to.
func sessionPurge(d *desk) {
	var due []tenant.Session
	for i := range 3 {
		due = append(due, d.open(noon.Add(-time.Duration(i+1)*time.Millisecond)))
	}
	onTime, later := d.open(noon), d.open(noon.Add(time.Hour))
	d.need(d.Sessions.End(d.Context(), due[0].ID, noon), "end")
	d.need(d.Sessions.End(d.Context(), later.ID, noon), "end")
	d.endedAt(due[1], time.Time{}, "that has expired")
	for _, want := range []int{2, 1, 0} {
		n, err := d.Sessions.PurgeExpired(d.Context(), noon, 2)
		d.need(err, "purge")
		d.same(n, want, "how many the purge removed")
	}
	for _, session := range due {
		d.want(tenant.CodeNotFound, errOf(d.Sessions.Get(d.Context(), session.ID)), "get of a session that was purged")
	}
	d.endedAt(onTime, time.Time{}, "that expires at the moment of the purge")
	d.endedAt(later, noon, "that ended and has not expired")
}

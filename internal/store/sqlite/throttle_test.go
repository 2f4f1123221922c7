package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
)

func TestThrottleIsWrittenEachSecondAndReadAtStart(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	tick := make(chan time.Time)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir, Now: clock, tick: tick})
	if err != nil {
		t.Fatal(err)
	}
	leak := store.Leak{PerSecond: 0.5, TTL: time.Minute}
	add := func(db *DB, key string, delta float64) float64 {
		level, err := db.Store().Throttle.Add(t.Context(), key, delta, leak, now)
		if err != nil {
			t.Fatal(err)
		}
		return level
	}
	rows := func() (n int) {
		err := db.catalog.read(t.Context(), func(s *session) error { return s.get("SELECT count(*) FROM throttle", nil, &n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	add(db, "a", 3)
	add(db, "b", 1)
	if n := rows(); n != 0 {
		t.Errorf("%d rows before the second is over", n)
	}
	tick <- now
	tick <- now // taken up once the first is done with
	if n := rows(); n != 2 {
		t.Errorf("%d rows after a tick", n)
	}
	add(db, "c", 2) // written by Close
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	db = openTest(t, Options{Dir: dir, Now: clock, tick: tick})
	for key, want := range map[string]float64{"a": 2, "b": 0, "c": 1, "d": 0} {
		if got := add(db, key, 0); got < want-0.01 || got > want+0.01 {
			t.Errorf("counter %s is at %v after a start, want %v", key, got, want)
		}
	}
	now = now.Add(time.Hour)
	tick <- now
	tick <- now
	if n := rows(); n != 0 || len(db.throttle.counters) != 0 {
		t.Errorf("%d rows and %d counters after they expired", n, len(db.throttle.counters))
	}
}

func TestThrottleIsBounded(t *testing.T) {
	now := time.Now()
	db := openTest(t, Options{Now: func() time.Time { return now }, tick: make(chan time.Time)})
	th := db.throttle
	th.bound = 10
	for i := range 100 {
		_, err := th.Add(t.Context(), fmt.Sprint(i), 1, store.Leak{TTL: time.Duration(100+(i*37)%100) * time.Second}, now)
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(th.counters) != 10 || len(th.byExpiry) != 10 {
		t.Fatalf("%d counters, %d in the order", len(th.counters), len(th.byExpiry))
	}
	if err := th.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.catalog.read(t.Context(), func(s *session) error { return s.get("SELECT count(*) FROM throttle", nil, &n) }); err != nil || n != 10 {
		t.Errorf("%d rows (%v)", n, err)
	}
	// The last one added may stay whatever its time, and the others are those that expire last.
	for key, c := range th.counters {
		if left := c.expiresAt.Sub(now); left < 190*time.Second && key != "99" {
			t.Errorf("counter %s expires in %s and is still there", key, left)
		}
	}
}

func TestThrottleKeepsWhatCouldNotBeWritten(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time)})
	th := db.throttle
	for i := range flushSize + 5 {
		if _, err := th.Add(t.Context(), fmt.Sprint(i), 1, store.Leak{TTL: time.Hour}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	err := db.catalog.write(t.Context(), func(s *session) error {
		_, err := s.exec("ALTER TABLE throttle RENAME TO away")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := th.flush(t.Context()); err == nil {
		t.Error("rows were written without a table")
	}
	if len(th.dirty) != flushSize+5 {
		t.Errorf("%d counters wait to be written", len(th.dirty))
	}
	err = db.catalog.write(t.Context(), func(s *session) error {
		_, err := s.exec("ALTER TABLE away RENAME TO throttle")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := th.flush(t.Context()); err != nil || len(th.dirty) != 0 {
		t.Errorf("%d counters wait to be written (%v)", len(th.dirty), err)
	}
}

// What was given back does not push out what counts.
func TestThrottleForgetsWhatWasGivenBack(t *testing.T) {
	db, err := Open(t.Context(), Options{Dir: t.TempDir() + "/data"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	throttle := newThrottle(db.catalog, db.log, time.Now)
	throttle.bound = 10
	leak, now := store.Leak{TTL: time.Minute}, time.Now()
	add := func(key string, delta float64) float64 {
		level, err := throttle.Add(t.Context(), key, delta, leak, now)
		if err != nil {
			t.Fatal(err)
		}
		return level
	}
	add("guesses", 5)
	for i := range 100 {
		key := fmt.Sprint("refunded", i)
		add(key, 1)
		now = now.Add(time.Millisecond)
		if level := add(key, -1); level != 0 {
			t.Errorf("%s is at %v after its refund", key, level)
		}
	}
	if level := add("guesses", 0); level != 5 || len(throttle.counters) != 1 {
		t.Errorf("the guesses are at %v among %d counters, want 5 and no other", level, len(throttle.counters))
	}
}

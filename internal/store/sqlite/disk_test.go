package sqlite

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// steps returns a clock that goes on by two seconds with each look.
func steps() func() time.Time {
	var looks atomic.Int64
	return func() time.Time { return time.Unix(2*looks.Add(1), 0) }
}

func TestFullDiskByThreshold(t *testing.T) {
	const mega = 1 << 20
	free := uint64(100 * mega)
	db := openTest(t, Options{
		Now:   steps(),
		space: func(string) (uint64, uint64, error) { return free, 1000 * mega, nil },
	})
	s := db.Store()
	place := settle(t, db, "doc", "other")
	org := tenant.Organization{ID: "org", Claims: []tenant.Claim{"name:a"}}
	if err := s.Orgs.Insert(t.Context(), org, tenant.Upkeep{}); err != nil {
		t.Fatal(err)
	}
	free = 49 * mega
	doc := tenant.Document{ID: "more", Data: tenant.Data(`{}`)}
	for act, err := range map[string]error{
		"insert": errorOf(s.Documents.Insert(t.Context(), place.In(""), doc, 0)),
		"update": errorOf(s.Documents.Update(t.Context(), place.In(""), "doc", 0, func(*tenant.Document) error { return nil })),
		"create": s.Places.Create(t.Context(), tenant.Place{Org: "new"}),
		"org":    s.Orgs.Insert(t.Context(), tenant.Organization{ID: "b"}, tenant.Upkeep{}),
		"ping":   s.Health.Ping(t.Context()),
	} {
		if !tenant.IsCode(err, tenant.CodeStorageFull) || !strings.Contains(err.Error(), "deletions still work") {
			t.Errorf("%s on a disk that is nearly full: %v", act, err)
		}
	}
	for act, err := range map[string]error{
		"get":                  errorOf(s.Documents.Get(t.Context(), place.In(""), "doc")),
		"delete":               s.Documents.Delete(t.Context(), place.In(""), "other", tenant.Revision{}),
		"create what is there": s.Places.Create(t.Context(), place),
		"log in":               s.Sessions.Insert(t.Context(), tenant.Session{ID: "a"}),
		"trash":                s.Places.Trash(t.Context(), place, "op"),
		"restore":              s.Places.Restore(t.Context(), "op", place),
		"update":               errorOf(s.Orgs.Update(t.Context(), "org", tenant.Upkeep{}, func(*tenant.Organization) error { return nil })),
	} {
		if err != nil {
			t.Errorf("%s on a disk that is nearly full: %v", act, err)
		}
	}
	holds(t, db, place, "doc")
	free = 50 * mega
	if _, err := s.Documents.Insert(t.Context(), place.In(""), doc, 0); err != nil {
		t.Errorf("insert once there is room: %v", err)
	}
}

// What little is free tells whether a deletion finds room.
func TestDiskSaysWhatStillWorks(t *testing.T) {
	for _, tc := range []struct {
		free uint64
		says string
	}{{49_999_999, "deletions still work"}, {deletable, "deletions still work"}, {deletable - 1, "nothing deleted"}, {0, "nothing deleted"}} {
		d := &disk{minRatio: 0.05, now: steps(), space: func(string) (uint64, uint64, error) { return tc.free, 1_000_000_000, nil }}
		if err := d.check(); !tenant.IsCode(err, tenant.CodeStorageFull) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("with %d bytes free: %v, want %q", tc.free, err, tc.says)
		}
	}
}

func TestDiskIsAskedOnceASecond(t *testing.T) {
	now, asked := time.Unix(1000, 0), 0
	d := &disk{
		minRatio: 0.05, now: func() time.Time { return now },
		space: func(string) (uint64, uint64, error) { asked++; return 0, 0, context.Canceled },
	}
	for range 10 {
		if err := d.check(); err != nil {
			t.Errorf("a disk that cannot be asked: %v", err)
		}
		now = now.Add(250 * time.Millisecond)
	}
	if asked != 3 {
		t.Errorf("the disk was asked %d times in 2.5 s", asked)
	}
}

// A file that cannot grow: the write fails, reads and deletions go on, and so do writes once there is room.
func TestFullFile(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc", "other")
	limit := func(pages string) {
		err := db.pool.use(t.Context(), place.Org, func(f *file) error {
			return f.write(t.Context(), func(s *session) error {
				_, err := s.exec("PRAGMA max_page_count = " + pages)
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // no more than there are
	s := db.Store()
	big := tenant.Document{ID: "big", Data: tenant.Data(`{"a":"` + strings.Repeat("x", 100_000) + `"}`)}
	if _, err := s.Documents.Insert(t.Context(), place.In(""), big, 0); !tenant.IsCode(err, tenant.CodeStorageFull) || strings.Contains(err.Error(), "deletions still work") {
		t.Errorf("insert into a full file: %v", err)
	}
	holds(t, db, place, "doc", "other")
	limit("1")
	if err := s.Documents.Delete(t.Context(), place.In(""), "other", tenant.Revision{}); err != nil {
		t.Errorf("delete in a full file: %v", err)
	}
	holds(t, db, place, "doc")
	if u, err := s.Documents.Usage(t.Context(), place); err != nil || u.Documents != 1 {
		t.Errorf("usage %v (%v)", u, err)
	}
	limit("100000")
	if _, err := s.Documents.Insert(t.Context(), place.In(""), big, 0); err != nil {
		t.Errorf("insert once there is room: %v", err)
	}
}

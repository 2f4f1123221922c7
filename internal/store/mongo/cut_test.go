package mongo

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// scissors end a call after so many of its commands have taken effect, as a crash would.
type scissors struct {
	mu   sync.Mutex
	left int
	end  context.CancelFunc
}

func (s *scissors) options(c *options.ClientOptions) {
	c.SetMonitor(&event.CommandMonitor{Succeeded: func(context.Context, *event.CommandSucceededEvent) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.end == nil {
			return
		}
		if s.left--; s.left == 0 {
			s.end()
		}
	}})
}

// cut makes a call that ends after n commands, and reports whether it came to its own end before.
func (s *scissors) cut(t *testing.T, n int, call func(ctx context.Context) error) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.mu.Lock()
	s.left, s.end = n, cancel
	s.mu.Unlock()
	err := call(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := s.left > 0
	s.end = nil
	if whole && err != nil {
		t.Errorf("the call that nothing cut short: %v", err)
	}
	return whole
}

// Whatever command of a method on places is the last before a crash: called again, it ends in the same state.
func TestPlacesCutShort(t *testing.T) {
	var s scissors
	db := openTest(t, Options{client: s.options, tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	places, docs := db.Store().Places, db.Store().Documents
	filled := func(t *testing.T) tenant.Place {
		t.Helper()
		place := settle(t, db)
		_, err := docs.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w"}, 0)
		must(t, err)
		return place
	}
	trashed := func(t *testing.T) tenant.Place {
		t.Helper()
		place := filled(t)
		must(t, places.Trash(t.Context(), place, "op"))
		return place
	}
	there := func(t *testing.T, place tenant.Place) {
		t.Helper()
		_, err := docs.Get(t.Context(), place.In(""), "doc")
		must(t, err)
	}
	gone := func(t *testing.T, place tenant.Place) {
		t.Helper()
		_, err := docs.Get(t.Context(), place.In(""), "doc")
		want(t, tenant.CodeNotFound, err, "get")
	}
	for name, c := range map[string]struct {
		begin func(t *testing.T) tenant.Place
		act   func(ctx context.Context, s store.Places, place tenant.Place) error
		check func(t *testing.T, place tenant.Place)
	}{
		"create": {func(*testing.T) tenant.Place { return newPlace() }, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Create(ctx, place)
		}, func(t *testing.T, place tenant.Place) {
			_, err := docs.Usage(t.Context(), place)
			must(t, err)
		}},
		"rename": {filled, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Rename(ctx, place, renamed(place))
		}, func(t *testing.T, place tenant.Place) {
			there(t, renamed(place))
			gone(t, place)
			next := newPlace()
			next.Placement = place.Placement
			must(t, places.Create(t.Context(), next)) // the old name is free
		}},
		"trash": {filled, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Trash(ctx, place, "op")
		}, func(t *testing.T, place tenant.Place) {
			gone(t, place)
			must(t, places.Restore(t.Context(), "op", place))
			there(t, place)
		}},
		"restore": {trashed, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Restore(ctx, "op", place)
		}, there},
		"drop": {trashed, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Drop(ctx, place.Org, "op")
		}, func(t *testing.T, place tenant.Place) {
			want(t, tenant.CodeNotFound, places.Restore(t.Context(), "op", place), "restore")
		}},
		"discard": {func(t *testing.T) tenant.Place { return settle(t, db) }, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Discard(ctx, place)
		}, func(t *testing.T, place tenant.Place) {
			gone(t, place)
			left, err := db.owners.graves(t.Context(), place.Org, discarded)
			if err != nil || len(left) > 0 {
				t.Errorf("there are %d homes left in the trash (%v), want none", len(left), err)
			}
			must(t, places.Create(t.Context(), place))
		}},
		"discard of what was cut short": {func(t *testing.T) tenant.Place {
			place := newPlace()
			s.cut(t, 4, func(ctx context.Context) error { return places.Create(ctx, place) })
			return place
		}, func(ctx context.Context, s store.Places, place tenant.Place) error {
			return s.Discard(ctx, place)
		}, func(t *testing.T, place tenant.Place) {
			gone(t, place)
			must(t, places.Create(t.Context(), place))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for n, whole := 1, false; !whole; n++ {
				place := c.begin(t)
				whole = s.cut(t, n, func(ctx context.Context) error { return c.act(ctx, places, place) })
				must(t, c.act(t.Context(), places, place))
				c.check(t, place)
			}
		})
	}
}

// renamed returns the place under another name.
func renamed(place tenant.Place) tenant.Place {
	place.Placement.Namespace += "_2"
	return place
}

// At the bound the counters that expire first are forgotten.
func TestThrottleIsBounded(t *testing.T) {
	db := openTest(t, Options{})
	counters := db.Store().Throttle
	for i, key := range []string{"c", "a", "b"} {
		_, err := counters.Add(t.Context(), key, 1, store.Leak{TTL: time.Duration(i+1) * time.Hour}, noon)
		must(t, err)
	}
	must(t, db.throttle().trim(t.Context(), 2))
	for key, want := range map[string]float64{"a": 1, "b": 1, "c": 0} {
		level, err := counters.Add(t.Context(), key, 0, store.Leak{TTL: time.Hour}, noon)
		if err != nil || level != want {
			t.Errorf("the level of %s is %g (%v), want %g", key, level, err, want)
		}
	}
}

// Servers that start on a fresh database at the same moment make one layout.
func TestOpenAtOnce(t *testing.T) {
	o := Options{Database: "orgd_t_once_" + tenant.NewID()[:8], URI: engine(t)}
	openTest(t, Options{Database: o.Database}) // ends with dropping the databases
	must(t, openTest(t, o).main.Drop(t.Context()))
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			db, err := Open(t.Context(), o)
			if err == nil {
				err = db.Close(context.WithoutCancel(t.Context()))
			}
			errs[i] = err
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Errorf("open at the same time: %v", err)
		}
	}
}

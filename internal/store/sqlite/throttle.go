package sqlite

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
)

// maxCounters bounds the counters; at the bound those that expire first are forgotten.
const maxCounters = 100_000

// flushSize is how many counters one transaction writes: the catalog's other writers wait meanwhile.
const flushSize = 1000

// throttle keeps the counters in memory and writes those that changed once a second: an attempt costs no fsync, and a crash
// forgives the attempts of the last second.
type throttle struct {
	catalog *file
	log     *slog.Logger
	now     func() time.Time
	bound   int

	mu       sync.Mutex
	counters map[string]*counter
	byExpiry expiryHeap
	dirty    map[string]bool // keys whose rows are out of date
}

// counter is the level of one key.
type counter struct {
	key       string
	level     float64
	changedAt time.Time
	expiresAt time.Time
	index     int // in the heap
}

func newThrottle(catalog *file, log *slog.Logger, now func() time.Time) *throttle {
	return &throttle{
		catalog: catalog, log: log, now: now, bound: maxCounters,
		counters: map[string]*counter{}, dirty: map[string]bool{},
	}
}

// Add implements store.Throttle.
func (t *throttle) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, overdue(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counters[key]
	level := 0.0
	if c != nil && now.Before(c.expiresAt) {
		level = max(0, c.level-leak.PerSecond*max(0, now.Sub(c.changedAt).Seconds()))
	}
	if delta == 0 {
		return level, nil
	}
	if level = max(0, level+delta); level == 0 {
		// As good as none: what was given back must not fill the bound, where it would push real attempts out.
		if c != nil {
			t.forget(c)
		}
		return 0, nil
	}
	t.put(counter{key: key, level: level, changedAt: now, expiresAt: now.Add(leak.TTL)})
	t.dirty[key] = true
	return level, nil
}

// put stores a counter, at the bound in place of the one that expires first.
func (t *throttle) put(next counter) {
	if c := t.counters[next.key]; c != nil {
		next.index = c.index
		*c = next
		heap.Fix(&t.byExpiry, c.index)
		return
	}
	if len(t.counters) >= t.bound {
		t.forget(t.byExpiry[0])
	}
	t.counters[next.key] = &next
	heap.Push(&t.byExpiry, &next)
}

func (t *throttle) forget(c *counter) {
	heap.Remove(&t.byExpiry, c.index)
	delete(t.counters, c.key)
	t.dirty[c.key] = true
}

// load reads the rows at start.
func (t *throttle) load(ctx context.Context) error {
	now := t.now()
	return t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT key, level, changed_at, expires_at FROM throttle WHERE expires_at > ? ORDER BY expires_at DESC LIMIT ?`,
			[]any{instant(now), t.bound}, func(scan func(dest ...any) error) error {
				var c counter
				err := scan(&c.key, &c.level, (*instant)(&c.changedAt), (*instant)(&c.expiresAt))
				if err == nil {
					t.put(c)
				}
				return err
			})
	})
}

// run writes what changed at each tick, until ctx ends.
func (t *throttle) run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-tick:
			if err := t.flush(ctx); err != nil {
				t.log.Warn("writing the throttle's counters failed; the next attempt is in a second", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// flush writes the rows of the counters that changed since the last time.
func (t *throttle) flush(ctx context.Context) error {
	for {
		batch := t.changed()
		if len(batch) == 0 {
			return nil
		}
		err := t.catalog.write(ctx, func(s *session) error {
			for key, c := range batch {
				if err := writeCounter(s, key, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.mu.Lock()
			for key := range batch {
				t.dirty[key] = true
			}
			t.mu.Unlock()
			return err
		}
	}
}

// changed takes up to flushSize keys that changed, with copies of their counters, nil where one was forgotten. On the way
// it forgets what has expired.
func (t *throttle) changed() map[string]*counter {
	t.mu.Lock()
	defer t.mu.Unlock()
	for now := t.now(); len(t.byExpiry) > 0 && !now.Before(t.byExpiry[0].expiresAt); {
		t.forget(t.byExpiry[0])
	}
	batch := map[string]*counter{}
	for key := range t.dirty {
		if len(batch) == flushSize {
			break
		}
		batch[key] = nil
		if c := t.counters[key]; c != nil {
			snapshot := *c
			batch[key] = &snapshot
		}
		delete(t.dirty, key)
	}
	return batch
}

func writeCounter(s *session, key string, c *counter) error {
	if c == nil {
		_, err := s.exec(`DELETE FROM throttle WHERE key = ?`, key)
		return err
	}
	_, err := s.exec(`INSERT OR REPLACE INTO throttle (key, level, changed_at, expires_at) VALUES (?,?,?,?)`,
		key, c.level, instant(c.changedAt), instant(c.expiresAt))
	return err
}

// expiryHeap orders counters by when they expire.
type expiryHeap []*counter

// Len implements heap.Interface.
func (h expiryHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h expiryHeap) Less(i, j int) bool { return h[i].expiresAt.Before(h[j].expiresAt) }

// Swap implements heap.Interface.
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *expiryHeap) Push(x any) {
	c := x.(*counter) //nolint:errcheck // nothing else is pushed
	c.index = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *expiryHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

var _ store.Throttle = (*throttle)(nil)

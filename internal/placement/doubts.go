package placement

import (
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// doubts are the organizations into whose data something that this server sent may still be inserted: its answer was lost, and
// reading back did not find it. After [LateLimit] nothing is late any more.
type doubts struct {
	mu    sync.Mutex
	since map[tenant.OrgID]time.Time
}

func (d *doubts) note(org tenant.OrgID, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, at := range d.since {
		if now.Sub(at) > LateLimit {
			delete(d.since, id)
		}
	}
	d.since[org] = now
}

func (d *doubts) about(org tenant.OrgID, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, noted := d.since[org]
	return noted && now.Sub(at) <= LateLimit
}

// any reports whether there is any doubt.
func (d *doubts) any(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, at := range d.since {
		if now.Sub(at) <= LateLimit {
			return true
		}
	}
	return false
}

// Doubtful reports whether anything that this server sent may still take effect, so that it leaves as a dead one does.
func (g *Gates) Doubtful() bool { return g.doubts.any(g.now()) }

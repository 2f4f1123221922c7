package presence

import (
	"context"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/tenant"
)

// sight is what was seen of a server, and since when it is so, by this server's clock.
type sight struct {
	counter int64
	dead    bool
	since   time.Time
}

// watch is what this server has seen of all servers on the list. One goroutine looks, others ask.
type watch struct {
	mu   sync.Mutex
	seen map[tenant.InstanceID]sight
	last time.Time // of the last look
}

// watchOthers looks at the list, and declares dead whose counter has stood still for the lease and more while this server was
// looking all the time. Records of the dead are kept for as long as anything of theirs can be late.
func (k *Keeper) watchOthers(ctx context.Context) {
	all, err := k.Instances.List(ctx)
	if err != nil {
		return // nothing was seen, so nothing stood still
	}
	self := k.Gates.Self()
	for _, id := range k.watch.look(all, self, k.Now(), k.Lease+grace) {
		if err := k.Instances.DeclareDead(ctx, id.server, id.counter); err == nil {
			k.Log.Warn("a server was declared dead, since its heartbeats stood still; its operations are taken over", "server", id.server)
		}
	}
	for _, id := range k.watch.buried(k.Now()) {
		if err := k.Instances.Remove(ctx, id); err != nil && ctx.Err() == nil {
			k.Log.Warn("the record of a dead server could not be removed; it is tried again", "server", id, "error", err)
		}
	}
}

// still is a server whose counter stands still.
type still struct {
	server  tenant.InstanceID
	counter int64
}

// look notes what the list says and returns whose counter has stood still for too long. Where this server has not looked for a
// while (it was stopped, or the store was away) nobody could be seen to move, so everything is seen anew.
func (w *watch) look(all []tenant.Instance, self tenant.InstanceID, now time.Time, limit time.Duration) (stopped []still) {
	w.mu.Lock()
	defer w.mu.Unlock()
	blind := now.Sub(w.last) > limit/2
	seen := make(map[tenant.InstanceID]sight, len(all))
	for _, i := range all {
		s, known := w.seen[i.ID]
		if !known || s.counter != i.Counter || s.dead != i.Dead || blind && !i.Dead {
			s = sight{i.Counter, i.Dead, now}
		}
		seen[i.ID] = s
		if !i.Dead && i.ID != self && now.Sub(s.since) >= limit {
			stopped = append(stopped, still{i.ID, i.Counter})
		}
	}
	w.seen, w.last = seen, now
	return stopped
}

// buried returns the dead of whom nothing can be late any more.
func (w *watch) buried(now time.Time) (ids []tenant.InstanceID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, s := range w.seen {
		if s.dead && now.Sub(s.since) > placement.LateLimit {
			ids = append(ids, id)
		}
	}
	return ids
}

// gone reports whether a server that is not this one is known not to live. An operation without a server is a command's, which
// is on no list.
func (w *watch) gone(id, self tenant.InstanceID) bool {
	if id == "" || id == self {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s, known := w.seen[id]
	return !w.last.IsZero() && (!known || s.dead)
}

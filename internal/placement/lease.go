package placement

import (
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// LateLimit is how long something that was sent to the store may still take effect, generously: its commands end by themselves
// within seconds.
const LateLimit = time.Hour

// lease is until when this server may touch tenants' data without hearing from the list of servers. The zero value is for ever:
// a process that has the store for itself.
type lease struct{ until atomic.Pointer[time.Time] }

// holds reports whether the lease is not over by either clock: the monotonic one stands still while a machine is suspended, and
// the one on the wall may be set.
func (l *lease) holds(now time.Time) bool {
	until := l.until.Load()
	return until == nil || now.Before(*until) && now.Round(0).Before(until.Round(0))
}

func errFenced() error {
	return &tenant.Error{
		Code: tenant.CodeUnavailable, RetryAfter: time.Second,
		Message: "this server has lost touch with the database and the other servers; try again in a moment",
	}
}

// Renew lets this server touch tenants' data until then, which must carry a monotonic time.
func (g *Gates) Renew(until time.Time) { g.lease.until.Store(&until) }

// Fence ends the lease.
func (g *Gates) Fence() { g.lease.until.Store(&time.Time{}) }

// Fenced reports whether the lease is over, so that nobody is admitted.
func (g *Gates) Fenced() bool { return !g.lease.holds(g.now()) }

// Reborn makes this server another one, with nothing in memory of what the old one knew: others have declared it dead. What is
// under way goes on and counts as inside; nobody new is admitted until [Gates.Renew].
func (g *Gates) Reborn(as tenant.InstanceID) {
	g.Fence()
	g.directory.clear()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.self = as
	g.acks = map[tenant.OrgID]int64{}
}

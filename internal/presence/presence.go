// Package presence keeps this process on the list of servers of a store that several share: it sends heartbeats, does its part
// in the operations of the others, and declares those dead whose heartbeats stand still.
//
// The invariants: a server that has not been heard of for its lease admits nobody to tenants' data, by its own clocks, before
// any other takes it for dead; no two clocks are ever compared; and whoever was declared dead comes back as another server,
// with nothing in memory of what the old one knew.
package presence

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

const (
	// lookEvery is how often a server looks for operations of others.
	lookEvery = 250 * time.Millisecond
	// beatEvery is the longest time from one heartbeat to the next; with a short lease they come more often.
	beatEvery = time.Second
	// watchEvery is how often a server looks whether the others live.
	watchEvery = time.Second
	// grace is how much longer than its lease the counter of a server stands still until others declare it dead.
	grace = 2 * time.Second
)

// Deps are what a Keeper works with; all fields are needed.
type Deps struct {
	Instances store.Instances
	Orgs      store.Orgs
	Gates     *placement.Gates
	Version   string
	// Lease is how long this server serves tenants' data after the last heartbeat that arrived.
	Lease time.Duration
	// Abandoned hears that an operation was seen whose server is not alive. It must not block.
	Abandoned func()
	// InUse asks whether the store is in use, and not closed or retired by a move to another one: CodeConflict if it is not. It is
	// asked when this server has entered the list anew. Ousted hears that it is not; from then on this server must not work on it.
	// It must not block.
	InUse  func(ctx context.Context) error
	Ousted func(error)
	Now    func() time.Time
	Log    *slog.Logger
}

// Keeper keeps one server on the list. Make it with [New].
type Keeper struct {
	Deps
	// acked asks for a heartbeat now, since there is something new to acknowledge.
	acked chan struct{}

	// counter is that of the last heartbeat, failing whether it did not arrive; of the beating goroutine alone.
	counter int64
	failing bool
	// next is who this server comes back as, once it was declared dead and until it is on the list again.
	next  tenant.InstanceID
	watch watch
}

// Register puts a server on the list, before it reads anything else of the store, and returns its id.
func Register(ctx context.Context, instances store.Instances, version string, now time.Time) (tenant.InstanceID, error) {
	id := tenant.InstanceID(tenant.NewID())
	return id, register(ctx, instances, id, version, now)
}

func register(ctx context.Context, instances store.Instances, id tenant.InstanceID, version string, now time.Time) error {
	at := tenant.Millis(now)
	return instances.Register(ctx, tenant.Instance{
		ID: id, Version: version, StartedAt: at, Heartbeat: tenant.Heartbeat{At: at},
	})
}

// New makes the keeper of a server that is registered as its gates say. Its lease counts from registered, when the
// registration was sent.
func New(deps Deps, registered time.Time) *Keeper {
	k := &Keeper{Deps: deps, acked: make(chan struct{}, 1), watch: watch{seen: map[tenant.InstanceID]sight{}}}
	k.Gates.Renew(registered.Add(k.Lease))
	return k
}

// Run does the keeper's work until ctx ends. [Keeper.Leave] comes after it, once no request is under way.
func (k *Keeper) Run(ctx context.Context) {
	var all sync.WaitGroup
	beats := min(beatEvery, k.Lease/4)
	all.Go(func() { k.repeat(ctx, beats, k.acked, k.beat) })
	all.Go(func() { k.repeat(ctx, lookEvery, nil, k.look) })
	all.Go(func() { k.repeat(ctx, watchEvery, nil, k.watchOthers) })
	all.Wait()
}

// repeat does something every so often, and when it is asked for, until ctx ends. One turn takes a quarter of the lease at
// most, so that one that hangs does not cost the lease.
func (k *Keeper) repeat(ctx context.Context, every time.Duration, now <-chan struct{}, do func(context.Context)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-now:
		case <-ticker.C:
		}
		turn, cancel := context.WithTimeout(ctx, k.Lease/4)
		do(turn)
		cancel()
	}
}

// Leave takes the server off the list. If something that it sent may still take effect it leaves its record as that of a dead
// one, so that others reckon with it.
func (k *Keeper) Leave(ctx context.Context) error {
	self := k.Gates.Self()
	if !k.Gates.Doubtful() {
		return k.Instances.Remove(ctx, self)
	}
	all, err := k.Instances.List(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.ID == self {
			return k.Instances.DeclareDead(ctx, self, i.Counter)
		}
	}
	return nil
}

package barriertest

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// rule is a rule of the barrier that a story leaves out.
type rule string

// The rules, by the names of the design.
const (
	allRules      rule = ""
	gateEpoch     rule = "gate-epoch"
	drainInflight rule = "drain-inflight"
	registerFirst rule = "register-first"
	fence         rule = "fence"
	advanceCAS    rule = "advance-cas"
	finishCAS     rule = "finish-cas"
	deadUnclean   rule = "dead-unclean"
	earlierDead   rule = "earlier-dead"
	uncertain     rule = "uncertain"
	lostPhysical  rule = "lost-physical"
	takeover      rule = "takeover"
	noReturn      rule = "no-return"
	identityCheck rule = "identity-check"
	carry         rule = "carry"
	waitLate      rule = "wait-late"
)

// lease is how long a server serves without a heartbeat: one that has no fence serves for ever.
func (r rule) lease(server string) time.Duration {
	if r == fence && server == "B" {
		return 24 * time.Hour
	}
	return lease
}

// quarantine is how long names stay claimed after an unclean end.
func (r rule) quarantine(long time.Duration) time.Duration {
	if r == waitLate {
		return time.Second
	}
	return max(long, 20*time.Second)
}

func (r rule) places(p places) store.Places {
	p.blind, p.wasteful = r == identityCheck, r == carry
	if r == lostPhysical {
		return repeating{p}
	}
	return p
}

// repeating are places that send a move again and again until there is an answer, so that nobody hears of one that was lost.
type repeating struct{ places }

// Rename implements store.Places.
func (p repeating) Rename(ctx context.Context, from, to tenant.Place) error {
	for {
		if err := p.places.Rename(ctx, from, to); !tenant.IsCode(err, tenant.CodeUnknownOutcome) {
			return err
		}
	}
}

// facts is the catalog from which the directory reads: without gate-epoch what a look from outside the gates brings is never
// too old.
func (r rule) facts(o store.Orgs) store.Orgs {
	if r == gateEpoch {
		return ageless{o}
	}
	return o
}

type ageless struct{ store.Orgs }

// Get implements store.Orgs.
func (a ageless) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	o, err := a.Orgs.Get(ctx, id)
	if ctx.Value(outside{}) != nil {
		o.Epoch = math.MaxInt64
	}
	return o, err
}

// servers is the list of servers.
func (r rule) servers(on roll, w *world) store.Instances {
	if r == registerFirst {
		return &tardy{roll: on, world: w}
	}
	return on
}

// tardy comes on the list long after it has begun.
type tardy struct {
	roll

	world *world
	mu    sync.Mutex
	here  bool
}

// Register implements store.Instances.
func (t *tardy) Register(_ context.Context, i tenant.Instance) error {
	t.world.acts.Go(func() {
		if t.wait(1500*time.Millisecond) && t.roll.Register(t.world.ctx, i) == nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.here = true
		}
	})
	return nil
}

// Beat implements store.Instances.
func (t *tardy) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	t.mu.Lock()
	here := t.here
	t.mu.Unlock()
	if !here {
		return nil
	}
	return t.roll.Beat(ctx, id, beat)
}

// drains is the list of servers that a drain waits for.
func (r rule) drains(on store.Instances) store.Instances {
	switch r {
	case deadUnclean, earlierDead:
		return &forgetful{Instances: on, during: r == deadUnclean}
	default:
		return on
	}
}

// forgetful is a list without those who died during a drain, or without those who had died before it. A drain is a row of
// looks at the list, each soon after the one before.
type forgetful struct {
	store.Instances

	during bool
	mu     sync.Mutex
	last   time.Time
	before map[tenant.InstanceID]bool
}

// List implements store.Instances.
func (f *forgetful) List(ctx context.Context) ([]tenant.Instance, error) {
	list, err := f.Instances.List(ctx)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	first := time.Since(f.last) > 3*time.Second
	f.last = time.Now()
	if first {
		f.before = map[tenant.InstanceID]bool{}
	}
	var kept []tenant.Instance
	for _, i := range list {
		if i.Dead && first {
			f.before[i.ID] = true
		}
		if !i.Dead || f.during == f.before[i.ID] {
			kept = append(kept, i)
		}
	}
	return kept, nil
}

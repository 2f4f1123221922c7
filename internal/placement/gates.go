package placement

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// The times of the drain barrier. A store call on tenant data takes one second at most, so a drain ends within
// [DrainLimit] unless a server is dead; a request waits for a closed gate a little longer than that.
const (
	DrainLimit = 1500 * time.Millisecond
	WaitLimit  = 2 * time.Second
	pollEvery  = 25 * time.Millisecond
)

// Gates admit requests to tenants' data and close while an operation moves it: the drain barrier, as far as one server takes
// part in it.
type Gates struct {
	directory *Directory
	instances store.Instances
	now       func() time.Time
	lease     lease
	doubts    doubts

	mu    sync.Mutex
	self  tenant.InstanceID
	gates map[tenant.OrgID]*gate
	// followed are the organizations whose gates are closed for operations of other servers, by epoch; acks those of them that
	// are drained.
	followed map[tenant.OrgID]int64
	acks     map[tenant.OrgID]int64
}

// gate exists while somebody is inside or it is closed, so there are never more than requests and operations.
type gate struct {
	inside int
	closed bool
	// epoch is the one for which the gate was closed last; only that operation, or a later one, opens it again.
	epoch   int64
	changed chan struct{} // closed and replaced at every change of the two above that somebody may wait for
}

// NewGates makes open gates for the server self; it is empty for a process that is not on the list of servers.
func NewGates(directory *Directory, instances store.Instances, self tenant.InstanceID) *Gates {
	return &Gates{
		directory: directory, instances: instances, now: directory.now, self: self,
		gates: map[tenant.OrgID]*gate{}, followed: map[tenant.OrgID]int64{}, acks: map[tenant.OrgID]int64{},
		doubts: doubts{since: map[tenant.OrgID]time.Time{}},
	}
}

// Self returns which server this is.
func (g *Gates) Self() tenant.InstanceID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.self
}

// Visit is the right to touch one tenant's data until Leave. It is meant for one store call of at most one second.
type Visit struct {
	Org   *tenant.Organization
	gates *Gates
}

// Enter waits until the organization is at rest, at most [WaitLimit], and admits the caller. CodeNotFound if there is no
// such organization for readers, CodeUnavailable if the wait was too long.
func (g *Gates) Enter(ctx context.Context, id tenant.OrgID) (Visit, error) {
	deadline := time.NewTimer(WaitLimit)
	defer deadline.Stop()
	for {
		if !g.lease.holds(g.now()) {
			return Visit{}, errFenced()
		}
		changed := g.admit(id)
		if changed == nil {
			org, err := g.directory.ByID(ctx, id)
			switch {
			case err != nil:
				g.leave(id)
				return Visit{}, err
			case org.State == tenant.StateActive:
				return Visit{Org: org, gates: g}, nil
			}
			g.leave(id)
			if !org.State.Visible() {
				return Visit{}, tenant.Errorf(tenant.CodeNotFound, "there is no such organization")
			}
		}
		if err := wait(ctx, changed, deadline.C); err != nil {
			return Visit{}, err
		}
		g.directory.expire(id)
	}
}

// Leave gives the right back; err is what came of the visit. An insert whose outcome is unknown may still take effect later, so
// that the next acknowledgements about the organization are uncertain.
func (v Visit) Leave(err error) {
	if tenant.IsCode(err, tenant.CodeUnknownOutcome) {
		v.gates.doubts.note(v.Org.ID, v.gates.now())
	}
	v.gates.leave(v.Org.ID)
}

// wait returns when the gate changes; without a gate to wait for (the operation runs elsewhere, or has not closed it yet)
// after a short while.
func wait(ctx context.Context, changed <-chan struct{}, deadline <-chan time.Time) error {
	var poll <-chan time.Time
	if changed == nil {
		timer := time.NewTimer(pollEvery)
		defer timer.Stop()
		poll = timer.C
	}
	select {
	case <-changed:
		return nil
	case <-poll:
		return nil
	case <-ctx.Done():
		return tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "the request ended while another operation on this organization was under way")
	case <-deadline:
		return &tenant.Error{
			Code: tenant.CodeUnavailable, RetryAfter: time.Second,
			Message: "another operation on this organization is taking long; try again in a moment",
		}
	}
}

// admit counts the caller in and returns nil, or returns what to wait for.
func (g *Gates) admit(id tenant.OrgID) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	gt := g.gate(id)
	if gt.closed {
		return gt.changed
	}
	gt.inside++
	return nil
}

func (g *Gates) leave(id tenant.OrgID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gt := g.gates[id]
	gt.inside--
	if gt.inside == 0 {
		g.change(id, gt)
	}
}

// gate returns the organization's gate; g.mu is held.
func (g *Gates) gate(id tenant.OrgID) *gate {
	gt := g.gates[id]
	if gt == nil {
		gt = &gate{changed: make(chan struct{})}
		g.gates[id] = gt
	}
	return gt
}

// change wakes those who wait and forgets a gate that is as good as none; g.mu is held.
func (g *Gates) change(id tenant.OrgID, gt *gate) {
	close(gt.changed)
	gt.changed = make(chan struct{})
	if gt.inside == 0 && !gt.closed {
		delete(g.gates, id)
	}
}

// Drain closes the organization's gate for its epoch, waits until nobody is inside, acknowledges the epoch, and waits for
// the other servers' acknowledgements. It reports whether the drain is clean: nothing that was sent before it can still take
// effect after it. CodeUnavailable if it takes longer than [DrainLimit]; the gate stays closed then, and the caller ends the
// operation with [Gates.Open] under a new epoch.
func (g *Gates) Drain(ctx context.Context, org tenant.Organization) (clean bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, DrainLimit)
	defer cancel()
	for {
		inside, changed := g.shut(org)
		if inside == 0 {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false, tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "requests on this organization's data did not end in time; try again")
		}
	}
	g.directory.acknowledge(org.ID, org.Epoch)
	clean, err = g.awaitOthers(ctx, org)
	return clean && !g.doubts.about(org.ID, g.now()), err
}

func (g *Gates) shut(org tenant.Organization) (inside int, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gt := g.gate(org.ID)
	gt.closed = true
	gt.epoch = max(gt.epoch, org.Epoch)
	return gt.inside, gt.changed
}

// awaitOthers waits until every other server on the list has acknowledged the epoch, or is dead. It looks at the list after
// the epoch was raised: a server that registers later reads the new epoch first. A look that fails is tried again in time.
func (g *Gates) awaitOthers(ctx context.Context, org tenant.Organization) (clean bool, err error) {
	self := g.Self()
	for {
		instances, err := g.instances.List(ctx)
		if err == nil {
			if done, clean := letGo(instances, self, org); done {
				return clean, nil
			}
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			if err != nil {
				return false, err
			}
			return false, tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "another server did not let go of this organization's data in time; try again")
		}
	}
}

// letGo reports whether all others let go of the organization's data, and whether nothing of theirs can be late. What
// a dead server has sent can be, whenever it died: records of the dead stay on the list for as long as that.
func letGo(instances []tenant.Instance, self tenant.InstanceID, org tenant.Organization) (done, clean bool) {
	clean = true
	for _, in := range instances {
		ack := in.Acks[org.ID]
		switch {
		case in.ID == self:
		case in.Dead:
			clean = false
		case ack.Epoch < org.Epoch:
			return false, false
		case ack.Uncertain:
			clean = false
		}
	}
	return true, clean
}

// Open installs the organization as the operation has left it and lets the waiting requests go on. A gate that was closed
// for a later epoch stays closed.
func (g *Gates) Open(org tenant.Organization) {
	g.directory.Learn(org)
	g.reopen(org.ID, org.Epoch)
}

// OpenRemoved opens the gate of an organization that the store no longer has.
func (g *Gates) OpenRemoved(id tenant.OrgID) {
	g.directory.Forget(id)
	g.reopen(id, math.MaxInt64)
}

func (g *Gates) reopen(id tenant.OrgID, epoch int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gt := g.gates[id]; gt != nil && gt.closed && gt.epoch <= epoch {
		gt.closed = false
		g.change(id, gt)
	}
}

// Closed reports how many gates are closed at the moment, for the metrics.
func (g *Gates) Closed() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, gt := range g.gates {
		if gt.closed {
			n++
		}
	}
	return n
}

package storetest

import (
	"context"
	"slices"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// When is the side of a call's effect on which it fails.
type When string

// The sides. A call that fails before its effect returns CodeUnavailable. One that fails after it has done its work, and its
// answer is lost: CodeUnknownOutcome for a write, CodeUnavailable for a read.
const (
	Before When = "before"
	After  When = "after"
)

// Mode is what becomes of the calls after the one that failed.
type Mode string

// The modes. Dead fails every later call until [Faults.Heal], as if the process were gone. Once fails no other call, as if
// one packet were lost.
const (
	Dead Mode = "dead"
	Once Mode = "once"
)

// Faults lets one call of a store fail, and holds calls up, so that tests can stand between any two steps of an operation.
// Calls are counted over all methods of all nouns, from 1. Safe for concurrent use.
type Faults struct {
	store store.Store

	mu    sync.Mutex
	plan  plan
	armed bool
	dead  bool
	fired string
	calls []string
	gates map[string]*gate
}

// plan is which call fails, and how; at 0 none does.
type plan struct {
	at   int
	when When
	mode Mode
}

// gate holds up one call.
type gate struct {
	reached, open chan struct{}
}

// NewFaults returns a wrapper around inner that lets every call pass.
func NewFaults(inner store.Store) *Faults {
	f := &Faults{gates: map[string]*gate{}}
	f.store = Intercept(inner, f.around)
	return f
}

// Store returns the store with the faults.
func (f *Faults) Store() store.Store { return f.store }

// FailAt lets the n-th call from now on fail, and every later one until Heal.
func (f *Faults) FailAt(n int, when When) { f.prepare(plan{n, when, Dead}).Arm() }

// FailOnceAt lets the n-th call from now on fail and no other.
func (f *Faults) FailOnceAt(n int, when When) { f.prepare(plan{n, when, Once}).Arm() }

// prepare sets what Arm will start.
func (f *Faults) prepare(p plan) *Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = p
	return f
}

// Arm begins to count: the next call is the first. The scenarios of [Sweep] call it when what they set up is there.
func (f *Faults) Arm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.dead, f.fired, f.calls = true, false, "", nil
}

// Heal lets every call pass again and ends the counting. What fired stays known.
func (f *Faults) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.dead = false, false
}

// Fired reports whether the call that was to fail was made.
func (f *Faults) Fired() bool { return f.FiredAt() != "" }

// FiredAt returns the method that failed, such as "Orgs.Update", or "".
func (f *Faults) FiredAt() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// Calls returns how many calls were counted.
func (f *Faults) Calls() int { return len(f.Trace()) }

// Trace returns the methods of the calls that were counted, in order.
func (f *Faults) Trace() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Block holds up the next call of a method, such as "Orgs.Update", before it does anything. The channel is closed when the
// call is there; release lets it go on, and may be called more than once. A call whose context ends goes on by itself.
func (f *Faults) Block(method string) (reached <-chan struct{}, release func()) {
	if !slices.Contains(Methods(), method) {
		panic("storetest: the contract has no method " + method)
	}
	g := &gate{reached: make(chan struct{}), open: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gates[method] = g
	return g.reached, sync.OnceFunc(func() { close(g.open) })
}

// around is what happens to each call.
func (f *Faults) around(ctx context.Context, method string, call func() error) error {
	f.pause(ctx, method)
	switch when, fails := f.arrive(method); {
	case fails && when == Before:
		return tenant.Errorf(tenant.CodeUnavailable, "fault: %s was not reached", method)
	case fails:
		return lose(method, call)
	default:
		return call()
	}
}

// pause holds the call up if the gate of its method is shut.
func (f *Faults) pause(ctx context.Context, method string) {
	f.mu.Lock()
	g := f.gates[method]
	delete(f.gates, method)
	f.mu.Unlock()
	if g == nil {
		return
	}
	close(g.reached)
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// arrive counts the call and decides whether it fails, and on which side of its effect.
func (f *Faults) arrive(method string) (When, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return "", false
	}
	f.calls = append(f.calls, method)
	switch {
	case f.dead:
		return Before, true
	case f.fired != "" || len(f.calls) != f.plan.at:
		return "", false
	}
	f.fired, f.dead = method, f.plan.mode == Dead
	return f.plan.when, true
}

// lose makes the call and hides how it ended.
func lose(method string, call func() error) error {
	_ = call() // whatever it says is what gets lost
	if Reads(method) {
		return tenant.Errorf(tenant.CodeUnavailable, "fault: the answer of %s was lost", method)
	}
	return tenant.Errorf(tenant.CodeUnknownOutcome, "fault: the answer of %s was lost", method)
}

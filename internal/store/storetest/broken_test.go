package storetest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
)

// twin is a store with one realistic defect, wrapped around a real backend, and the case of the suite that must see it.
type twin struct {
	defect string
	caught string
	spoil  func(s store.Store) store.Store
}

// twins are all broken stores.
func twins() []twin {
	return slices.Concat(orgTwins, orgListTwins, updateTwins, valueTwins, userTwins, loginTwins, keyTwins,
		documentTwins, remadeTwins, quotaTwins, placeTwins, auditTwins, instanceTwins, throttleTwins, idempotencyTwins, contextTwins,
		tableTwins, homeTwins, noPlaceTwins)
}

// TestSoundStorePasses is the other half of the proof: what the cases complain about below is the defect and nothing else.
func TestSoundStorePasses(t *testing.T) { storetest.Run(t, open) }

// TestBrokenStoresAreCaught runs for each broken store the case that is there for its defect, which must fail. The stores
// share a sound one beneath, as cases do.
func TestBrokenStoresAreCaught(t *testing.T) {
	t.Parallel()
	shared := open(t)
	cases := map[string]storetest.Case{}
	for _, c := range storetest.Cases() {
		cases[c.Noun+"/"+c.Name] = c
	}
	for _, tw := range twins() {
		t.Run(tw.defect, func(t *testing.T) {
			t.Parallel()
			c, ok := cases[tw.caught]
			if !ok {
				t.Fatalf("the suite has no case %s", tw.caught)
			}
			sound := shared
			if c.Alone {
				sound = open(t)
			}
			complaints := judge(t, c, tw.spoil(sound))
			if len(complaints) == 0 {
				t.Errorf("%s passes a store with this defect", tw.caught)
			} else {
				t.Logf("%s says: %s", tw.caught, complaints[0])
			}
		})
	}
}

// Every noun has a broken store, so that no part of the suite goes unproved.
func TestEveryNounHasABrokenStore(t *testing.T) {
	t.Parallel()
	caught := map[string]bool{}
	for _, tw := range twins() {
		caught[tw.caught] = true
	}
	proved := map[string]bool{}
	for _, c := range storetest.Cases() {
		proved[c.Noun] = proved[c.Noun] || caught[c.Noun+"/"+c.Name]
	}
	for noun, ok := range proved {
		if !ok && noun != "Health" { // Ping has no clause of its own but that it ends with its context, see EveryMethod
			t.Errorf("no broken store is caught by a case of %s", noun)
		}
	}
}

// verdict keeps what a case complains about, where *testing.T would fail the test.
type verdict struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

func (v *verdict) Helper()                  {}
func (v *verdict) Context() context.Context { return v.ctx }

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	runtime.Goexit()
}

// judge runs a case on a store and returns its complaints. A case that panics or does not end is no proof.
func judge(t *testing.T, c storetest.Case, s store.Store) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v := &verdict{ctx: ctx}
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		c.Check(v, s)
	}()
	if p := <-done; p != nil {
		t.Fatalf("%s/%s panics: %v", c.Noun, c.Name, p)
	}
	if ctx.Err() != nil {
		t.Fatalf("%s/%s does not end", c.Noun, c.Name)
	}
	return v.complaints
}

// The races that broken stores lose are staged: so many callers come at once in the cases.
const (
	crowd    = 32
	updaters = 16
	writers  = 12
)

// gathering holds callers up until n of them are there, again and again.
type gathering struct {
	n    int
	mu   sync.Mutex
	come int
	all  chan struct{}
}

func gather(n int) *gathering { return &gathering{n: n, all: make(chan struct{})} }

func (g *gathering) join(ctx context.Context) {
	g.mu.Lock()
	all := g.all
	if g.come++; g.come == g.n {
		close(all)
		g.come, g.all = 0, make(chan struct{})
	}
	g.mu.Unlock()
	select {
	case <-all:
	case <-ctx.Done(): // see judge
	}
}

// meet returns when the other side of the channel is there as well.
func meet(ctx context.Context, with chan struct{}) {
	select {
	case <-with:
	case with <- struct{}{}:
	case <-ctx.Done():
	}
}

package passwords

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(readerEnv); addr != "" {
		readAndReport(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestSixtyFourParallelGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1})
		for i := range 64 {
			d.come(context.Background(), fmt.Sprintf("a%d", i))
		}
		busy := 0
		for i := range 64 {
			if errors.Is(d.answer(fmt.Sprintf("a%d", i)), ErrBusy) {
				busy++
			}
		}
		if busy != 62 {
			t.Errorf("%d of 64 were refused, want all but the one that runs and the one that waits", busy)
		}
		d.serve(2)
		if got := d.served(); got != "a0 a1" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

func TestOnePrefixDelaysAnotherByOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1})
		ctx := context.Background()
		d.come(ctx, "a1") // runs
		d.come(ctx, "a2") // waits
		d.come(ctx, "b1") // waits behind one, however much a sends
		for i := 3; i < 20; i++ {
			d.come(ctx, fmt.Sprintf("a%d", i))
			if i == 10 {
				d.serve(1) // a1 is done, a2 runs: a has a place again, behind b1
			}
		}
		d.serve(3)
		if got := d.served(); got != "a1 a2 b1 a11" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

func TestFamiliarComesFirstAndStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1, Queue: 30})
		ctx := context.Background()
		for c := 'b'; c <= 'z'; c++ { // 25 addresses attack; b runs
			d.come(ctx, string(c))
		}
		d.come(ctx, "c2")
		if !errors.Is(d.answer("c2"), ErrBusy) {
			t.Error("a second stranger of one prefix waits")
		}
		d.come(Familiar(ctx), "c3") // the owner, behind an attacked address
		d.come(Familiar(ctx), "a1")
		d.serve(5)
		if got := d.served(); got != "b c3 c a1 d" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

func TestIdleWorkersTakeSeveralOfOnePrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 3})
		for _, name := range []string{"a1", "a2", "a3", "a4", "a5"} {
			d.come(context.Background(), name)
		}
		if !errors.Is(d.answer("a5"), ErrBusy) || !errors.Is(d.answer("a4"), errNone) {
			t.Errorf("a4: %v, a5: %v", d.answer("a4"), d.answer("a5"))
		}
		d.close()
		if got := len(strings.Fields(d.served())); got != 4 {
			t.Errorf("served %d, want 4", got)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1, Queue: 2})
		for _, name := range []string{"a", "b", "c", "d"} {
			d.come(context.Background(), name)
		}
		var busy *BusyError
		if err := d.answer("d"); !errors.As(err, &busy) || busy.RetryAfter < time.Second || !strings.Contains(err.Error(), "full") {
			t.Errorf("d: %v", err)
		}
		d.serve(3)
		if got := d.served(); got != "a b c" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

// TestRetryAfter: 8 hashes of 2 s each by a clock of the test, then three waiters before one worker.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Unix(0, 0)
		d := open(t, Options{Workers: 1, Queue: 3, Now: func() time.Time { now = now.Add(2 * time.Second); return now }})
		for range 60 {
			d.come(context.Background(), "a")
			d.serve(1)
		}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			d.come(context.Background(), name)
		}
		var busy *BusyError
		if err := d.answer("e"); !errors.As(err, &busy) || busy.RetryAfter != 8*time.Second {
			t.Errorf("e: %v, want 8s", err)
		}
		d.close()
	})
}

func TestCancelFreesThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1, Queue: 1})
		ctx, cancel := context.WithCancel(context.Background())
		d.come(context.Background(), "a1")
		d.come(ctx, "b1")
		cancel()
		synctest.Wait()
		if err := d.answer("b1"); !errors.Is(err, context.Canceled) {
			t.Errorf("b1: %v", err)
		}
		d.come(ctx, "b2") // has ended before it came
		if err := d.answer("b2"); !errors.Is(err, context.Canceled) {
			t.Errorf("b2: %v", err)
		}
		d.come(context.Background(), "b3") // the place is free again
		d.serve(2)
		if got := d.served(); got != "a1 b3" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

func TestCancelWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1})
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		d.come(ctx, "a1")
		d.come(context.Background(), "b1")
		<-ctx.Done()
		synctest.Wait()
		if err := d.answer("a1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a1: %v", err)
		}
		d.serve(2) // its hash runs on, then b1's
		if got := d.served(); got != "b1" {
			t.Errorf("served: %s", got)
		}
		d.close()
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, Options{Workers: 1})
		d.come(context.Background(), "a1")
		d.come(context.Background(), "b1")
		d.come(Familiar(context.Background()), "c1")
		closed := false
		d.wait.Go(func() { d.Close(); closed = true })
		synctest.Wait()
		if closed {
			t.Error("Close returned while a worker runs")
		}
		for _, name := range []string{"b1", "c1"} {
			if err := d.answer(name); !errors.Is(err, ErrClosed) {
				t.Errorf("%s waited: %v", name, err)
			}
		}
		d.come(context.Background(), "d1")
		if err := d.answer("d1"); !errors.Is(err, ErrClosed) {
			t.Errorf("d1 came late: %v", err)
		}
		if err := d.answer("a1"); !errors.Is(err, errNone) {
			t.Errorf("a1 ran: %v", err)
		}
		d.serve(1)
		if err := d.answer("a1"); err != nil {
			t.Errorf("what runs is finished: %v", err)
		}
		d.close() // a second time
	})
}

func TestWhoHasLeftCostsNothing(t *testing.T) {
	p, units := newPool(t, MinCost)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Burn(ctx, "a", "secret"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if p.Close(); units.Load() != 0 {
		t.Errorf("spent %d units", units.Load())
	}
}

func TestNewRefusesCosts(t *testing.T) {
	for _, cost := range []int{-1, 1, 3, 16, 31} {
		if p, err := New(Options{Cost: cost}); err == nil {
			p.Close()
			t.Errorf("cost %d is accepted", cost)
		}
	}
}

func TestDefaults(t *testing.T) {
	for procs, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 8: 4} {
		if got := defaultWorkers(procs); got != want {
			t.Errorf("%d processors: %d workers, want %d", procs, got, want)
		}
	}
	p, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.hasher.cost != 12 || p.queue.bound != 16*p.workers || p.workers < 1 {
		t.Errorf("cost %d, queue %d, workers %d", p.hasher.cost, p.queue.bound, p.workers)
	}
}

// TestManyAtOnce is for the race detector: all methods from many goroutines, with requests that leave.
func TestManyAtOnce(t *testing.T) {
	p, err := New(Options{Workers: 2, Queue: 4, Cost: MinCost})
	if err != nil {
		t.Fatal(err)
	}
	hash := mustHash(t, "secret", MinCost)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			prefix := fmt.Sprint(i % 6)
			for n := range 20 {
				if n == 15 {
					cancel()
				}
				ok, _, err := p.Compare(ctx, prefix, hash, "secret")
				if ok != (err == nil) || err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
					t.Errorf("%v, %v", ok, err)
				}
				_, _ = p.Hash(Familiar(ctx), prefix, "secret")
				p.NoteCost(hash)
			}
			p.Close()
		})
	}
	all.Wait()
}

package passwords

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// desk is a pool whose workers stop before each hash until a test lets them go on. It lives in a synctest bubble, where
// "everybody waits" is a state that can be awaited.
type desk struct {
	*Pool
	step chan struct{}

	mu    sync.Mutex
	order []string         // who was served, in order
	ended map[string]error // who has an answer
	wait  sync.WaitGroup
}

func open(t *testing.T, o Options) *desk {
	t.Helper()
	d := &desk{step: make(chan struct{}), ended: map[string]error{}}
	o.Cost = MinCost
	o.observe = func(int) { <-d.step }
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.Pool = p
	return d
}

// come sends one request, whose prefix is the name's first letter, and returns when it runs, waits or is answered.
func (d *desk) come(ctx context.Context, name string) {
	d.wait.Go(func() {
		err := d.Burn(ctx, name[:1], "secret")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ended[name] = err
		if err == nil {
			d.order = append(d.order, name)
		}
	})
	synctest.Wait()
}

// serve lets the workers do n hashes, one after the other.
func (d *desk) serve(n int) {
	for range n {
		d.step <- struct{}{}
		synctest.Wait()
	}
}

// answer returns the error that name got, or errNone.
func (d *desk) answer(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err, ok := d.ended[name]; ok {
		return err
	}
	return errNone
}

var errNone = errors.New("no answer yet")

func (d *desk) served() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.order, " ")
}

func (d *desk) close() {
	close(d.step)
	d.wait.Wait()
	d.Close()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/orgd/orgd/bench/bulk"
)

// pauses is how many renames the write pause is taken of, for each number of servers.
const pauses = 30

// measureBarrier tells what the drain barrier costs: the round trips of a document's insert, and for how long a writer waits while
// its organization is renamed on one of several servers.
func measureBarrier(ctx context.Context, b *bench) ([]row, error) {
	t, err := b.shared(ctx)
	if err != nil {
		return nil, err
	}
	t.Clients, t.For = 1, b.round
	inserts, err := b.do(ctx, "insert-mongo", t)
	if err != nil {
		return nil, err
	}
	rows := []row{single("document insert on MongoDB behind the gate, round trips of one", inserts.Steps, times, bound{})}
	for servers := 1; servers <= 3; servers++ {
		waits, err := b.pausesOf(ctx, servers)
		if err != nil {
			return nil, err
		}
		slices.Sort(waits)
		what := fmt.Sprintf("longest wait of a write during a rename, %d servers", servers)
		rows = append(rows,
			single(what+", p50", waits[len(waits)/2].Seconds(), inSeconds, bound{}),
			single(what+", p99", waits[len(waits)*99/100].Seconds(), inSeconds, bound{}))
	}
	return rows, nil
}

// pausesOf starts servers on one database and returns the longest wait of a write during each of some renames. The writer is on
// the last server, the renames on the first.
func (b *bench) pausesOf(ctx context.Context, n int) (waits []time.Duration, err error) {
	t, err := b.shared(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, forget(ctx, t)) }()
	servers := make([]*server, n)
	for i := range servers {
		if servers[i], err = b.serveMongo(ctx, t); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, servers[i].stop()) }()
	}
	o, err := signUp(ctx, servers[0], 0)
	if err != nil {
		return nil, err
	}
	token, err := signIn(ctx, servers[0], o)
	if err != nil {
		return nil, err
	}
	w := &writer{server: servers[n-1], org: o, token: token}
	r := &renamer{server: servers[0], org: o, token: token}
	for range pauses {
		wait, err := w.during(ctx, r)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait)
	}
	return waits, nil
}

// writer inserts one document after the other.
type writer struct {
	server *server
	org    bulk.Org
	token  string
	n      int
}

// during writes while the organization is renamed, and returns the longest that a write took.
func (w *writer) during(ctx context.Context, r *renamer) (longest time.Duration, err error) {
	over := make(chan struct{})
	var renamed error
	var all sync.WaitGroup
	all.Go(func() {
		defer close(over)
		_, renamed = r.rename(ctx)
	})
	for done := false; !done && err == nil; {
		select {
		case <-over:
			done = true // one more write, which may have waited for the end
		default:
		}
		began := time.Now()
		err = w.write(ctx)
		longest = max(longest, time.Since(began))
	}
	all.Wait()
	return longest, errors.Join(err, renamed)
}

func (w *writer) write(ctx context.Context) error {
	w.n++
	at := "http://" + w.server.addr + "/v1/organizations/" + string(w.org.ID) + "/documents"
	status, answer, err := call(ctx, http.MethodPost, at, w.token, []byte(bulk.Document(w.n)))
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("the write is answered with %d: %s", status, answer)
	}
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// fromProxy lets the client say for which address it sends: the hashing pool has one waiting place for each.
const fromProxy = "ORGD_TRUSTED_PROXIES=127.0.0.1/32"

// measureLogin compares logins with a bare bcrypt loop of the same cost on as many workers.
func measureLogin(ctx context.Context, b *bench) ([]row, error) {
	in, err := b.fill(ctx, "login", 1000)
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, "login", fromProxy, "ORGD_THROTTLE=off")
	if err != nil {
		return nil, err
	}
	count := b.workers * max(4, int(b.round/(250*time.Millisecond)))
	logins := load{addr: s.addr, conns: 4 * b.workers, total: int64(count), next: func(conn, _ int) []byte {
		return loginRequest(s.addr, string(in.Orgs[conn].Email), password, address(conn))
	}}
	all, err := b.alternate(ctx,
		func(ctx context.Context) (turn, error) { return logins.turn(ctx, time.Minute, s.cmd.Process.Pid) },
		func(ctx context.Context) (turn, error) {
			r, err := b.do(ctx, "hash", task{Clients: b.workers, Count: count})
			return turn{value: r.Rate}, err
		})
	if err := errors.Join(err, s.stop()); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("logins, bcrypt cost %d, %d at once", cost, b.workers)
	return []row{all.compare(what, value, perSecond, atLeast(0.95))}, nil
}

// attackers is how many guess passwords at once in a flood, each attempt from another address.
const attackers = 64

// measureFlood compares reads during a flood of logins with reads without one, on one server: attackers who wait a tenth of
// a second after each answer, whatever Retry-After says, and attackers who do not wait at all. Those take as much of the
// machine as any other request does that is refused, so that nothing is promised about them.
func measureFlood(ctx context.Context, b *bench) ([]row, error) {
	in, err := b.fill(ctx, "flood", 1000)
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, "flood", fromProxy)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, f := range []struct {
		what      string
		gap       time.Duration
		rate, p99 bound
	}{
		{"a flood of logins", 100 * time.Millisecond, atLeast(0.6), atMost(3)},
		{"one without pauses", 0, bound{}, bound{}},
	} {
		all, guesses, err := b.besideFlood(ctx, s, gets(s.addr, in), f.gap)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		what := fmt.Sprintf("GET /org/get during %s (%.1f hashed and %.0f refused a second) beside quiet", f.what, guesses.Rate, guesses.Refused)
		rows = append(rows, all.compare(what, value, perSecond, f.rate), all.compare("— its p99", tail, inSeconds, f.p99))
	}
	return rows, s.stop()
}

// besideFlood compares reads during a flood with reads without one, and returns the flood's last report.
func (b *bench) besideFlood(ctx context.Context, s *server, reads load, gap time.Duration) (all turns, guesses report, err error) {
	all, err = b.alternate(ctx,
		func(ctx context.Context) (t turn, err error) {
			t, guesses, err = b.flooded(ctx, s, reads, gap)
			return t, err
		},
		func(ctx context.Context) (turn, error) { return reads.turn(ctx, b.round, s.cmd.Process.Pid) })
	return all, guesses, err
}

// flooded measures reads while a flood goes on.
func (b *bench) flooded(ctx context.Context, s *server, reads load, gap time.Duration) (turn, report, error) {
	flood, err := b.start(ctx, "flood", task{Addr: s.addr, Clients: attackers, For: gap})
	if err != nil {
		return turn{}, report{}, err
	}
	rest(ctx, time.Second) // until the pool and its queue are full
	t, err := reads.turn(ctx, b.round, s.cmd.Process.Pid)
	r, floodErr := flood.finish()
	rest(ctx, 2*time.Second) // until the hashes under way are made
	return t, r, errors.Join(err, floodErr)
}

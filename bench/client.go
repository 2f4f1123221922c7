package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a number of connections, each of which sends a request as soon as the one before is answered. It knows just
// enough of HTTP for that, so that the client costs little of the machine that it shares with the server.
type load struct {
	addr  string
	conns int
	// next returns the n-th request of a connection, from 0.
	next func(conn, n int) []byte
	// pause, if set, is how long a connection waits after an answer other than 200 or 201.
	pause time.Duration
	// total, if set, is how many requests are sent by all connections together.
	total int64
}

// outcome is what became of a load.
type outcome struct {
	good    int64 // answers 200 and 201
	other   map[int]int64
	took    time.Duration
	times   histogram // of the good ones
	samples map[int]string
}

// rate returns the good answers per second.
func (o *outcome) rate() float64 { return float64(o.good) / o.took.Seconds() }

// only returns an error if there were other answers than good ones.
func (o *outcome) only() error {
	for status, n := range o.other {
		return fmt.Errorf("%d answers had status %d, the last one: %s", n, status, o.samples[status])
	}
	if o.good == 0 {
		return fmt.Errorf("nothing was answered within %v", o.took)
	}
	return nil
}

// run sends requests for the duration, or until total.
func (l load) run(ctx context.Context, d time.Duration) (*outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	all := &outcome{other: map[int]int64{}, samples: map[int]string{}}
	var (
		sent   atomic.Int64
		mu     sync.Mutex
		failed error
		ended  sync.WaitGroup
	)
	began := time.Now()
	for i := range l.conns {
		ended.Go(func() {
			c := &client{load: l, index: i, outcome: outcome{other: map[int]int64{}, samples: map[int]string{}}}
			err := c.run(ctx, began.Add(d), &sent)
			mu.Lock()
			defer mu.Unlock()
			all.merge(&c.outcome)
			if err != nil && failed == nil {
				failed = err
			}
		})
	}
	ended.Wait()
	all.took = time.Since(began)
	return all, failed
}

func (o *outcome) merge(other *outcome) {
	o.good += other.good
	o.times.merge(&other.times)
	for status, n := range other.other {
		o.other[status] += n
		o.samples[status] = other.samples[status]
	}
}

// client is one connection of a load.
type client struct {
	load
	outcome
	index int
	in    *bufio.Reader
	body  []byte
}

// run sends requests until the end. The last answer is not waited for beyond it.
func (c *client) run(ctx context.Context, end time.Time, sent *atomic.Int64) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // whatever it had to say was said
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	c.in = bufio.NewReaderSize(conn, 16<<10)
	for n := 0; c.total == 0 || sent.Add(1) <= c.total; n++ {
		began := time.Now()
		if !began.Before(end) {
			return nil
		}
		if _, err := conn.Write(c.next(c.index, n)); err != nil {
			return unlessOver(ctx, err)
		}
		status, err := c.answer()
		if err != nil {
			return unlessOver(ctx, err)
		}
		if c.count(status, time.Since(began)); status >= 300 && c.pause > 0 {
			rest(ctx, c.pause)
		}
	}
	return nil
}

// unlessOver returns err, unless it came of the end of the load.
func unlessOver(ctx context.Context, err error) error {
	if over := ctx.Err(); over != nil {
		return nil //nolint:nilerr // that the load is over is no failure
	}
	return err
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// count notes an answer.
func (c *client) count(status int, took time.Duration) {
	if status == 200 || status == 201 {
		c.good++
		c.times.add(took)
		return
	}
	c.other[status]++
	if c.samples[status] == "" {
		c.samples[status] = string(c.body)
	}
}

var contentLength = []byte("Content-Length: ")

// answer reads one answer: its status, and its body for who is interested.
func (c *client) answer() (status int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := 0
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) == 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, contentLength); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	if status < 300 {
		_, err = c.in.Discard(length)
		return status, err
	}
	c.body = make([]byte, length)
	_, err = io.ReadFull(c.in, c.body)
	return status, err
}

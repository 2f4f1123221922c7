// Package logging owns the log of a process: a slog.Handler whose writes never wait for whoever reads the log. The
// commands make one and hand its Logger to the rooms.
//
// A line is formatted by the goroutine that logs it and copied into a buffer; one goroutine writes the buffer out, each
// time as a whole, so that a busy server makes a few system calls a second instead of one for each request. The
// invariants: logging never blocks on the output, the buffer never grows beyond its capacity, lines are written whole and
// in the order of their formatting, and lines that found no room are counted and the count is logged.
package logging

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options are how a [Log] is made. The zero value of a field is its default.
type Options struct {
	// Out receives the lines. It is used by one goroutine at a time.
	Out io.Writer
	// JSON chooses slog's JSON form, else its text form.
	JSON bool
	// Level is the least level that is logged; nil is slog.LevelInfo.
	Level slog.Leveler
	// Capacity is how many bytes may wait to be written; the default is 1 MiB.
	Capacity int
	// Delay is how long a line below slog.LevelWarn may wait for others to be written with; the default is 100 ms.
	Delay time.Duration
}

// Log is the log of a process. Close it last.
type Log struct {
	out      io.Writer
	capacity int
	delay    time.Duration
	logger   *slog.Logger
	reserve  *slog.Logger // has room where logger has none

	mu      sync.Mutex
	waiting []byte
	closed  bool

	// dropped counts lines that found no room, told those of them that the log has a line about.
	dropped atomic.Int64
	told    atomic.Int64

	wake chan struct{} // the buffer is no longer empty
	hurt chan struct{} // a line must not wait for Delay, or the log is closing
	done chan struct{} // the writing goroutine has ended
}

// New makes a log and starts its goroutine.
func New(o Options) *Log {
	l := &Log{
		out: o.Out, capacity: o.Capacity, delay: o.Delay,
		wake: make(chan struct{}, 1), hurt: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if l.capacity == 0 {
		l.capacity = 1 << 20
	}
	if l.delay == 0 {
		l.delay = 100 * time.Millisecond
	}
	l.logger = l.newLogger(o, l.capacity)
	l.reserve = l.newLogger(o, l.capacity+reserved)
	go l.write()
	return l
}

// reserved is room for the line that says how many others found none.
const reserved = 1 << 10

func (l *Log) newLogger(o Options, room int) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.Level}
	to := buffer{l, room}
	var format slog.Handler = slog.NewTextHandler(to, options)
	if o.JSON {
		format = slog.NewJSONHandler(to, options)
	}
	return slog.New(handler{Handler: format, to: to, plain: plain{json: o.JSON}})
}

// Logger returns the logger that the rooms use.
func (l *Log) Logger() *slog.Logger { return l.logger }

// Dropped returns how many lines found no room so far.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

// Close writes what waits and ends the goroutine, unless ctx is over before that. Lines logged afterwards are lost.
func (l *Log) Close(ctx context.Context) error {
	l.tellDropped()
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	poke(l.wake)
	poke(l.hurt)
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// poke leaves a signal; one that is there already says the same.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// handler formats by slog's own handlers what is not plain, and hurries lines that somebody may be waiting for.
type handler struct {
	slog.Handler
	to    buffer
	plain plain
}

// Handle formats and buffers one line.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	var err error
	if !h.to.take(h.plain, &r) {
		err = h.Handler.Handle(ctx, r)
	}
	if r.Level >= slog.LevelWarn {
		poke(h.to.log.hurt)
	}
	return err
}

// WithAttrs returns a handler of the same log.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.to, h.plain.with(attrs)}
}

// WithGroup returns a handler of the same log.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.to, plain{unfit: true}}
}

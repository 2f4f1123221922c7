package logging

import (
	"log/slog"
	"time"
)

// buffer is where lines wait: the writer that slog's handlers format into, one whole line a call, and the place where plain
// lines are written in.
type buffer struct {
	log *Log
	// room is how many bytes may wait together with the line.
	room int
}

// Write copies a line into the buffer. It never fails, since nobody could act on it.
func (b buffer) Write(line []byte) (int, error) {
	l := b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	b.keep(append(l.waiting, line...))
	return len(line), nil
}

// take writes a plain line into the buffer, or reports that the record gives none.
func (b buffer) take(p plain, r *slog.Record) bool {
	l := b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	longer, ok := p.line(l.waiting, r)
	if ok {
		b.keep(longer)
	}
	return ok
}

// keep makes the buffer longer by a line, or drops the line where it finds no room. The caller holds the lock.
func (b buffer) keep(longer []byte) {
	l := b.log
	if l.closed || len(longer) > b.room {
		l.dropped.Add(1)
		return
	}
	if len(l.waiting) == 0 {
		poke(l.wake)
	}
	l.waiting = longer
	if len(l.waiting) > l.capacity/2 {
		poke(l.hurt)
	}
}

// write is the goroutine that writes the buffer out: it sleeps until there is a line, lets others join it for the delay,
// and writes them in one call. Two slices take turns, so that in the steady state nothing is allocated.
func (l *Log) write() {
	defer close(l.done)
	var spare []byte
	for {
		<-l.wake
		l.linger()
		lines, last := l.drain(spare)
		if len(lines) > 0 {
			_, _ = l.out.Write(lines) // there is no place to report that the log cannot be written
		}
		spare = lines[:0]
		if last {
			return
		}
		l.tellDropped()
	}
}

// linger waits for the delay, or until a line may not wait.
func (l *Log) linger() {
	timer := time.NewTimer(l.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.hurt:
	}
}

// drain empties the buffer into the caller's hands and reports whether nothing will follow.
func (l *Log) drain(spare []byte) (lines []byte, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines, l.waiting = l.waiting, spare
	return lines, l.closed
}

// tellDropped logs how many lines were dropped since it was last told.
func (l *Log) tellDropped() {
	dropped := l.dropped.Load()
	if n := dropped - l.told.Swap(dropped); n > 0 {
		l.reserve.Warn("log lines were dropped, because the output was too slow", "count", n)
	}
}

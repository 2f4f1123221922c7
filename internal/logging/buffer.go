package logging

import "time"

// buffer is the writer that slog's handlers format into, one whole line a call.
type buffer struct {
	log *Log
	// room is how many bytes may wait together with the line.
	room int
}

// Write copies a line into the buffer, or drops it where it finds no room. It never fails, since nobody could act on it.
func (b buffer) Write(line []byte) (int, error) {
	l := b.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.waiting)+len(line) > b.room {
		l.dropped.Add(1)
		return len(line), nil
	}
	if len(l.waiting) == 0 {
		poke(l.wake)
	}
	l.waiting = append(l.waiting, line...)
	if len(l.waiting) > l.capacity/2 {
		poke(l.hurt)
	}
	return len(line), nil
}

// write is the goroutine that writes the buffer out: it sleeps until there is a line, lets others join it for the delay,
// and writes them in one call. Two slices take turns, so that in the steady state nothing is allocated.
func (l *Log) write() {
	defer close(l.done)
	var spare []byte
	for {
		<-l.wake
		l.linger()
		lines, last := l.take(spare)
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

// take empties the buffer into the caller's hands and reports whether nothing will follow.
func (l *Log) take(spare []byte) (lines []byte, last bool) {
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

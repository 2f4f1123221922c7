package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/orgd/orgd/internal/control"
)

// progress shows how far long work has come: on a terminal one line that is written over, else a line for each tenth, so
// that a log of a backup stays short. Safe for concurrent use.
type progress struct {
	out      io.Writer
	terminal bool
	// now, if set, has a bar drawn, and told how much time is left.
	now func() time.Time

	mu   sync.Mutex
	open bool // the terminal's line has not ended
	told int  // tenths
	what string
	pace pace
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, terminal: isTerminal(out), told: -1}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// show tells the newest state.
func (s *progress) show(p control.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && p.What != s.what { // another stage begins
		s.what, s.told, s.pace = p.What, -1, pace{}
	}
	tenth := 10
	if p.Total > 0 {
		tenth = 10 * p.Done / p.Total
	}
	line := s.line(p)
	switch {
	case s.terminal:
		_, _ = fmt.Fprintf(s.out, "\r\x1b[K%s", line)
		s.open = true
	case tenth > s.told:
		_, _ = fmt.Fprintln(s.out, line)
	}
	s.told = max(s.told, tenth)
}

// line is the state in words, and in a picture where somebody looks.
func (s *progress) line(p control.Progress) string {
	line := fmt.Sprintf("%d of %d", p.Done, p.Total)
	if p.What != "" {
		line += ": " + p.What
	}
	if s.now == nil {
		return line
	}
	if left, known := s.pace.left(s.now(), p.Done, p.Total); known {
		line += ", " + left.String() + " left"
	}
	if s.terminal {
		line = bar(p) + " " + line
	}
	return line
}

// barWidth is how many signs a bar is made of.
const barWidth = 24

func bar(p control.Progress) string {
	filled := barWidth
	if p.Total > 0 {
		filled = min(barWidth, barWidth*p.Done/p.Total)
	}
	return "[" + strings.Repeat("=", filled) + strings.Repeat(" ", barWidth-filled) + "]"
}

// note tells something besides, on a line of its own.
func (s *progress) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLine()
	_, _ = fmt.Fprintln(s.out, line)
}

// end ends the terminal's line.
func (s *progress) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLine()
}

func (s *progress) endLine() {
	if s.open {
		_, _ = fmt.Fprintln(s.out)
	}
	s.open = false
}

// pace is how fast work went lately.
type pace struct{ samples []sample }

// sample is how much was done at a moment.
type sample struct {
	at   time.Time
	done int
}

const (
	sampleEvery = time.Second
	// samplesKept are those by which the pace is judged: of the last half minute.
	samplesKept = 30
)

// left tells how long the rest takes if it goes on as it went lately.
func (p *pace) left(now time.Time, done, total int) (time.Duration, bool) {
	if n := len(p.samples); n == 0 || now.Sub(p.samples[n-1].at) >= sampleEvery {
		p.samples = append(p.samples, sample{now, done})
		p.samples = p.samples[max(0, len(p.samples)-samplesKept):]
	}
	first := p.samples[0]
	if done <= first.done || now.Sub(first.at) < sampleEvery {
		return 0, false
	}
	rest := float64(now.Sub(first.at)) * float64(total-done) / float64(done-first.done)
	return max(0, time.Duration(rest)).Round(time.Second), true
}

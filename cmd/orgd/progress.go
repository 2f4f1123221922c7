package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/orgd/orgd/internal/control"
)

// progress shows how far long work has come: on a terminal one line that is written over, else a line for each tenth, so
// that a log of a backup stays short.
type progress struct {
	out      io.Writer
	terminal bool
	open     bool // the terminal's line has not ended
	told     int  // tenths
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
	tenth := 10
	if p.Total > 0 {
		tenth = 10 * p.Done / p.Total
	}
	line := fmt.Sprintf("%d of %d", p.Done, p.Total)
	if p.What != "" {
		line += ": " + p.What
	}
	switch {
	case s.terminal:
		_, _ = fmt.Fprintf(s.out, "\r\x1b[K%s", line)
		s.open = true
	case tenth > s.told:
		_, _ = fmt.Fprintln(s.out, line)
	}
	s.told = max(s.told, tenth)
}

// end ends the terminal's line.
func (s *progress) end() {
	if s.open {
		_, _ = fmt.Fprintln(s.out)
	}
	s.open = false
}

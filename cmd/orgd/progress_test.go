package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/control"
)

func TestProgressInALogIsALineForEachTenth(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	shown := newProgress(&out)
	for i := range 1001 {
		shown.show(control.Progress{Done: i, Total: 1000, What: "file"})
	}
	shown.end()
	if lines := strings.Split(out.String(), "\n"); len(lines) != 12 || lines[0] != "0 of 1000: file" || lines[10] != "1000 of 1000: file" {
		t.Errorf("got %d lines:\n%s", len(lines)-1, &out)
	}
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	shown := &progress{out: &out, terminal: true}
	shown.show(control.Progress{Done: 0, Total: 2, What: "a longer name"})
	shown.show(control.Progress{Done: 2, Total: 2})
	shown.end()
	shown.end()
	if want := "\r\x1b[K0 of 2: a longer name\r\x1b[K2 of 2\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestProgressTellsWhatIsLeft works at 100 a second, twice as fast later on, and then at something else.
func TestProgressTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	at := time.Unix(0, 0)
	shown := &progress{out: &out, terminal: true, now: func() time.Time { return at }}
	line := func(done int, what string) string {
		out.Reset()
		shown.show(control.Progress{Done: done, Total: 6000, What: what})
		return strings.TrimPrefix(out.String(), "\r\x1b[K")
	}
	if got, want := line(0, "copying"), "[                        ] 0 of 6000: copying"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for range 10 {
		at = at.Add(time.Second)
		line(100*int(at.Unix()), "copying")
	}
	if got, want := line(1000, "copying"), "[====                    ] 1000 of 6000: copying, 50s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for s := range 20 {
		at = at.Add(time.Second)
		line(1000+200*(s+1), "copying")
	}
	if got, want := line(5000, "copying"), "[====================    ] 5000 of 6000: copying, 6s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := line(6000, "comparing"), "[========================] 6000 of 6000: comparing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	shown.note("besides")
	shown.show(control.Progress{Done: 1, Total: 2, What: "comparing"})
	shown.end()
	if !strings.Contains(out.String(), "comparing\nbesides\n\r") {
		t.Errorf("a line besides is told as %q", out.String())
	}
}

func TestStagesInALogBeginAnew(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	shown := newProgress(&out)
	shown.now = func() time.Time { return time.Unix(0, 0) }
	for _, what := range []string{"a", "b"} {
		for i := range 3 {
			shown.show(control.Progress{Done: i, Total: 2, What: what})
		}
	}
	if want := "0 of 2: a\n1 of 2: a\n2 of 2: a\n0 of 2: b\n1 of 2: b\n2 of 2: b\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

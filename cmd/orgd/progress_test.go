package main

import (
	"bytes"
	"strings"
	"testing"

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

package main

import (
	"bufio"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestHistogramTellsQuantilesWithinThreePercent(t *testing.T) {
	t.Parallel()
	var h, other histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond / 2)
		other.add(time.Duration(i+1001) * time.Millisecond / 2)
	}
	h.merge(&other)
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 0.001: 1500 * time.Microsecond} {
		if got := h.quantile(q); math.Abs(float64(got-want)) > 0.04*float64(want) {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
}

func TestHistogramTakesEveryTime(t *testing.T) {
	t.Parallel()
	last := -1
	for d := time.Duration(0); d < 12*time.Hour; d = d*33/32 + 50 {
		slot := slotOf(d)
		if slot < last || slot >= slots {
			t.Fatalf("%v goes to slot %d after %d", d, slot, last)
		}
		if end := upper(slot); end <= d || slot < slots-1 && float64(end) > 1.04*float64(d)+200 {
			t.Fatalf("%v goes to the slot that ends at %v", d, end)
		}
		last = slot
	}
}

func TestClientReadsAnswers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		status int
		body   string
		err    error
	}{
		"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc": {status: 200},
		"HTTP/1.1 204 No Content\r\n\r\n":                         {status: 204},
		"HTTP/1.1 429 Slow\r\nContent-Length: 2\r\n\r\nno":        {status: 429, body: "no"},
		"HTTP/1.1 429 Slow\r\nContent-Length: 2\r\n\r\nn":         {status: 429, err: io.ErrUnexpectedEOF},
	} {
		c := &client{in: bufio.NewReader(strings.NewReader(text))}
		status, err := c.answer()
		if status != want.status || !errors.Is(err, want.err) || err == nil && string(c.body) != want.body {
			t.Errorf("%q is read as %d, %q (%v)", text, status, c.body, err)
		}
		if n := c.in.Buffered(); n > 0 {
			t.Errorf("%q leaves %d bytes", text, n)
		}
	}
}

func TestRatioIsTheMedianOfThePairs(t *testing.T) {
	t.Parallel()
	all := turns{ours: []turn{{value: 80}, {value: 8}, {value: 90}}, limit: []turn{{value: 100}, {value: 10}, {value: 300}}}
	r := all.compare("what", value, perSecond, atLeast(0.7))
	if want := "| what | 80.00/s | 100/s | 0.80 | ≥ 0.70 | met |\n"; r.String() != want {
		t.Errorf("got %q, want %q", r, want)
	}
	if r := single("memory", 200e6, megabytes, within(150e6, "150 MB")); r.String() != "| memory | 200 MB |  |  | ≤ 150 MB | missed |\n" {
		t.Errorf("got %q", r)
	}
}

func TestFiguresAreShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{perSecond(1234567.8), "1,234,568/s"},
		{perSecond(999.6), "1,000/s"},
		{perSecond(3.456), "3.46/s"},
		{inSeconds(0.0123456), "12.3ms"},
		{inSeconds(2.3456), "2.35s"},
		{inSeconds(0.0000123456), "12.3µs"},
		{inSeconds(0), "0s"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestShortLeavesWhatWasGiven(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-short", "-rounds", "7", "-run", "^get$"}, io.Discard)
	if err != nil || o.rounds != 7 || o.round != time.Second || o.orgs >= 100_000 || !o.only.MatchString("get") {
		t.Errorf("got %+v (%v)", o, err)
	}
	for _, wrong := range [][]string{{"x"}, {"-run", "("}, {"-rounds", "0"}, {"-unknown"}} {
		if _, err := parseOptions(wrong, io.Discard); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

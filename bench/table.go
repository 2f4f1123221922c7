package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// header is the head of the table of rows.
const header = `| what | ours | limit | ratio | wanted | verdict |
|---|---|---|---|---|---|
`

// row is a line of the table.
type row struct {
	what        string
	ours, limit string
	// judged is the ratio, or what else wanted is about; shown only where it is a ratio.
	judged float64
	ratio  bool
	wanted bound
}

// String returns the line.
func (r row) String() string {
	ratio, verdict := "", ""
	if r.ratio {
		ratio = fmt.Sprintf("%.2f", r.judged)
	}
	if r.wanted.holds != nil {
		verdict = "missed"
		if r.wanted.holds(r.judged) {
			verdict = "met"
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.what, r.ours, r.limit, ratio, r.wanted.text, verdict)
}

// bound is what is wanted of a figure; the zero value wants nothing.
type bound struct {
	text  string
	holds func(float64) bool
}

func atLeast(least float64) bound {
	return bound{fmt.Sprintf("≥ %.2f", least), func(v float64) bool { return v >= least }}
}

func atMost(most float64) bound {
	return bound{fmt.Sprintf("≤ %g", most), func(v float64) bool { return v <= most }}
}

// within is atMost in the words of the unit.
func within(most float64, text string) bound { return bound{"≤ " + text, atMost(most).holds} }

// compare makes the row of one figure of the turns. The ratio is the median of the pairs' ratios: what disturbed the machine
// in one pair is one pair's.
func (t turns) compare(what string, figure func(turn) float64, text func(float64) string, wanted bound) row {
	ours, limit, ratios := make([]float64, 0, len(t.ours)), make([]float64, 0, len(t.ours)), make([]float64, 0, len(t.ours))
	for i := range t.ours {
		a, z := figure(t.ours[i]), figure(t.limit[i])
		ours, limit, ratios = append(ours, a), append(limit, z), append(ratios, a/z)
	}
	return row{what: what, ours: text(median(ours)), limit: text(median(limit)), judged: median(ratios), ratio: true, wanted: wanted}
}

// single makes the row of a figure without a limit.
func single(what string, value float64, text func(float64) string, wanted bound) row {
	return row{what: what, ours: text(value), judged: value, wanted: wanted}
}

// beside gives the row another program's figure to compare with.
func (r row) beside(limit string) row {
	r.limit = limit
	return r
}

// The figures of a turn.
func value(t turn) float64  { return t.value }
func tail(t turn) float64   { return t.p99.Seconds() }
func effort(t turn) float64 { return t.cpu.Seconds() }

// median returns the middle of the values, which are not empty.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// perSecond writes a rate.
func perSecond(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.2f/s", v)
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + "/s"
}

// inSeconds writes a time of so many seconds, to three digits.
func inSeconds(v float64) string {
	d := time.Duration(v * float64(time.Second))
	if d <= 0 {
		return d.String()
	}
	digits := math.Pow(10, math.Floor(math.Log10(float64(d)))-2)
	return d.Round(time.Duration(max(1, digits))).String()
}

// megabytes writes a size of so many bytes.
func megabytes(v float64) string { return fmt.Sprintf("%.0f MB", v/1e6) }

// times writes a count.
func times(v float64) string { return fmt.Sprintf("%.1f", v) }

// processor names the machine's processor, where the system tells.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	_, rest, _ := strings.Cut(string(info), "model name")
	name, _, _ := strings.Cut(rest, "\n")
	return strings.TrimLeft(name, "\t :")
}

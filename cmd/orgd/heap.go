package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
)

// headroom is how much a small heap may grow before it is collected. The collector's own rule, as much again as is live,
// would have it collect a server's few live megabytes thirty times a second under load; from this size on its rule holds.
const headroom = 64 << 20

// heapTuner sets the collector's percentage anew after each collection, so that the next one comes when the heap has grown by
// headroom or by as much as is live, whichever is more. It ends with the process.
type heapTuner struct{ sample []metrics.Sample }

// tuneHeap begins; GOGC in the environment, which somebody set on purpose, stays in force.
func tuneHeap(env []string) {
	if slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "GOGC=") }) {
		return
	}
	t := &heapTuner{sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	t.tune()
	t.watch()
}

// watch calls tune after the next collection, and itself: an object that nothing holds is finalized by then.
func (t *heapTuner) watch() {
	runtime.SetFinalizer(&sentinel{tuner: t}, func(s *sentinel) {
		s.tuner.tune()
		s.tuner.watch()
	})
}

type sentinel struct{ tuner *heapTuner }

func (t *heapTuner) tune() {
	metrics.Read(t.sample)
	debug.SetGCPercent(percentFor(t.sample[0].Value.Uint64()))
}

// percentFor returns by how much of the live bytes the heap may grow.
func percentFor(live uint64) int {
	const least, most = 100, 10_000
	if live == 0 {
		return most
	}
	return int(min(max(headroom*100/live, least), most))
}

package main

import "testing"

func TestHeapGrowsByHeadroomOrByWhatIsLive(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 10_000, 1: 10_000, 5 << 20: 1280, 32 << 20: 200, 64 << 20: 100, 1 << 30: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("with %d bytes live the heap may grow by %d %%, want %d", live, got, want)
		}
	}
}

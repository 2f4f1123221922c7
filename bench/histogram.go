package main

import (
	"math/bits"
	"time"
)

// histogram counts times with an error of 3 % at most, from 100 ns to hours, in one array.
type histogram struct {
	counts [slots]int64
	total  int64
}

const (
	grain    = 100 * time.Nanosecond
	fineBits = 5 // of each power of two
	slots    = 40 << fineBits
)

// add counts one time.
func (h *histogram) add(d time.Duration) {
	h.counts[slotOf(d)]++
	h.total++
}

func slotOf(d time.Duration) int {
	v := uint64(max(0, d) / grain)
	shift := max(0, bits.Len64(v)-fineBits-1)
	return min(slots-1, shift<<fineBits+int(v>>shift))
}

// upper returns the end of a slot.
func upper(slot int) time.Duration {
	shift := max(0, slot>>fineBits-1)
	return time.Duration(slot-shift<<fineBits+1) << shift * grain
}

// merge adds what another one counted.
func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// quantile returns a time that the share q of those counted did not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	left := int64(q * float64(h.total))
	for slot, n := range h.counts {
		if left -= n; left < 0 {
			return upper(slot)
		}
	}
	return 0
}

package store

import (
	"context"
	"time"
)

// Leak is how a counter behaves over time.
type Leak struct {
	// PerSecond is what the level loses each second, down to zero.
	PerSecond float64
	// TTL after the last addition the counter is forgotten, and its level is zero again.
	TTL time.Duration
}

// Throttle keeps counters of attempts. Keys are opaque (HMACs) and at most 64 bytes. The number of counters is bounded: at the bound the
// ones that expire first are forgotten. Counters may lose the last second before a crash.
type Throttle interface {
	// Add lets the level of the counter leak since its last change, adds delta (a negative one gives back, down to zero; zero
	// only reads, and does not prolong the counter's life) and returns the new level. Atomic: of n concurrent additions of 1
	// to a fresh counter without leak each returns another of the levels 1 to n.
	Add(ctx context.Context, key string, delta float64, leak Leak, now time.Time) (float64, error)
}

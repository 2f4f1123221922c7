package storetest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/store"
)

func throttleCases() []Case {
	return about("Throttle",
		clause{name: "AddsUp", check: throttleAddsUp},
		clause{name: "Leaks", check: throttleLeaks},
		clause{name: "GivesBackDownToZero", check: throttleGivesBack},
		clause{name: "ForgetsAfterTheTTL", check: throttleForgets},
		clause{name: "KeysAreApart", check: throttleKeysAreApart},
		clause{name: "AddsOfManyAreAtomic", check: throttleIsAtomic},
	)
}

// counter is one counter of the throttle with the clock at noon.
type counter struct {
	d    *desk
	key  string
	leak store.Leak
}

func (d *desk) counter(perSecond float64, ttl time.Duration) counter {
	return counter{d, token(), store.Leak{PerSecond: perSecond, TTL: ttl}}
}

// add adds at a moment after noon and complains unless the level is then the given one.
func (c counter) add(delta float64, after time.Duration, want float64) {
	c.d.Helper()
	got, err := c.d.Throttle.Add(c.d.Context(), c.key, delta, c.leak, noon.Add(after))
	c.d.need(err, "add %g after %s", delta, after)
	if math.Abs(got-want) > 1e-9 {
		c.d.Errorf("the level after adding %g at %s is %g, want %g", delta, after, got, want)
	}
}

func throttleAddsUp(d *desk) {
	c := d.counter(0, time.Hour)
	c.add(0, 0, 0)
	c.add(1, 0, 1)
	c.add(2.5, time.Minute, 3.5)
	c.add(0, 2*time.Minute, 3.5)
	c.add(1e6, 2*time.Minute, 1_000_003.5)
}

func throttleLeaks(d *desk) {
	c := d.counter(0.5, time.Hour)
	c.add(5, 0, 5)
	c.add(0, 2*time.Second, 4)
	c.add(0, 3*time.Second, 3.5)
	c.add(1, 4*time.Second, 4)
	c.add(0, 4500*time.Millisecond, 3.75)
	c.add(1, 60*time.Second, 1) // it was empty long before
	c.add(1, 59*time.Second, 2) // a server whose clock lags behind fills no counter by it
}

func throttleGivesBack(d *desk) {
	c := d.counter(0, time.Hour)
	c.add(3, 0, 3)
	c.add(-1, 0, 2)
	c.add(-5, 0, 0)
	c.add(1, 0, 1)
	d.counter(0, time.Hour).add(-1, 0, 0)
}

// A counter lives for its TTL from the last addition on; looking at it does not keep it.
func throttleForgets(d *desk) {
	c := d.counter(0, 10*time.Second)
	c.add(3, 0, 3)
	c.add(0, 9*time.Second, 3)
	c.add(0, 11*time.Second, 0)
	c.add(2, 20*time.Second, 2)
	c.add(1, 29*time.Second, 3)
	c.add(0, 38*time.Second, 3)
	c.add(1, 40*time.Second, 1)
}

func throttleKeysAreApart(d *desk) {
	lower := d.counter(0, time.Hour)
	lower.key = strings.Repeat(lower.key, 2)[:64]
	for _, key := range []string{strings.ToUpper(lower.key), lower.key[:63], lower.key[:63] + "_", lower.key[:63] + "%"} {
		lower.add(0, 0, 0)
		other := lower
		other.key = key
		other.add(1, 0, 1)
	}
	lower.add(1, 0, 1)
}

func throttleIsAtomic(d *desk) {
	c := d.counter(0, time.Hour)
	levels := together(crowd, func(int) float64 {
		level, err := d.Throttle.Add(d.Context(), c.key, 1, c.leak, noon)
		if err != nil {
			d.Errorf("add: %v", err)
		}
		return level
	})
	slices.Sort(levels)
	for i, level := range levels {
		if math.Abs(level-float64(i+1)) > 1e-9 {
			d.Fatalf("%d additions of 1 return the levels %v", crowd, levels)
		}
	}
	c.add(0, 0, crowd)
}

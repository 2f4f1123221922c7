package mongo

import (
	"context"
	"hash/fnv"
	"slices"
)

// stripes are locks on names: two that are the same have one lock, two that differ seldom do. They keep the callers of this
// process from working against each other where the database would refuse all but one; what is true of the data never
// rests on them.
type stripes [128]chan struct{}

// newStripes returns locks that nobody holds.
func newStripes() *stripes {
	var s stripes
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return &s
}

// hold takes the locks of the names and returns what gives them back.
func (s *stripes) hold(ctx context.Context, names ...string) (release func(), err error) {
	var numbers []int
	for _, name := range names {
		h := fnv.New32a()
		h.Write([]byte(name))
		numbers = append(numbers, int(h.Sum32()%uint32(len(s))))
	}
	slices.Sort(numbers) // one order for all, so that none waits for another in a circle
	numbers = slices.Compact(numbers)
	release = func() {
		for _, n := range numbers {
			<-s[n]
		}
	}
	for i, n := range numbers {
		select {
		case s[n] <- struct{}{}:
		case <-ctx.Done():
			numbers = numbers[:i]
			release()
			return nil, overdue(ctx.Err())
		}
	}
	return release, nil
}

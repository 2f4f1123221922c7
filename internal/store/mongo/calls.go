package mongo

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// calls runs commands under the caller's deadline and a cap of their own, and settles what became of those whose answer
// was lost.
type calls struct {
	cap time.Duration
	// patience is how long a read-back may take after the caller's time is over.
	patience time.Duration
	disk     *disk
	outdated *outdated
}

// fate is what became of a write.
type fate int

const (
	// unclear: it may have taken effect, or may still do so.
	unclear fate = iota
	// done: it took effect.
	done
	// refused: it did not, and never will.
	refused
)

// read runs fn, and translates its error.
func (c calls) read(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := c.outdated.check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return overdue(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.cap)
	defer cancel()
	return translate(fn(ctx))
}

// write runs fn, which makes one write. Where its answer is lost, look says what became of it: done is success, refused is
// errLost, anything else CodeUnknownOutcome.
func (c calls) write(ctx context.Context, fn func(ctx context.Context) error, look func(ctx context.Context) fate) error {
	if err := c.outdated.check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return overdue(err)
	}
	limited, cancel := context.WithTimeout(ctx, c.cap)
	defer cancel()
	err := fn(limited)
	c.disk.heed(err)
	if err == nil || answered(err) {
		return translate(err)
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer stop()
	switch look(late) {
	case done:
		return nil
	case refused:
		return errLost
	default:
		return unknown(err)
	}
}

// attempts bounds how often a write is sent whose answer is lost each time.
const attempts = 3

// repeat runs fn, which makes a write that may be made twice, and does so again where its answer was lost.
func (c calls) repeat(ctx context.Context, fn func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := c.write(ctx, fn, func(context.Context) fate { return unclear })
		if attempt == attempts || ctx.Err() != nil || !tenant.IsCode(err, tenant.CodeUnknownOutcome) {
			return err
		}
	}
}

package sqlite

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Writes to one file share transactions. A writer queues its job; whoever finds the lead free takes it, runs all jobs that
// wait then in one transaction, each under a savepoint of its own, commits once, and answers them all. So many writers at
// once pay for one fsync, a writer alone pays nothing extra, and no goroutine of our own is needed.

const (
	// maxQueue bounds the jobs that wait for one file; further writers wait for a place until their context ends.
	maxQueue = 256
	// maxBatch bounds the jobs of one transaction.
	maxBatch = 128
	// patience is how long a writer whose context is over waits for the answer of a job that is running already. Calls for
	// a tenant hold its gate, and so are more hurried.
	patience       = 2 * time.Second
	tenantPatience = 250 * time.Millisecond
)

// errPanic is what the other jobs of a transaction learn when one of them panics.
var errPanic = errors.New("a write of the same transaction ended in a panic")

// job is one write on its way through the queue.
type job struct {
	fn    func(*session) error
	taken atomic.Bool // by a leader, or by the caller who gave up
	done  chan struct{}
	err   error // readable once done is closed
}

// write runs fn in a transaction that holds the file's write lock, and returns once it is on disk. If fn fails, its own
// changes are undone and nobody else's. fn may run in another goroutine, and must be short. Errors are translated.
func (f *file) write(ctx context.Context, fn func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return overdue(err)
	}
	j := &job{fn: fn, done: make(chan struct{})}
	for queued := false; !queued; {
		select {
		case f.jobs <- j:
			queued = true
		case f.lead <- struct{}{}: // the queue is full, perhaps of jobs that were given up
			f.runBatch()
		case <-f.closed:
			return errClosed
		case <-ctx.Done():
			return overdue(ctx.Err())
		}
	}
	for {
		select {
		case <-j.done:
			return translate(j.err)
		case f.lead <- struct{}{}:
			f.runBatch()
		case <-f.closed:
			if j.taken.CompareAndSwap(false, true) {
				return errClosed
			}
			return j.await(f.patience, errClosed)
		case <-ctx.Done():
			if j.taken.CompareAndSwap(false, true) {
				return overdue(ctx.Err())
			}
			return j.await(f.patience, ctx.Err())
		}
	}
}

// writing is write for a function with a result. The result is a variable of its own, so that a caller who gave up does not
// share one with a job that still runs.
func writing[T any](ctx context.Context, f *file, fn func(*session) (T, error)) (T, error) {
	var result, none T
	err := f.write(ctx, func(s *session) (err error) {
		result, err = fn(s)
		return err
	})
	if err != nil {
		return none, err
	}
	return result, nil
}

// await gives a running job time to end: its outcome is worth more than an early answer.
func (j *job) await(patience time.Duration, cause error) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-j.done:
		return translate(j.err)
	case <-timer.C:
		return tenant.Wrap(tenant.CodeUnknownOutcome, cause, "the write was under way when the time was over; it may have taken effect")
	}
}

// runBatch runs the jobs that wait. The caller holds the lead, which runBatch gives back.
func (f *file) runBatch() {
	defer func() { <-f.lead }()
	batch := f.take()
	if len(batch) == 0 {
		return
	}
	failed := errPanic
	defer func() {
		if errors.Is(failed, errPanic) {
			failed = f.abandon(failed)
		}
		for _, j := range batch {
			if failed != nil { // also for a job with an error of its own: what it saw did not last
				j.err = failed
			}
			close(j.done)
		}
	}()
	failed = f.transact(batch)
}

// take empties the queue, up to maxBatch jobs, leaving out those that were given up.
func (f *file) take() []*job {
	var batch []*job
	for len(batch) < maxBatch {
		select {
		case j := <-f.jobs:
			if j.taken.CompareAndSwap(false, true) {
				batch = append(batch, j)
			}
		default:
			return batch
		}
	}
	return batch
}

// transact runs a batch in one transaction. An error is one of the transaction, and all jobs have failed with it.
func (f *file) transact(batch []*job) (err error) {
	s, err := f.openWriter()
	if err != nil {
		return err
	}
	if _, err := s.exec("BEGIN IMMEDIATE"); err != nil {
		return f.abandon(err)
	}
	worth := 0
	for _, j := range batch {
		if j.err, err = runSaved(s, j.fn, len(batch) > 1); err != nil {
			return f.abandon(err)
		}
		if j.err == nil {
			worth++
		}
	}
	if worth == 0 {
		if _, err := s.exec("ROLLBACK"); err != nil {
			return f.abandon(err)
		}
		return nil
	}
	if _, err := s.exec("COMMIT"); err != nil {
		return f.abandon(commitFailed(err))
	}
	return nil
}

// runSaved runs fn under a savepoint, or without one where it is alone in its transaction. The first error is fn's own; the
// second says that the transaction is no more.
func runSaved(s *session, fn func(*session) error, saved bool) (own, fatal error) {
	if !saved {
		own = fn(s)
		if broken(own) {
			return nil, own
		}
		return own, nil
	}
	if _, err := s.exec("SAVEPOINT job"); err != nil {
		return nil, err
	}
	if own = fn(s); own != nil {
		if broken(own) {
			return nil, own
		}
		if _, err := s.exec("ROLLBACK TO job"); err != nil {
			return nil, errors.Join(own, err)
		}
	}
	_, err := s.exec("RELEASE job")
	return own, err
}

// openWriter returns the writer, opening it for the first write. The caller holds the lead.
func (f *file) openWriter() (*session, error) {
	if f.writer != nil {
		return f.writer, nil
	}
	s, err := f.session(false)
	f.writer = s
	return s, err
}

// abandon closes the writer after a failure, which rolls back whatever it had begun; the next write opens another.
func (f *file) abandon(cause error) error {
	if s := f.writer; s != nil {
		f.writer = nil
		cause = errors.Join(cause, s.close())
	}
	return f.report(cause)
}

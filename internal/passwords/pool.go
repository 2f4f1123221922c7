package passwords

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// queuePerWorker is the default bound of the queue: at the default cost, 16 hashes of one worker take as long as a
// request may (4 s), so who came after them would get an answer that nobody waits for.
const queuePerWorker = 16

// unitTime is what one of the 2^cost steps of bcrypt takes, about, until the pool has measured its own.
const unitTime = 60 * time.Microsecond

// Options sets up a [Pool]. The zero value is good.
type Options struct {
	// Workers is how many hashes run at once; 0 means half of GOMAXPROCS, at least one.
	Workers int
	// Queue bounds how many requests wait, for strangers and for [Familiar] ones each; 0 means 16 per worker.
	Queue int
	// Cost is the bcrypt cost of new hashes, [MinCost] to [MaxCost]; 0 means [DefaultCost]. Below 10 is for tests.
	Cost int
	// Now is the clock for RetryAfter, safe for concurrent use; nil means time.Now.
	Now func() time.Time

	observe func(cost int) // told of each bcrypt run before it begins
	enter   func()         // called on each worker's goroutine before its first job
}

// Pool runs all bcrypt of the program on a few workers, so that a flood of logins does not slow the rest. What finds
// no idle worker waits in a bounded queue that is fair per address prefix: each prefix has at most one place in it,
// and a request that gets none is told so at once by a [*BusyError].
//
// All methods are safe for concurrent use. The caller computes the prefix (an IPv4 address, the /64 of an IPv6 one);
// for the pool it is an opaque key. A method whose ctx ends returns its error at once; a place in the queue is free
// again then, but a hash that runs already runs on. The owner ends the workers by Close.
type Pool struct {
	hasher  hasher
	workers int
	now     func() time.Time
	jobs    chan *job // to idle workers; holds at most workers, so that sending never blocks
	ended   sync.WaitGroup

	mu     sync.Mutex
	busy   int // workers that have a job
	queue  queue
	mean   time.Duration // moving average of what a job takes
	closed bool
}

// New starts a pool. It returns an error if the cost is out of range.
func New(o Options) (*Pool, error) {
	o = o.withDefaults()
	if o.Cost < MinCost || o.Cost > MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not within %d to %d", o.Cost, MinCost, MaxCost)
	}
	p := &Pool{
		hasher:  hasher{cost: o.Cost, observe: o.observe},
		workers: o.Workers,
		now:     o.Now,
		jobs:    make(chan *job, o.Workers),
		queue:   queue{bound: o.Queue},
		mean:    unitTime << o.Cost,
	}
	p.hasher.note(o.Cost)
	for range o.Workers {
		p.ended.Go(func() { p.serve(o.enter) })
	}
	return p, nil
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = defaultWorkers(runtime.GOMAXPROCS(0))
	}
	if o.Queue <= 0 {
		o.Queue = queuePerWorker * o.Workers
	}
	if o.Cost == 0 {
		o.Cost = DefaultCost
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.observe == nil {
		o.observe = func(int) {}
	}
	if o.enter == nil {
		o.enter = func() {}
	}
	return o
}

// defaultWorkers is half the processors, at least one, on ordinary goroutines: what a flood of logins cannot take is
// the other half. One less than all would be the same on two processors, and on eight leave reads a single one.
//
// Measured by BenchmarkFlood (medians of six or seven runs, of one for the last line; two cores, which the process with
// the 32 readers shares; cost 12, for which one bare loop does 4.3 logins/s and two do 8):
//
//	                                           reads/s     p99   logins/s   longest GC stop
//	no logins                                   46,900   4.8 ms      -           0.5 ms
//	half the cores                              32,600   6.0 ms     3.4          0.5 ms
//	half, on threads of nice value 19           33,600   6.5 ms     3.0          1.8 ms
//	all, on such threads                         3,400    26 ms     7.2          0.3 ms
//	all, on such threads, GOMAXPROCS doubled    36,000   7.2 ms     1.6          2.9 ms
//	40 at once                                     190   1.4 s       0           -
//
// Where nobody reads, the pool does 0.98 to 1.00 of what a bare loop does (BenchmarkLogins). Threads of low priority
// lose: Go gives them processors (Ps) like any other goroutine, so on all cores they starve the handlers, whatever the
// kernel thinks of them; with Ps to spare, busy reads starve the logins instead, and a garbage collection waits for a
// thread that the kernel does not run (up to 200 ms while another program compiled).
func defaultWorkers(procs int) int { return max(1, procs/2) }

// familiarKey marks a context as [Familiar].
type familiarKey struct{}

// Familiar marks requests made with the returned context as coming from an address where this account has signed in
// lately. They wait in a line of their own that gets every other turn, and strangers' requests from the same prefix
// do not take their place: so the owner signs in while many addresses attack.
func Familiar(ctx context.Context) context.Context {
	return context.WithValue(ctx, familiarKey{}, true)
}

// Hash returns a new bcrypt hash of password, whose policy the caller has checked. Errors: [*PolicyError] if the
// password cannot be hashed at all, [*BusyError], [ErrClosed], or ctx's.
func (p *Pool) Hash(ctx context.Context, prefix, password string) (hash string, err error) {
	if err := usable(password); err != nil {
		return "", err
	}
	r := p.do(ctx, prefix, func() result { return p.hasher.hash(password) })
	return r.hash, r.err
}

// Compare reports whether password is the one that hash was made of and, if so, whether the hash is cheaper than new
// ones and should be made anew. A failed comparison costs one hash at the dearest cost in use, whatever failed: the
// password, one that no hash can be of (empty, NUL, above 72 bytes), or a hash that is not acceptable. For that last
// one the error is [ErrBadHash]: log it and answer as to a wrong password. Other errors: [*BusyError], [ErrClosed],
// or ctx's.
func (p *Pool) Compare(ctx context.Context, prefix, hash, password string) (ok, needsRehash bool, err error) {
	r := p.do(ctx, prefix, func() result { return p.hasher.compare(hash, password) })
	return r.ok, r.needRehash, r.err
}

// Burn costs what a failed Compare costs. A login without such an account calls it, so that the time of the answer
// does not tell. Errors: [*BusyError], [ErrClosed], or ctx's.
func (p *Pool) Burn(ctx context.Context, prefix, password string) error {
	return p.do(ctx, prefix, func() result { p.hasher.burn(password); return result{} }).err
}

// NoteCost tells the pool of a stored hash, so that failed logins cost as much as the dearest one. Compare does it
// by itself; a start that knows the stored hashes should do it for one of the dearest. Other text is ignored.
func (p *Pool) NoteCost(hash string) {
	if cost, err := costOf(hash); err == nil {
		p.hasher.note(cost)
	}
}

// FailureCost returns the bcrypt cost of failed logins: the dearest in use, as far as the pool knows.
func (p *Pool) FailureCost() int { return int(p.hasher.dearest.Load()) }

// Close ends the pool: what waits gets [ErrClosed], what runs is finished, and the workers have ended when it
// returns. Closing twice is allowed.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.jobs)
		for j := p.queue.pop(); j != nil; j = p.queue.pop() {
			j.result <- result{err: ErrClosed}
		}
	}
	p.mu.Unlock()
	p.ended.Wait()
}

// do has work done by a worker and returns its result, or the reason why there is none.
func (p *Pool) do(ctx context.Context, prefix string, work func() result) result {
	if err := ctx.Err(); err != nil {
		return result{err: err}
	}
	j := &job{prefix: prefix, work: work, result: make(chan result, 1)}
	if ctx.Value(familiarKey{}) != nil {
		j.line = familiars
	}
	if err := p.admit(j); err != nil {
		return result{err: err}
	}
	select {
	case r := <-j.result:
		return r
	case <-ctx.Done():
		p.mu.Lock()
		p.queue.remove(j)
		p.mu.Unlock()
		return result{err: ctx.Err()}
	}
}

// admit gives j to an idle worker, or a place in the queue.
func (p *Pool) admit(j *job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if p.busy < p.workers {
		p.busy++
		p.jobs <- j
		return nil
	}
	if reason := p.queue.push(j); reason != "" {
		return &BusyError{RetryAfter: p.retryAfter(j.line), reason: reason}
	}
	return nil
}

// retryAfter estimates how long what waits in a line takes.
func (p *Pool) retryAfter(l line) time.Duration {
	wait := p.mean * time.Duration(len(p.queue.lines[l])+1) / time.Duration(p.workers)
	return max(time.Second, (wait + time.Second - 1).Truncate(time.Second))
}

// serve is a worker: it does the jobs that it is given and, after each, those that wait.
func (p *Pool) serve(enter func()) {
	enter()
	for j := range p.jobs {
		for j != nil {
			began := p.now()
			j.result <- j.work()
			j = p.next(p.now().Sub(began))
		}
	}
}

// next returns the job whose turn it is; a worker that gets none is idle.
func (p *Pool) next(took time.Duration) *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mean += (took - p.mean) / 8
	j := p.queue.pop()
	if j == nil {
		p.busy--
	}
	return j
}

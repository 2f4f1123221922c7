package sqlite

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/orgd/orgd/internal/tenant"
)

// pool keeps tenants' files open, within a bound, so that a call finds its file ready. A file that nobody uses stays open
// until another one needs its slot; the one that was idle longest goes first. Whoever finds all files in use waits.
//
// Before a file may move, all its users are counted out: [pool.exclusive].
type pool struct {
	open func(org tenant.OrgID) (*file, error)
	log  *slog.Logger

	slots chan struct{} // one token for each open file

	mu      sync.Mutex
	entries map[tenant.OrgID]*entry
	idle    list.List // of *entry: those with an open file and no users, longest idle first
	waiting int       // how many wait for a slot
	closed  bool
}

// entry is one tenant in the pool: in use, open and idle, or barred.
type entry struct {
	org   tenant.OrgID
	users int           // under pool.mu, as all below but file and flight
	place *list.Element // in pool.idle

	barred  chan struct{} // set while nobody new may come in; closed when they may try again
	drained chan struct{} // set while somebody waits for the users to leave; closed when they have

	file   atomic.Pointer[file]
	flight chan struct{} // one token: who has it opens the file
}

func newPool(bound int, log *slog.Logger, open func(tenant.OrgID) (*file, error)) *pool {
	return &pool{open: open, log: log, slots: make(chan struct{}, bound), entries: map[tenant.OrgID]*entry{}}
}

// use runs fn with the tenant's file, open and held in its place until fn returns.
func (p *pool) use(ctx context.Context, org tenant.OrgID, fn func(*file) error) error {
	e, err := p.pin(ctx, org)
	if err != nil {
		return err
	}
	defer p.unpin(e)
	f, err := p.file(ctx, e)
	if err != nil {
		return err
	}
	return fn(f)
}

// pin holds the tenant's file in its place, open or not; nobody moves it until unpin.
func (p *pool) pin(ctx context.Context, org tenant.OrgID) (*entry, error) {
	return p.enter(ctx, org, func(e *entry) {
		e.users++
		p.unlist(e)
	})
}

// enter does something to the tenant's entry under the lock, once it is not barred.
func (p *pool) enter(ctx context.Context, org tenant.OrgID, do func(*entry)) (*entry, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, overdue(err)
		}
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, errClosed
		}
		e := p.entries[org]
		if e == nil {
			e = &entry{org: org, flight: make(chan struct{}, 1)}
			p.entries[org] = e
		}
		if e.barred == nil {
			do(e)
			p.mu.Unlock()
			return e, nil
		}
		barred := e.barred
		p.mu.Unlock()
		select {
		case <-barred:
		case <-ctx.Done():
			return nil, overdue(ctx.Err())
		}
	}
}

// unlist takes an entry out of the list of idle ones.
func (p *pool) unlist(e *entry) {
	if e.place != nil {
		p.idle.Remove(e.place)
		e.place = nil
	}
}

// unpin gives back what pin took.
func (p *pool) unpin(e *entry) {
	p.mu.Lock()
	e.users--
	evict := false
	if e.users == 0 {
		evict = p.rest(e)
	}
	p.mu.Unlock()
	if evict {
		p.evict(e)
	}
}

// rest decides what becomes of an entry that lost its last user, and reports whether the caller must evict it.
func (p *pool) rest(e *entry) (evict bool) {
	switch {
	case e.drained != nil:
		close(e.drained)
		e.drained = nil
	case e.file.Load() == nil:
		delete(p.entries, e.org)
	case p.waiting > 0:
		e.barred = make(chan struct{})
		return true
	default:
		e.place = p.idle.PushBack(e)
	}
	return false
}

// evict closes a barred entry without users and gives its slot back.
func (p *pool) evict(e *entry) {
	if err := p.shut(e); err != nil {
		p.log.Warn("closing a tenant's file failed", "organization", e.org, "error", err)
	}
	p.dismiss(e)
}

// shut closes the file of a barred entry without users, if it is open.
func (p *pool) shut(e *entry) error {
	f := e.file.Swap(nil)
	if f == nil {
		return nil
	}
	defer func() { <-p.slots }()
	return f.close()
}

// dismiss removes a barred entry; those who wait may try again.
func (p *pool) dismiss(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.entries, e.org)
	close(e.barred)
}

// file returns the open file of a pinned entry. However many callers ask at once, one opens it.
func (p *pool) file(ctx context.Context, e *entry) (*file, error) {
	if f := e.file.Load(); f != nil {
		return f, nil
	}
	select {
	case e.flight <- struct{}{}:
		defer func() { <-e.flight }()
	case <-ctx.Done():
		return nil, overdue(ctx.Err())
	}
	if f := e.file.Load(); f != nil {
		return f, nil
	}
	if err := p.slot(ctx); err != nil {
		return nil, err
	}
	f, err := p.open(e.org)
	if err != nil {
		<-p.slots
		return nil, err
	}
	e.file.Store(f)
	return f, nil
}

// borrow returns the open file of a pinned entry, or opens it apart from the pool: then apart is true, and the caller closes
// it before unpin.
func (p *pool) borrow(ctx context.Context, e *entry, open func() (*file, error)) (f *file, apart bool, err error) {
	select {
	case e.flight <- struct{}{}: // two openings at once could both bring the file to the newest layout
		defer func() { <-e.flight }()
	case <-ctx.Done():
		return nil, false, overdue(ctx.Err())
	}
	if f := e.file.Load(); f != nil {
		return f, false, nil
	}
	f, err = open()
	return f, true, err
}

// slot takes a slot for one more open file, at the cost of an idle one, or waits for one.
func (p *pool) slot(ctx context.Context) error {
	for {
		select {
		case p.slots <- struct{}{}:
			return nil
		default:
		}
		p.mu.Lock()
		front := p.idle.Front()
		if front == nil {
			p.waiting++
			p.mu.Unlock()
			return p.await(ctx)
		}
		e := front.Value.(*entry) //nolint:errcheck // the list holds nothing else
		p.unlist(e)
		e.barred = make(chan struct{})
		p.mu.Unlock()
		p.evict(e)
	}
}

// await waits for a slot. The caller counted itself among those who wait, so that the next file that falls idle is closed.
func (p *pool) await(ctx context.Context) error {
	defer func() {
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
	}()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return overdue(ctx.Err())
	}
}

// exclusive counts out all users of a tenant's file, closes it and runs fn, while everybody new waits. They find the file
// wherever fn has left it.
func (p *pool) exclusive(ctx context.Context, org tenant.OrgID, fn func() error) error {
	var drained chan struct{}
	e, err := p.enter(ctx, org, func(e *entry) {
		e.barred = make(chan struct{})
		if e.users > 0 {
			drained = make(chan struct{})
			e.drained = drained
		}
		p.unlist(e)
	})
	if err != nil {
		return err
	}
	if drained != nil {
		select {
		case <-drained:
		case <-ctx.Done():
			p.unbar(e)
			return overdue(ctx.Err())
		}
	}
	defer p.dismiss(e)
	if err := p.shut(e); err != nil {
		return translate(err)
	}
	return fn()
}

// unbar lets users in again where the wait for the present ones was given up.
func (p *pool) unbar(e *entry) {
	p.mu.Lock()
	close(e.barred)
	e.barred, e.drained = nil, nil
	evict := e.users == 0 && p.rest(e)
	p.mu.Unlock()
	if evict {
		p.evict(e)
	}
}

// close waits for the users of all files and closes them. Nobody comes in any more.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	var open []*entry
	for _, e := range p.entries {
		open = append(open, e)
	}
	p.mu.Unlock()
	var failed error
	for _, e := range open {
		failed = errors.Join(failed, p.closeEntry(e))
	}
	return failed
}

// closeEntry waits until nobody uses or moves one file, and closes it.
func (p *pool) closeEntry(e *entry) error {
	for {
		p.mu.Lock()
		if p.entries[e.org] != e { // gone meanwhile
			p.mu.Unlock()
			return nil
		}
		if wait := e.barred; wait != nil {
			p.mu.Unlock()
			<-wait
			continue
		}
		e.barred = make(chan struct{})
		p.unlist(e)
		var drained chan struct{}
		if e.users > 0 {
			drained = make(chan struct{})
			e.drained = drained
		}
		p.mu.Unlock()
		if drained != nil {
			<-drained
		}
		err := p.shut(e)
		p.dismiss(e)
		return err
	}
}

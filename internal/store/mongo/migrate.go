package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// step brings the databases from one layout to the next. Steps go forward only.
//
// It may be cut short between any two of its writes and is begun anew then, and a server that was taken for dead may still
// be at it while another runs it, or a later one. So each of its writes is narrowed to what has the old shape, and does
// nothing the second time.
type step struct {
	// name says what it does, for the log.
	name string
	// run does it, and tells now and then how far it is. Its context ends when another server has taken over.
	run func(ctx context.Context, db *DB, progress func(done, total int64)) error
}

// layoutSteps are the steps of this binary: the first one would bring layout 1 to 2. There is only layout 1 so far: no version was
// released yet, so no binary is about that does not know all of it, and what comes to it needs no step. From the first release on
// whatever an older release would misread does: a field that it would drop or not heed, a new kind of operation, a new state. A
// step that writes nothing is enough to keep that release out.
func layoutSteps() []step { return nil }

// pace says how a server that runs steps shows that it lives. No clock of one server is compared with another's.
type pace struct {
	// beat is how often the runner counts up, and how often a waiting server looks.
	beat time.Duration
	// lease is how long the runner goes on after the last count that arrived; another one takes over when it has seen the
	// counter stand still for a grace longer.
	lease, grace time.Duration
	// tell is how often a long step, or waiting for other servers, tells the log how far it is.
	tell time.Duration
	// wait is how long servers that live and cannot read the next layout are waited for.
	wait time.Duration
}

var defaultPace = pace{
	beat: 500 * time.Millisecond, lease: 5 * time.Second, grace: 2 * time.Second, tell: 10 * time.Second, wait: 2 * time.Minute,
}

// layoutDoc holds the layout's number, and which server is raising it.
type layoutDoc struct {
	ID     string     `bson:"_id"`
	Layout int        `bson:"layout"`
	Number int        `bson:"number"`
	Runner *runnerDoc `bson:"runner,omitempty"`
	// Next is the layout to which a runner is bringing the databases, or has left them on the way: who cannot read it keeps out.
	Next int `bson:"next,omitempty"`
}

// runnerDoc is one attempt of one server to run steps.
type runnerDoc struct {
	Token   string `bson:"token"`
	Counter int64  `bson:"counter"`
}

// migration brings the databases to the newest layout. One server at a time runs steps; the others wait for it.
type migration struct {
	*DB
	meta  *mongo.Collection
	token string
	// begun says that this runner, or one before it, may have written something that has the next layout's shape.
	begun  bool
	elders elders

	// seen is the runner that was there at the last look, unchanged since then.
	seen  runnerDoc
	since time.Time
}

// migrate returns when the databases are at the newest layout. It refuses those that are beyond what this binary reads.
func (db *DB) migrate(ctx context.Context) error {
	m := &migration{DB: db, meta: db.main.Collection(metaCollection), token: tenant.NewID()}
	looks := time.NewTicker(db.opts.pace.beat)
	defer looks.Stop()
	for {
		found, err := m.look(ctx)
		if err != nil || found.Number >= db.newest() {
			return err
		}
		if m.free(found) {
			err := m.attempt(ctx, found)
			if !errors.Is(err, errLost) && !errors.Is(err, errCrowded) && !tenant.IsCode(err, tenant.CodeUnknownOutcome) {
				return err
			}
		}
		select {
		case <-looks.C:
		case <-ctx.Done():
			return overdue(ctx.Err())
		}
	}
}

// look reads the layout, and refuses one that this binary does not know.
func (m *migration) look(ctx context.Context) (layoutDoc, error) { return m.DB.layout(ctx) }

// attempt runs the steps from what was found on, once no server is in their way. The lock is taken only then: a server of the
// older version that restarts meanwhile is let in.
func (m *migration) attempt(ctx context.Context, found layoutDoc) error {
	if err := m.makeWay(ctx, found.Number+1); err != nil {
		return err
	}
	if err := m.take(ctx, found); err != nil {
		return err
	}
	m.begun = found.Next > 0
	return m.hold(ctx, func(ctx context.Context) error { return m.raise(ctx, found.Number) })
}

// free reports whether nobody runs steps, or somebody whose counter has stood still for too long on our own clock.
func (m *migration) free(found layoutDoc) bool {
	switch runner := found.Runner; {
	case runner == nil || runner.Token == m.token:
		return true
	case *runner != m.seen:
		if runner.Token != m.seen.Token {
			m.opts.Log.Info("another server is bringing the database to a new layout; this one waits for it",
				"database", m.main.Name(), "layout", m.newest())
		}
		m.seen, m.since = *runner, time.Now()
		return false
	case time.Since(m.since) < m.opts.pace.lease+m.opts.pace.grace:
		return false
	default:
		m.opts.Log.Warn("the server that was bringing the database to a new layout stands still; this one takes over",
			"database", m.main.Name(), "layout", m.newest())
		return true
	}
}

// take makes this server the runner; errLost if another one is quicker.
func (m *migration) take(ctx context.Context, found layoutDoc) error {
	filter := bson.D{e("_id", theLayout), e("number", found.Number), e("runner", bson.M{"$exists": false})}
	if r := found.Runner; r != nil {
		filter = bson.D{e("_id", theLayout), e("number", found.Number), e("runner.token", r.Token), e("runner.counter", r.Counter)}
	}
	change := bson.M{"$set": bson.M{"runner": runnerDoc{Token: m.token}, "next": m.newest()}}
	return m.swap(ctx, filter, change, func(now layoutDoc) bool {
		return now.Runner != nil && now.Runner.Token == m.token
	})
}

// swap changes the layout's document if the filter finds it, else returns errLost. Reached reports whether the change is
// there, where its answer was lost.
func (m *migration) swap(ctx context.Context, filter bson.D, change bson.M, reached func(layoutDoc) bool) error {
	return m.catalog.write(ctx, func(ctx context.Context) error {
		result, err := m.meta.UpdateOne(ctx, filter, change)
		if err == nil && result.MatchedCount == 0 {
			return errLost
		}
		return err
	}, func(ctx context.Context) fate {
		if now, err := m.look(ctx); err == nil && reached(now) {
			return done
		}
		return unclear
	})
}

// mine finds the layout's document as long as this server is the runner.
func (m *migration) mine() bson.D { return bson.D{e("_id", theLayout), e("runner.token", m.token)} }

// hold counts up while fn runs, whose context ends when the counts do not arrive any more; errLost says so.
func (m *migration) hold(ctx context.Context, fn func(ctx context.Context) error) error {
	held, lose := context.WithCancelCause(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { lose(m.beats(held)) })
	err := fn(held)
	lost := errors.Is(context.Cause(held), errLost)
	lose(nil)
	beating.Wait()
	if lost {
		m.opts.Log.Warn("this server was taken for dead while it brought the database to a new layout; it begins anew",
			"database", m.main.Name())
		return errLost
	}
	m.release(context.WithoutCancel(ctx))
	return err
}

// beats counts up until ctx ends, or until no count has arrived for the lease, or another server is the runner: errLost.
func (m *migration) beats(ctx context.Context) error {
	ticker := time.NewTicker(m.opts.pace.beat)
	defer ticker.Stop()
	arrived := time.Now()
	for counter := int64(1); ; counter++ {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		sent := time.Now()
		err := m.beat(ctx, counter, arrived.Add(m.opts.pace.lease))
		switch {
		case err == nil:
			arrived = sent
		case errors.Is(err, errLost) || time.Since(arrived) >= m.opts.pace.lease:
			return errLost
		}
	}
}

// beat sends one count, until the deadline.
func (m *migration) beat(ctx context.Context, counter int64, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return m.swap(ctx, m.mine(), bson.M{"$set": bson.M{"runner.counter": counter}}, func(now layoutDoc) bool {
		return now.Runner != nil && now.Runner.Token == m.token && now.Runner.Counter == counter
	})
}

// release lets another server be the runner at once. Without it the others wait until this one counts as dead.
func (m *migration) release(ctx context.Context) {
	ends := bson.M{"runner": ""}
	if !m.begun {
		ends["next"] = ""
	}
	err := m.swap(ctx, m.mine(), bson.M{"$unset": ends}, func(now layoutDoc) bool {
		return now.Runner == nil || now.Runner.Token != m.token
	})
	if err != nil {
		m.opts.Log.Warn("the lock on the database's layout could not be given back; it ends by itself", "error", err)
	}
}

// raise runs the steps from a layout to the newest one, each of them if no server is in its way. A step that fails leaves its
// number.
func (m *migration) raise(ctx context.Context, from int) error {
	for n := from; n < m.newest(); n++ {
		if err := m.makeWay(ctx, n+1); err != nil {
			return err
		}
		one := m.opts.steps[n-firstLayout]
		m.begun = true
		m.opts.Log.Info("bringing the database to a new layout", "database", m.main.Name(), "layout", n+1, "step", one.name)
		if err := one.run(ctx, m.DB, m.teller(n+1)); err != nil {
			return tenant.Wrap(tenant.CodeUnavailable, err,
				fmt.Sprintf("bringing the database %s to layout %d (%s) failed; it stays at layout %d, and the next start tries again",
					m.main.Name(), n+1, one.name, n))
		}
		filter := append(m.mine(), e("number", n))
		err := m.swap(ctx, filter, bson.M{"$set": bson.M{"number": n + 1}}, func(now layoutDoc) bool { return now.Number > n })
		if err != nil {
			return err
		}
		m.begun = false
		m.opts.Log.Info("the database is at a new layout", "database", m.main.Name(), "layout", n+1)
	}
	return nil
}

// teller returns what a step tells how far it is, and passes to the log now and then.
func (m *migration) teller(layout int) func(done, total int64) {
	last := time.Now()
	return func(done, total int64) {
		if time.Since(last) < m.opts.pace.tell {
			return
		}
		last = time.Now()
		m.opts.Log.Info("the database is still on its way to a new layout", "database", m.main.Name(), "layout", layout,
			"done", done, "of", total)
	}
}

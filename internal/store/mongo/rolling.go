package mongo

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// A step of the layout waits until every server on the list can read what it makes. Steps and servers cannot miss each other: who
// runs steps first says so in the layout's document and looks at the list after that; who joins the list first enters itself and
// looks at the layout's document after that. So a server of an older version either is waited for, or refuses to start.

// span are the layouts that a binary reads and writes. It brings an older one to From when it starts.
type span struct {
	From int `bson:"from"`
	To   int `bson:"to"`
}

// newest is the number of the layout to which this binary brings the databases.
func (db *DB) newest() int { return firstLayout + len(db.opts.steps) }

// span returns the layouts of this binary.
func (db *DB) span() span { return span{db.newest(), db.newest() + db.opts.ahead} }

// reads reports whether a server can read a layout. One that does not say comes from before servers did.
func (d *instanceDoc) reads(layout int) bool {
	if d.Layouts == nil {
		return layout <= firstLayout
	}
	return layout <= d.Layouts.To
}

// check returns why this binary must not use the databases.
func (db *DB) check(found layoutDoc) error {
	switch reach := db.span().To; {
	case found.Number > reach:
		return tenant.Errorf(tenant.CodeUnavailable,
			"the database %s was written by a newer version of orgd (layout %d, this one knows %d); use that version",
			db.main.Name(), found.Number, reach)
	case found.Next > reach:
		return tenant.Errorf(tenant.CodeUnavailable,
			"a newer version of orgd is bringing the database %s to layout %d (this one knows %d); use that version",
			db.main.Name(), found.Next, reach)
	case found.Number < firstLayout:
		return tenant.Errorf(tenant.CodeUnavailable, "the database %s says that it is at layout %d, which no orgd has written",
			db.main.Name(), found.Number)
	default:
		return nil
	}
}

// outdated is why this process must not use the databases any more, once it knows.
type outdated struct {
	why  atomic.Pointer[error]
	told chan error // of one, who ends the process
}

func newOutdated() *outdated { return &outdated{told: make(chan error, 1)} }

// note keeps the first reason, for everybody who asks the databases from now on.
func (o *outdated) note(why error) {
	if o.why.CompareAndSwap(nil, &why) {
		o.told <- why
	}
}

// Outdated tells once why this process must not use the databases any more, when it finds out: every call of the store fails with
// the same reason from then on.
func (db *DB) Outdated() <-chan error { return db.catalog.outdated.told }

func (o *outdated) check() error {
	if o == nil {
		return nil
	}
	if why := o.why.Load(); why != nil {
		return *why
	}
	return nil
}

// errCrowded says that a server on the list cannot read the next layout yet.
var errCrowded = errors.New("a server cannot read the next layout")

// elders are the servers on the list that cannot read the next layout, as one that waits for them sees them.
type elders struct {
	seen        map[string]glimpse
	since, last time.Time // of the waiting, and of the last look; zero while nobody is waited for
	told        time.Time
}

// glimpse is a server's counter, and since when it has stood so on this process's own clock.
type glimpse struct {
	counter int64
	since   time.Time
}

// makeWay returns nil if every server on the list can read the layout, else errCrowded; and an error that names those that
// cannot once this process has waited for long. A server that was killed is declared dead like anywhere else: nobody else may be
// left to do so.
func (m *migration) makeWay(ctx context.Context, layout int) error {
	servers := m.DB.instances()
	all, err := servers.docs(ctx)
	if err != nil {
		return err
	}
	var old []instanceDoc
	for _, d := range all {
		if !d.Dead && !d.reads(layout) {
			old = append(old, d)
		}
	}
	if len(old) == 0 {
		m.elders = elders{}
		return nil
	}
	now, silence := time.Now(), m.opts.Lease+m.opts.pace.grace
	for _, d := range m.elders.look(old, now, silence) {
		if servers.DeclareDead(ctx, tenant.InstanceID(d.ID), d.Counter) == nil {
			m.opts.Log.Warn("a server was declared dead, since its heartbeats stood still", "server", d.ID)
		}
	}
	if now.Sub(m.elders.since) > m.opts.pace.wait+silence {
		return tenant.Errorf(tenant.CodeUnavailable,
			"the database %s has to be brought to layout %d, and these servers on it cannot read that: %s; stop or upgrade them, then start this version again",
			m.main.Name(), layout, describe(old))
	}
	if now.Sub(m.elders.told) >= m.opts.pace.tell {
		m.elders.told = now
		m.opts.Log.Info("the database waits for its new layout until servers that cannot read it are stopped or upgraded",
			"database", m.main.Name(), "layout", layout, "servers", describe(old), "waited", now.Sub(m.elders.since).Round(time.Second))
	}
	return errCrowded
}

// look notes the counters and returns those servers whose counter has stood still for so long while this process was looking.
func (e *elders) look(old []instanceDoc, now time.Time, silence time.Duration) (still []instanceDoc) {
	if e.since.IsZero() {
		e.since = now
	}
	blind := now.Sub(e.last) > silence/2 // it was stopped itself, and saw nobody move
	seen := make(map[string]glimpse, len(old))
	for _, d := range old {
		g, known := e.seen[d.ID]
		if !known || g.counter != d.Counter || blind {
			g = glimpse{d.Counter, now}
		}
		seen[d.ID] = g
		if now.Sub(g.since) >= silence {
			still = append(still, d)
		}
	}
	e.seen, e.last = seen, now
	return still
}

// describe names servers for people.
func describe(servers []instanceDoc) string {
	names := make([]string, len(servers))
	for i, d := range servers {
		names[i] = d.ID + " (orgd " + d.Version + ")"
	}
	return strings.Join(names, ", ")
}

package presence_test

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/presence"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

const lease = 5 * time.Second

// catalog is the part of a store that servers meet at, in memory, so that time can be the test's. It keeps the contract, as the
// conformance suite has it for the real ones.
type catalog struct {
	store.Orgs

	mu      sync.Mutex
	servers map[tenant.InstanceID]tenant.Instance
	orgs    map[tenant.OrgID]tenant.Organization
	lost    bool // nobody reaches it
	moved   bool // to another store
}

func newCatalog() *catalog {
	return &catalog{servers: map[tenant.InstanceID]tenant.Instance{}, orgs: map[tenant.OrgID]tenant.Organization{}}
}

// line is one server's connection to the catalog, which can be cut.
type line struct {
	*catalog

	cut bool
	// deaf loses the answer of the next registration.
	deaf bool
}

// connect mends or cuts the line.
func (l *line) connect(mended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = !mended
}

// lose cuts or mends everybody's line.
func (c *catalog) lose(lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = lost
}

// reach fails where the line is cut; the lock is held.
func (l *line) reach() error {
	if l.cut || l.lost {
		return tenant.Errorf(tenant.CodeUnavailable, "the line is cut")
	}
	return nil
}

func (l *line) Register(_ context.Context, i tenant.Instance) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(); err != nil {
		return err
	}
	if _, taken := l.servers[i.ID]; taken {
		return tenant.Errorf(tenant.CodeIDTaken, "on the list already")
	}
	l.servers[i.ID] = i
	if l.deaf {
		l.deaf = false
		return tenant.Errorf(tenant.CodeUnknownOutcome, "the answer was lost")
	}
	return nil
}

func (l *line) Beat(_ context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(); err != nil {
		return err
	}
	i, ok := l.servers[id]
	if !ok || i.Dead {
		return tenant.Errorf(tenant.CodeNotFound, "not on the list, or dead")
	}
	i.Heartbeat = beat
	l.servers[id] = i
	return nil
}

func (l *line) DeclareDead(_ context.Context, id tenant.InstanceID, counter int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(); err != nil {
		return err
	}
	i := l.servers[id]
	if i.Counter != counter {
		return tenant.Errorf(tenant.CodeConflict, "it lives")
	}
	i.Dead = true
	l.servers[id] = i
	return nil
}

// instances gives the line's List a name of its own, since organizations have one too.
type instances struct{ *line }

func (l instances) List(context.Context) ([]tenant.Instance, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(); err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(l.servers), func(a, b tenant.Instance) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func (l instances) Remove(_ context.Context, id tenant.InstanceID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.servers, id)
	return l.reach()
}

func (l *line) List(context.Context, store.OrgFilter, tenant.OrgID, int) (unsettled []tenant.Organization, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, org := range l.orgs {
		if !org.AtRest() {
			unsettled = append(unsettled, org)
		}
	}
	return unsettled, l.reach()
}

func (l *line) Get(_ context.Context, id tenant.OrgID) (tenant.Organization, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	org, ok := l.orgs[id]
	if !ok {
		return org, tenant.Errorf(tenant.CodeNotFound, "no such organization")
	}
	return org, l.reach()
}

// inUse asks whether the installation has moved.
func (l *line) inUse(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(); err != nil {
		return err
	}
	if l.moved {
		return tenant.Errorf(tenant.CodeConflict, "the installation has moved")
	}
	return nil
}

// move moves the installation to another store.
func (c *catalog) move() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = true
}

// put changes an organization.
func (c *catalog) put(org tenant.Organization) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orgs[org.ID] = org
}

func (c *catalog) server(id tenant.InstanceID) tenant.Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers[id]
}

// all are the servers on the list.
func (c *catalog) all() map[tenant.InstanceID]tenant.Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.servers)
}

// member is a server of the tests.
type member struct {
	*testing.T

	line      *line
	gates     *placement.Gates
	keeper    *presence.Keeper
	stop      context.CancelFunc
	done      chan struct{}
	abandoned atomic.Int64
	ousted    atomic.Int64
}

// join starts a server on the catalog.
func (c *catalog) join(t *testing.T) *member {
	t.Helper()
	m := &member{T: t, line: &line{catalog: c}, done: make(chan struct{})}
	servers := instances{m.line}
	id, err := presence.Register(t.Context(), servers, "1.0", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m.gates = placement.NewGates(placement.NewDirectory(m.line, time.Now), servers, id)
	m.keeper = presence.New(presence.Deps{
		Instances: servers, Orgs: m.line, Gates: m.gates, Version: "1.0", Lease: lease,
		Abandoned: func() { m.abandoned.Add(1) }, InUse: m.line.inUse, Ousted: func(error) { m.ousted.Add(1) },
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}, time.Now())
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	go func() {
		defer close(m.done)
		m.keeper.Run(ctx)
	}()
	return m
}

// end stops the server's heartbeats, as its death would.
func (m *member) end() {
	m.stop()
	<-m.done
}

// inBubble runs a story in which time is the test's.
func inBubble(t *testing.T, story func(t *testing.T, c *catalog)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(t, newCatalog()) })
}

// pass lets time pass, and what is due in it happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func anOrg() tenant.Organization {
	return tenant.Organization{ID: tenant.OrgID(tenant.NewID()), Name: "Acme", Slug: "acme", State: tenant.StateActive, Epoch: 1, Version: 1}
}

// begun is the organization with an operation of the server under way.
func begun(org tenant.Organization, server tenant.InstanceID) tenant.Organization {
	org.State, org.Epoch, org.Version = tenant.StateRenaming, org.Epoch+1, org.Version+1
	org.Op = &tenant.Operation{ID: "op", Server: server}
	return org
}

// ended is the organization at rest again, under another name.
func ended(org tenant.Organization) tenant.Organization {
	org.State, org.Op, org.Name, org.Version = tenant.StateActive, nil, "Beta", org.Version+1
	return org
}

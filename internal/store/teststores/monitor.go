package teststores

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/orgd/orgd/internal/tenant"
)

// monitor sees every command that a store sends, and finds those that touch a tenant's collection outside a call that names
// its owner. Whose a collection is it learns from the commands that make, move and drop collections, and from nothing that
// the store writes down. Safe for concurrent use.
type monitor struct {
	mu sync.Mutex
	// owners says whose the tenants' collections are, by database.collection.
	owners map[string]tenant.OrgID
	// doubtful are names that may be free by now: a command failed that was to free them, or to make them.
	doubtful map[string]bool
	// running are the uses of the commands under way, by request.
	running   map[int64]use
	databases map[string]bool
	found     []string
}

func newMonitor() *monitor {
	return &monitor{
		owners: map[string]tenant.OrgID{}, doubtful: map[string]bool{}, running: map[int64]use{}, databases: map[string]bool{},
	}
}

// commands returns what the driver tells.
func (m *monitor) commands() *event.CommandMonitor {
	return &event.CommandMonitor{
		Started: m.started,
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) {
			m.ended(e.RequestID, true)
		},
		Failed: func(_ context.Context, e *event.CommandFailedEvent) {
			m.ended(e.RequestID, false)
		},
	}
}

// started judges a command before it is sent.
func (m *monitor) started(ctx context.Context, e *event.CommandStartedEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.DatabaseName != "admin" {
		m.databases[e.DatabaseName] = true
	}
	u, known := usesOf(e.DatabaseName, e.CommandName, e.Command)
	if !known {
		m.report("the monitor does not know where the command %s names collections", e.CommandName)
	}
	org, isNamed := named(ctx)
	for _, name := range u.names {
		if ofTenant(name) {
			m.judge(e.CommandName, name, org, isNamed, name == u.makes)
		}
	}
	if !isNamed || !ofTenant(u.makes) || !m.take(u.makes, org) {
		u.makes = ""
	}
	m.running[e.RequestID] = u
}

// judge reports the use of a collection in a call that does not name its owner.
func (m *monitor) judge(command, name string, org tenant.OrgID, isNamed, makes bool) {
	owner, owned := m.owners[name]
	switch {
	case !isNamed:
		m.report("%s of %s outside a call on one tenant's data", command, name)
	case owned && owner != org && (!makes || !m.doubtful[name]):
		m.report("%s of %s, which is %s's, in a call that names %s", command, name, owner, org)
	}
}

// take gives a collection to the organization, unless somebody has it for sure.
func (m *monitor) take(name string, org tenant.OrgID) bool {
	if _, owned := m.owners[name]; owned && !m.doubtful[name] {
		return false
	}
	m.owners[name] = org
	delete(m.doubtful, name)
	return true
}

// ended notes what became of a command. A failure may be a refusal, or an answer that was lost.
func (m *monitor) ended(request int64, succeeded bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.running[request]
	delete(m.running, request)
	if succeeded {
		delete(m.owners, u.frees)
		delete(m.doubtful, u.frees)
		return
	}
	m.doubtful[u.makes], m.doubtful[u.frees] = true, true
}

func (m *monitor) report(format string, args ...any) {
	m.found = append(m.found, fmt.Sprintf(format, args...))
}

// violations returns what was found, and complains if there was nothing to see at all.
func (m *monitor) violations() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.databases) == 0 {
		return []string{"the monitor saw no command"}
	}
	return slices.Clone(m.found)
}

// touchedDatabases returns the databases of the commands.
func (m *monitor) touchedDatabases() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.databases))
}

package barriertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// collection is one of the model database: an identity, and documents with the organization that wrote each.
type collection struct {
	uuid int
	docs map[tenant.DocumentID]tenant.OrgID
}

// engine is the model of a database server. A command takes effect in one moment, under the lock; [line] brings it there.
type engine struct {
	began time.Time
	over  chan struct{} // closed when the story ends

	mu        sync.Mutex
	orgs      map[tenant.OrgID]tenant.Organization
	writers   map[tenant.OrgID]string // the write id of each organization's last change
	servers   map[tenant.InstanceID]tenant.Instance
	colls     map[string]*collection
	homes     map[tenant.OrgID]int // the identity of each organization's collection
	uuids     int
	answered  map[tenant.DocumentID]tenant.OrgID // documents whose write was answered with success
	strangers map[tenant.OrgID]bool
	story     []string
	broken    string // what is wrong, and then nothing happens any more
	bolt      bolt
}

func newEngine() *engine {
	return &engine{
		began: time.Now(), over: make(chan struct{}),
		orgs: map[tenant.OrgID]tenant.Organization{}, writers: map[tenant.OrgID]string{},
		servers: map[tenant.InstanceID]tenant.Instance{}, colls: map[string]*collection{}, homes: map[tenant.OrgID]int{},
		answered: map[tenant.DocumentID]tenant.OrgID{}, strangers: map[tenant.OrgID]bool{},
	}
}

// do lets a command take effect, tells it if it is worth a line, and judges.
func (e *engine) do(tell string, effect func() error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken != "" {
		return errOver
	}
	err := effect()
	if tell != "" {
		e.tell("%s%s", tell, outcome(err))
		if e.broken == "" {
			e.broken = e.judge()
		}
		if e.broken != "" {
			e.tell("%s", e.broken)
		}
	}
	return err
}

func outcome(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// note tells something that is no command.
func (e *engine) note(format string, a ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken == "" {
		e.tell(format, a...)
	}
}

func (e *engine) tell(format string, a ...any) {
	e.story = append(e.story, fmt.Sprintf("%9.3fs  ", time.Since(e.began).Seconds())+fmt.Sprintf(format, a...))
}

// verdict returns what is wrong, and the story.
func (e *engine) verdict() (broken string, story []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.broken, slices.Clone(e.story)
}

// wait passes time, and reports whether the story goes on.
func (e *engine) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		select {
		case <-e.over:
			return false
		default:
			return true
		}
	case <-e.over:
		return false
	}
}

// end stops everything that is under way.
func (e *engine) end() {
	close(e.over)
	synctest.Wait()
}

// judge says what is wrong with the state; the lock is held.
func (e *engine) judge() string {
	for _, id := range slices.Sorted(maps.Keys(e.orgs)) {
		org := e.orgs[id]
		at := e.colls[org.Placement.Namespace]
		switch {
		case e.homes[id] == 0: // not made yet
		case org.AtRest() && org.State == tenant.StateActive && (at == nil || at.uuid != e.homes[id]):
			return fmt.Sprintf("the collection of %s is not at %s, where the catalog says", org.Name, org.Placement.Namespace)
		case e.strangers[id]:
			for doc, by := range at.docs {
				if by != id {
					return fmt.Sprintf("document %s lies in the collection of a stranger, %s", doc, org.Placement.Namespace)
				}
			}
		}
	}
	for doc, id := range e.answered {
		if org, ok := e.orgs[id]; ok && (org.State == tenant.StateActive || org.State == tenant.StateRenaming) && !e.holds(&org, doc) {
			return fmt.Sprintf("document %s of %s was written and is lost", doc, org.Name)
		}
	}
	return ""
}

// holds reports whether a document lies under one of the names that its organization claims, or is being carried.
func (e *engine) holds(org *tenant.Organization, doc tenant.DocumentID) bool {
	for name, c := range e.colls {
		_, there := c.docs[doc]
		claimed := slices.Contains(org.Claims, tenant.PlaceClaim(name))
		carried := !org.AtRest() && strings.HasPrefix(name, grave(org.ID, ""))
		if there && (claimed || carried) {
			return true
		}
	}
	return false
}

// grave is the name in the trash.
func grave(org tenant.OrgID, op tenant.OperationID) string {
	return "trash_" + string(org) + "_" + string(op)
}

// create makes a collection; the lock is held.
func (e *engine) create(name string) *collection {
	if e.colls[name] == nil {
		e.uuids++
		e.colls[name] = &collection{uuid: e.uuids, docs: map[tenant.DocumentID]tenant.OrgID{}}
	}
	return e.colls[name]
}

// rename is renameCollection without dropTarget: it moves what stands there, whosever it is.
func (e *engine) rename(from, to string) error {
	switch {
	case e.colls[from] == nil:
		return errNoNamespace
	case e.colls[to] != nil:
		return errNamespaceExists
	}
	e.colls[to] = e.colls[from]
	delete(e.colls, from)
	return nil
}

// identity returns which collection stands at a name; 0 is none.
func (e *engine) identity(name string) int {
	if c := e.colls[name]; c != nil {
		return c.uuid
	}
	return 0
}

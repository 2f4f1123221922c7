package orgs_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
)

// sleeper is a server that falls asleep between its last check and the sending of a command: the first one of a name.
type sleeper struct {
	command string
	once    sync.Once
	asleep  chan struct{}
	wake    chan struct{}
}

func (s *sleeper) hear(command string) {
	if command != s.command {
		return
	}
	s.once.Do(func() {
		close(s.asleep)
		<-s.wake
	})
}

// shift is a story of two servers on one database: old falls asleep in the middle of an operation, and next goes on.
type shift struct {
	*sleeper

	old, next *server
}

// newShift starts both. The old one's lease is long, so that nothing but its death takes its operation away, and nothing but the
// store stops it once it is awake.
func newShift(t *testing.T, command string) *shift {
	t.Helper()
	s := &shift{sleeper: &sleeper{command: command, asleep: make(chan struct{}), wake: make(chan struct{})}}
	stores := teststores.Shared(t, s.hear, nil)
	shares := func(deps *orgs.Deps) { deps.Limits.Quarantine, deps.Limits.Lease = time.Hour, time.Minute }
	s.old = start(t, stores[0], shares)
	s.next = start(t, stores[1], shares)
	return s
}

// fallAsleep begins an act that ends when the server is awake again, declares the server dead and has the other one finish what
// it began.
func (s *shift) fallAsleep(t *testing.T, act func(context.Context) error) (ended <-chan error) {
	t.Helper()
	done := make(chan error, 1)
	// The other server stays off the list while this one drains, since nobody beats for it.
	if err := s.next.store.Instances.Remove(t.Context(), s.next.id); err != nil {
		t.Fatal(err)
	}
	go func() { done <- act(context.WithoutCancel(t.Context())) }()
	select {
	case <-s.asleep:
	case err := <-done:
		t.Fatalf("the act ended before %s: %v", s.command, err)
	}
	if err := s.next.store.Instances.DeclareDead(t.Context(), s.old.id, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.next.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return done
}

// strangers take those of the names that are free, and write a document each.
func (s *shift) strangers(t *testing.T, names ...string) (all []tenant.Organization) {
	t.Helper()
	for i, name := range names {
		if _, err := s.next.orgs.Lookup(t.Context(), access.Caller{}, name); !tenant.IsCode(err, tenant.CodeNotFound) {
			continue
		}
		org := s.next.create(name, fmt.Sprintf("stranger%d@example.com", i))
		s.next.write(org, `{"of":"the stranger"}`)
		all = append(all, org)
	}
	return all
}

// rename changes the organization's name on the server that is awake.
func (s *shift) rename(t *testing.T, org tenant.Organization, name string) {
	t.Helper()
	if _, err := s.next.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: &name}); err != nil {
		t.Fatalf("rename to %s: %v", name, err)
	}
}

// standing is where all data lies, and how much of it.
type standing map[tenant.OrgID]struct {
	state     tenant.State
	namespace string
	version   int64
	documents int64
}

func (s *shift) standing(t *testing.T, all []tenant.Organization) standing {
	t.Helper()
	now := standing{}
	for _, one := range all {
		org, err := s.next.store.Orgs.Get(t.Context(), one.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := now[org.ID]
		at.state, at.namespace, at.version = org.State, org.Placement.Namespace, org.Version
		if org.State == tenant.StateActive {
			usage, err := s.next.store.Documents.Usage(t.Context(), org.Place())
			if err != nil {
				t.Errorf("the data of %s cannot be found: %v", org.Name, err)
			}
			at.documents = usage.Documents
		}
		now[org.ID] = at
	}
	return now
}

// staleStories are what the old server is at when it falls asleep, and what becomes of the organization since.
var staleStories = map[string]struct {
	deletes bool // else it renames from Acme to Beta
	since   func(t *testing.T, s *shift, org tenant.Organization)
}{
	"renamed again": {false, func(t *testing.T, s *shift, org tenant.Organization) { s.rename(t, org, "Gamma") }},
	"renamed back":  {false, func(t *testing.T, s *shift, org tenant.Organization) { s.rename(t, org, "Acme") }},
	"renamed away and back": {false, func(t *testing.T, s *shift, org tenant.Organization) {
		s.rename(t, org, "Gamma")
		s.rename(t, org, "Acme")
	}},
	"deleted": {false, func(t *testing.T, s *shift, org tenant.Organization) {
		wantCode(t, s.next.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	}},
	"deletion, and created again": {true, func(*testing.T, *shift, tenant.Organization) {}},
	"deletion, and restored": {true, func(t *testing.T, s *shift, org tenant.Organization) {
		_, err := s.next.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
		wantCode(t, err, "", "restore")
	}},
}

// TestStaleOwner has a server fall asleep between its last check and the renaming of a collection. Another finishes its operation,
// the organization goes on, and strangers take the names that it has left. Then the server wakes, and sends the command: nothing
// of anybody's moves or is lost.
func TestStaleOwner(t *testing.T) {
	t.Parallel()
	for name, story := range staleStories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShift(t, "renameCollection")
			org := s.old.create("Acme", ada)
			s.old.write(org, `{"n":1}`)
			woken := s.fallAsleep(t, func(ctx context.Context) error {
				if story.deletes {
					return s.old.orgs.Delete(ctx, owner(org), org.ID, 0)
				}
				_, err := s.old.orgs.Update(ctx, owner(org), org.ID, orgs.Change{Name: new("Beta")})
				return err
			})
			story.since(t, s, org)
			all := append([]tenant.Organization{org}, s.strangers(t, "Acme", "Beta")...)
			before := s.standing(t, all)
			close(s.wake)
			if err := <-woken; err == nil {
				t.Error("who was taken over says that it ended the operation")
			}
			if after := s.standing(t, all); !maps.Equal(before, after) {
				t.Errorf("after the old server woke it is %+v, and was %+v", after, before)
			}
			for _, org := range all[1:] {
				if docs, _, err := s.next.docs.List(t.Context(), owner(org), org.ID, "", 10); err != nil || len(docs) != 1 {
					t.Errorf("%s has %d documents (%v)", org.Name, len(docs), err)
				}
			}
		})
	}
}

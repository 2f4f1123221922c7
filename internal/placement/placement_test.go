package placement_test

import (
	"context"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
)

const self tenant.InstanceID = "self"

func TestMain(m *testing.M) { os.Exit(teststores.Each(m).Run()) }

func open(t *testing.T) store.Store {
	t.Helper()
	return teststores.Open(t, teststores.Options{Now: time.Now})
}

func insert(t *testing.T, s store.Store, name tenant.Name) tenant.Organization {
	t.Helper()
	slug, err := name.Slug("name")
	if err != nil {
		t.Fatal(err)
	}
	org := tenant.Organization{
		ID: tenant.OrgID(tenant.NewID()), Name: name, Slug: slug, State: tenant.StateActive, Epoch: 1, Version: 1,
		Placement: tenant.Placement{Namespace: tenant.NamespaceOf(slug)},
		CreatedAt: tenant.Millis(time.Now()), UpdatedAt: tenant.Millis(time.Now()),
	}
	org.Claims = tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
	if err := s.Orgs.Insert(t.Context(), org, tenant.Upkeep{Reason: "test"}); err != nil {
		t.Fatalf("insert: %v", err)
	}
	return org
}

// rename changes the organization in the store alone, as another server would.
func rename(t *testing.T, s store.Store, id tenant.OrgID, name tenant.Name) tenant.Organization {
	t.Helper()
	org, err := s.Orgs.Update(t.Context(), id, tenant.Upkeep{Reason: "test"}, func(o *tenant.Organization) error {
		o.Name, o.Epoch = name, o.Epoch+1
		o.Claims = tenant.IdentityClaims(name, o.Slug, o.Placement)
		return nil
	})
	if err != nil {
		t.Fatalf("rename: %v", err)
	}
	return org
}

// drain drains, clean or not.
func drain(ctx context.Context, gates *placement.Gates, org tenant.Organization) error {
	_, err := gates.Drain(ctx, org)
	return err
}

// holder is a store whose next read of an organization keeps its answer back.
type holder struct {
	store   store.Store
	armed   atomic.Bool
	read    chan struct{}
	release chan struct{}
	reads   atomic.Int64
}

func holdAnswers(inner store.Store) *holder {
	h := &holder{read: make(chan struct{}), release: make(chan struct{})}
	h.store = storetest.Intercept(inner, func(_ context.Context, method string, call func() error) error {
		err := call()
		if method == "Orgs.Get" || method == "Orgs.Find" {
			h.reads.Add(1)
			if h.armed.CompareAndSwap(true, false) {
				close(h.read)
				<-h.release
			}
		}
		return err
	})
	return h
}

func TestDirectoryServesFactsForOneSecond(t *testing.T) {
	h := holdAnswers(open(t))
	org := insert(t, h.store, "Acme")
	now := time.Now()
	dir := placement.NewDirectory(h.store.Orgs, func() time.Time { return now })
	look := func() tenant.Name {
		t.Helper()
		got, err := dir.ByID(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got.Name
	}
	if first, second := look(), look(); first != "Acme" || second != "Acme" || h.reads.Load() != 1 {
		t.Fatalf("%d reads for two looks, want 1", h.reads.Load())
	}
	rename(t, h.store, org.ID, "ACME")
	if now = now.Add(placement.FactTTL - time.Millisecond); look() != "Acme" {
		t.Error("the fact went before its time")
	}
	if now = now.Add(time.Millisecond); look() != "ACME" {
		t.Error("the fact outlived its time")
	}
}

// An organization that another server has brought back from the trash is there for the next who asks, though this one knew
// that it was gone, and is just being told so again.
func TestReturnFromTheTrashIsSeenAtOnce(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	become := func(state tenant.State) {
		t.Helper()
		_, err := s.Orgs.Update(t.Context(), org.ID, tenant.Upkeep{Reason: "test"}, func(o *tenant.Organization) error {
			o.State = state
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	become(tenant.StateTrashed)
	h := holdAnswers(s)
	dir := placement.NewDirectory(h.store.Orgs, time.Now)
	state := func() tenant.State {
		got, err := dir.ByID(t.Context(), org.ID)
		if err != nil {
			t.Error(err)
			return ""
		}
		return got.State
	}
	if got := state(); got != tenant.StateTrashed {
		t.Fatalf("it is %s, want trashed", got)
	}
	h.armed.Store(true)
	earlier := make(chan tenant.State)
	go func() { earlier <- state() }()
	select {
	case <-h.read:
	case got := <-earlier:
		t.Fatalf("it is still known to be %s, and was not read", got)
	}
	become(tenant.StateActive)
	later := make(chan tenant.State)
	go func() { later <- state() }()
	close(h.release)
	for range 2 {
		select {
		case <-earlier:
		case got := <-later:
			if got != tenant.StateActive {
				t.Errorf("who asks after the return is told %s", got)
			}
		}
	}
}

// Rule gate-epoch: a read that began before the drain and returns after it leaves nothing in the directory.
func TestNoFactFromBeforeTheDrain(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	h := holdAnswers(s)
	h.armed.Store(true)
	now := time.Now()
	dir := placement.NewDirectory(h.store.Orgs, func() time.Time { return now })
	gates := placement.NewGates(dir, h.store.Instances, self)

	late := make(chan error, 1)
	go func() {
		_, err := dir.ByID(context.Background(), org.ID)
		late <- err
	}()
	<-h.read
	begun := rename(t, s, org.ID, "Beta")
	if _, err := gates.Drain(t.Context(), begun); err != nil {
		t.Fatal(err)
	}
	close(h.release)
	if err := <-late; err != nil {
		t.Fatal(err)
	}
	if got, err := dir.ByID(t.Context(), org.ID); err != nil || got.Name != "Beta" {
		t.Errorf("after the drain the directory says %v (%v)", got, err)
	}
}

// What a drain drops is dropped for those as well who come by the name or the slug, and not only by the id.
func TestDrainReachesNamesAndSlugs(t *testing.T) {
	s := open(t)
	org := insert(t, s, "Acme")
	now := time.Now()
	dir := placement.NewDirectory(s.Orgs, func() time.Time { return now })
	gates := placement.NewGates(dir, s.Instances, self)
	ways := map[string]func() (*tenant.Organization, error){
		"name": func() (*tenant.Organization, error) { return dir.ByName(t.Context(), "acme") },
		"slug": func() (*tenant.Organization, error) { return dir.BySlug(t.Context(), "acme") },
	}
	for way, find := range ways {
		if got, err := find(); err != nil || got.ID != org.ID {
			t.Fatalf("by %s before the drain: %v (%v)", way, got, err)
		}
	}
	if _, err := gates.Drain(t.Context(), rename(t, s, org.ID, "Beta")); err != nil {
		t.Fatal(err)
	}
	for way, find := range ways {
		if got, err := find(); err == nil && got.Name == "Acme" {
			t.Errorf("by %s after the drain: still %v", way, got.Name)
		}
	}
}

// A reader who comes after a write has been answered never joins a read that began before it.
func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	s := open(t)
	h := holdAnswers(s)
	h.armed.Store(true)
	dir := placement.NewDirectory(h.store.Orgs, time.Now)
	early := make(chan error, 1)
	go func() {
		_, err := dir.ByName(context.Background(), "acme")
		early <- err
	}()
	<-h.read
	dir.Learn(insert(t, s, "Acme"))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := dir.ByName(ctx, "acme"); err != nil {
		t.Errorf("who comes after the creation: %v", err)
	}
	close(h.release)
	if err := <-early; !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("who came before the creation: %v", err)
	}
}

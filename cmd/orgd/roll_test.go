package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/tenant"
)

// shared returns a process on a store that others have open as well, for which a data folder stands in.
func shared(t *testing.T) *app {
	t.Helper()
	a := &app{log: slog.New(slog.DiscardHandler), now: time.Now}
	var err error
	a.opened, err = dataFolder(filepath.Join(t.TempDir(), "data")).open(t.Context(), serving, a.log, a.now)
	if err != nil {
		t.Fatal(err)
	}
	a.shared = true
	a.closers = append(a.closers, a.opened.close)
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// onList are the ids of the servers on the list.
func (a *app) onList(t *testing.T) (ids []tenant.InstanceID) {
	t.Helper()
	list, err := a.store.Instances.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}

// TestCommandBesideServersStaysOffTheList wants nothing on the list that a rename would wait for.
func TestCommandBesideServersStaysOffTheList(t *testing.T) {
	t.Parallel()
	a := shared(t)
	if err := a.enroll(t.Context(), commanding); err != nil || a.self != "" {
		t.Errorf("it is %q, %v", a.self, err)
	}
	if ids := a.onList(t); len(ids) != 0 {
		t.Errorf("the list has %v", ids)
	}
	a.shared = false // it has the store for itself
	if err := a.enroll(t.Context(), commanding); err != nil || a.self == "" || len(a.onList(t)) != 1 {
		t.Errorf("alone it is %q on the list %v, %v", a.self, a.onList(t), err)
	}
}

// A server that lost touch with the others is not ready, and its store may be well.
func TestFencedServerIsNotReady(t *testing.T) {
	t.Parallel()
	a := shared(t)
	if err := a.enroll(t.Context(), serving); err != nil {
		t.Fatal(err)
	}
	gates := placement.NewGates(placement.NewDirectory(a.store.Orgs, a.now), a.store.Instances, a.self)
	health := presentHealth{a.store.Health, gates}
	for _, c := range []struct {
		until time.Time
		code  tenant.Code
	}{{time.Now().Add(time.Hour), ""}, {time.Now().Add(-time.Second), tenant.CodeUnavailable}} {
		gates.Renew(c.until)
		if err := health.Ping(t.Context()); tenant.CodeOf(err) != c.code && (err != nil || c.code != "") {
			t.Errorf("with a lease until %v it says %v", c.until, err)
		}
	}
}

// TestServerThatIsOutdatedSaysSoAndStops finds out while it serves, as one does that was taken for dead while a newer version
// changed the database.
func TestServerThatIsOutdatedSaysSoAndStops(t *testing.T) {
	t.Parallel()
	s := launch(t)
	s.outdated <- errors.New("the database was written by a newer version")
	s.wantExit(exitFailed)
	if !strings.Contains(s.log.String(), "orgd: the database was written by a newer version\n") {
		t.Errorf("it does not say why:\n%s", s.log)
	}
}

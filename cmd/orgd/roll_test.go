package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

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

// TestServerTakesTheDeadOnesPlace finds a server on the list that was killed.
func TestServerTakesTheDeadOnesPlace(t *testing.T) {
	t.Parallel()
	a := shared(t)
	if err := a.store.Instances.Register(t.Context(), tenant.Instance{ID: "dead", StartedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.enroll(t.Context(), serving), a.replaceOthers(t.Context())); err != nil {
		t.Fatal(err)
	}
	if ids := a.onList(t); len(ids) != 1 || ids[0] != a.self {
		t.Errorf("the list has %v, want %s alone", ids, a.self)
	}
}

func TestReplacedServerEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := shared(t)
		if err := a.enroll(t.Context(), serving); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := a.watchRoll(ctx); err != nil {
			t.Errorf("while it is on the list it ends with %v", err)
		}
		began := time.Now()
		if err := a.store.Instances.Remove(t.Context(), a.self); err != nil {
			t.Fatal(err)
		}
		if err := a.watchRoll(t.Context()); !errors.Is(err, errReplaced) || time.Since(began) > rollPeriod {
			t.Errorf("off the list it ends with %v after %s", err, time.Since(began))
		}
	})
}

package teststores

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/sqlite"
)

// Options are what a test may want to set of its store, whatever it is.
type Options struct {
	// Now is the clock of a store that is part of this process; nil is time.Now. One with a server keeps the machine's time
	// whatever a test does with its clock, since the server removes by that time what the store lets it forget.
	Now func() time.Time
	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
}

// Store is one line of the table.
type Store struct {
	// Name is what ORGD_TEST_STORE calls it.
	Name string
	// Open opens a fresh store, which is closed and removed at the test's end.
	Open func(tb testing.TB, o Options) store.Store
	// reach fails if the store cannot be had on this machine, and says what to do.
	reach func(ctx context.Context) error
}

// The stores.
var (
	// SQLite lies in a temporary folder.
	SQLite = Store{Name: "sqlite", Open: openSQLite, reach: func(context.Context) error { return nil }}
	// MongoDB lies in databases of its own on the engine for tests; see scripts/mongo-engine.
	MongoDB = Store{Name: "mongodb", Open: openMongoDB, reach: reachEngine}
)

// All returns the table.
func All() []Store { return []Store{SQLite, MongoDB} }

func openSQLite(tb testing.TB, o Options) store.Store {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), sqlite.Options{Dir: filepath.Join(tb.TempDir(), "data"), Log: o.Log, Now: o.Now})
	if err != nil {
		tb.Fatalf("open a SQLite store: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the SQLite store: %v", err)
		}
	})
	return db.Store()
}

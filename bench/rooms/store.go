package rooms

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/event"
	driver "modernc.org/sqlite"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/mongo"
	"github.com/orgd/orgd/internal/store/sqlite"
)

// Store is a store that counts its steps: durable commits on SQLite, round trips on MongoDB.
type Store struct {
	store.Store
	steps func() int64
	// Close ends it; what it holds stays.
	Close func() error
}

// OpenSQLite opens a fresh embedded store under dir. The driver counts commits for the whole process, so this is for a
// process that does nothing else.
func OpenSQLite(ctx context.Context, dir string) (*Store, error) {
	commits := countCommits()
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		return nil, err
	}
	return &Store{db.Store(), commits.Load, db.Close}, nil
}

// countCommits counts the durable SQLite commits of this process from now on.
func countCommits() *atomic.Int64 {
	commits := new(atomic.Int64)
	driver.RegisterConnectionHook(func(conn driver.ExecQuerierContext, name string) error {
		if name == ":memory:" {
			return nil // where the store makes the bytes of new tenants' files
		}
		hooks, ok := conn.(driver.HookRegisterer)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", conn)
		}
		hooks.RegisterCommitHook(func() int32 {
			commits.Add(1)
			return 0
		})
		return nil
	})
	return commits
}

// OpenMongo opens a store in a database of the server. The round trips that it counts include those that move audit
// entries to the log in the background.
func OpenMongo(ctx context.Context, uri, database string) (*Store, error) {
	trips := new(atomic.Int64)
	db, err := mongo.Open(ctx, mongo.Options{
		URI: uri, Database: database,
		Monitor: &event.CommandMonitor{Started: func(context.Context, *event.CommandStartedEvent) { trips.Add(1) }},
	})
	if err != nil {
		return nil, err
	}
	return &Store{db.Store(), trips.Load, func() error { return db.Close(context.WithoutCancel(ctx)) }}, nil
}

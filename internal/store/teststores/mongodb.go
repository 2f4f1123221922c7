package teststores

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/mongo"
	"github.com/orgd/orgd/internal/tenant"
)

// The engine for tests is slow, and shares its processors with the tests: what a server would not wait for, they do.
const (
	callTime     = 30 * time.Second
	documentTime = 10 * time.Second
)

// openMongoDB opens a store on the engine, under the eyes of a monitor.
func openMongoDB(tb testing.TB, o Options) store.Store {
	tb.Helper()
	m := newMonitor()
	s := openWatched(tb, m, o, func(s store.Store) store.Store { return s })
	tb.Cleanup(func() { m.tell(tb) })
	return s
}

func (m *monitor) tell(tb testing.TB) {
	tb.Helper()
	for _, violation := range m.violations() {
		tb.Error(violation)
	}
}

// openWatched opens a store whose every command the monitor sees. What between makes of the store lies under the wrapper that
// names the tenants, where a mistake of the store would lie.
func openWatched(tb testing.TB, m *monitor, o Options, between func(store.Store) store.Store) store.Store {
	tb.Helper()
	return openAs(tb, newDatabase(), m, m.commands(), o, between)
}

// newDatabase is a name that no other test has.
func newDatabase() string {
	id := strings.ReplaceAll(tenant.NewID(), "-", "")
	return "orgd_t_" + id[len(id)-12:]
}

// openAs opens a store on a database, which is dropped at the test's end.
func openAs(tb testing.TB, database string, m *monitor, commands *event.CommandMonitor, o Options,
	between func(store.Store) store.Store,
) store.Store {
	tb.Helper()
	uri, err := engineURI()
	if err != nil {
		tb.Fatal(err)
	}
	db, err := mongo.Open(tb.Context(), mongo.Options{
		URI: uri, Database: database, Log: o.Log, CallTime: callTime, DocumentTime: documentTime, Monitor: commands,
	})
	if err != nil {
		tb.Fatalf("open a MongoDB store: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), callTime)
		defer cancel()
		if err := errors.Join(db.Close(ctx), drop(ctx, uri, m.touchedDatabases())); err != nil {
			tb.Errorf("close the MongoDB store and drop its databases: %v", err)
		}
	})
	return naming(between(db.Store()))
}

// drop removes databases.
func drop(ctx context.Context, uri string, names []string) error {
	client, err := connect(uri)
	if err != nil {
		return err
	}
	for _, name := range names {
		err = errors.Join(err, client.Database(name).Drop(ctx))
	}
	return errors.Join(err, client.Disconnect(ctx))
}

func connect(uri string) (*driver.Client, error) {
	return driver.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
}

// engineURI returns the URI of the engine for tests: the one in the environment, or the repository's own.
var engineURI = sync.OnceValues(func() (string, error) {
	if uri := givenURI(); uri != "" {
		return uri, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	script, err := find(filepath.Join("scripts", "mongo-engine"))
	if err != nil {
		return "", noEngine(err)
	}
	out, err := exec.CommandContext(ctx, script, "uri").Output()
	if err != nil {
		return "", noEngine(err)
	}
	return strings.TrimSpace(string(out)), nil
})

func givenURI() string { return os.Getenv("ORGD_TEST_MONGO_URI") } //nolint:forbidigo // of tests

// find returns the path of a file of the repository. Tests run in the folder of their package.
func find(name string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("%s is in no folder above", name)
		}
		folder = filepath.Dir(folder)
	}
}

// reachEngine asks the engine for a sign of life.
func reachEngine(ctx context.Context) error {
	uri, err := engineURI()
	if err != nil {
		return err
	}
	client, err := connect(uri)
	if err != nil {
		return noEngine(err)
	}
	if err := errors.Join(client.Ping(ctx, nil), client.Disconnect(ctx)); err != nil {
		return noEngine(err)
	}
	return nil
}

// noEngine is the one line about an engine that is not there.
func noEngine(err error) error {
	return fmt.Errorf("no MongoDB for the tests: run scripts/mongo-engine up, or set ORGD_TEST_MONGO_URI to a server's URI, "+
		"or run the tests by make test (%w)", err)
}

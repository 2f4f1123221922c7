package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/tenant"
)

// TestMain fails with one line where there is no engine: these tests are never skipped.
func TestMain(m *testing.M) {
	if err := reach(); err != nil {
		fmt.Fprintf(os.Stderr, "no MongoDB for the tests: run scripts/mongo-engine up, or set ORGD_TEST_MONGO_URI to a server's URI (%v)\n", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, leftByProxies()...)
}

// engineURI returns the URI of the engine that the tests use: the one in the environment, or the repository's own.
var engineURI = sync.OnceValues(func() (string, error) {
	if uri := os.Getenv("ORGD_TEST_MONGO_URI"); uri != "" {
		return uri, nil
	}
	out, err := exec.Command(filepath.Join("..", "..", "..", "scripts", "mongo-engine"), "uri").Output()
	return strings.TrimSpace(string(out)), err
})

// reach asks the engine for a sign of life.
func reach() error {
	uri, err := engineURI()
	if err != nil {
		return err
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(5 * time.Second))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(client.Ping(ctx, nil), client.Disconnect(ctx))
}

// engine returns the engine's URI.
func engine(tb testing.TB) string {
	tb.Helper()
	uri, err := engineURI()
	if err != nil {
		tb.Fatal(err)
	}
	return uri
}

// openTest opens a store for one test, in databases of its own that go with it.
func openTest(tb testing.TB, o Options) *DB {
	tb.Helper()
	if o.URI == "" {
		o.URI = engine(tb)
	}
	if o.Database == "" {
		id := strings.ReplaceAll(tenant.NewID(), "-", "")
		o.Database = "orgd_t_" + id[len(id)-12:]
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	db, err := Open(ctx, o)
	if err != nil {
		tb.Fatalf("open %s: %v", o.Database, err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		for _, database := range []interface{ Drop(context.Context) error }{db.main, db.private} {
			if err := database.Drop(ctx); err != nil {
				tb.Errorf("drop the test's database: %v", err)
			}
		}
		if err := db.Close(ctx); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return db
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was logged so far.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

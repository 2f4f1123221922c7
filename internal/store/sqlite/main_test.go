package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/tenant"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(os.Stdout, dir))
	}
	goleak.VerifyTestMain(m)
}

// childEnv makes the test program open a folder and tell what comes of it, in place of running tests.
const childEnv = "ORGD_TEST_OPEN_FOLDER"

func child(out io.Writer, dir string) int {
	db, err := Open(context.Background(), Options{Dir: dir})
	answer := fmt.Sprintln("refused:", err)
	if err == nil {
		answer = fmt.Sprintln("opened;", db.Close())
	}
	if _, err := io.WriteString(out, answer); err != nil {
		return 1
	}
	return 0
}

// openTest opens a store for one test, in a new folder unless the options name one.
func openTest(t *testing.T, o Options) *DB {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "data")
	}
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open %s: %v", o.Dir, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close %s: %v", o.Dir, err)
		}
	})
	return db
}

// settle makes the home of a new organization with documents of those ids.
func settle(t *testing.T, db *DB, ids ...tenant.DocumentID) tenant.Place {
	t.Helper()
	place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
	if err := db.places.Create(t.Context(), place); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		insert(t, db, place, id)
	}
	return place
}

// insert adds a document that names its organization.
func insert(t *testing.T, db *DB, place tenant.Place, id tenant.DocumentID) {
	t.Helper()
	doc := tenant.Document{ID: id, Data: tenant.Data(`{"of":"` + string(place.Org) + `"}`), WriteID: tenant.NewID()}
	if _, err := db.Store().Documents.Insert(t.Context(), place.In(""), doc, 0); err != nil {
		t.Fatal(err)
	}
}

// holds complains unless the place has exactly the documents, all its own.
func holds(t *testing.T, db *DB, place tenant.Place, ids ...tenant.DocumentID) {
	t.Helper()
	list, err := db.Store().Documents.List(t.Context(), place.In(""), "", 1000)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	if len(list) != len(ids) {
		t.Fatalf("the place holds %d documents, want %d", len(list), len(ids))
	}
	for i, doc := range list {
		if doc.ID != ids[i] || !bytes.Contains(doc.Data, []byte(place.Org)) {
			t.Errorf("document %d is %s %s, want %s of %s", i, doc.ID, doc.Data, ids[i], place.Org)
		}
	}
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
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

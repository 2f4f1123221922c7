package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// A path with a question mark used to lose everything from there on, and the data lay in another file.
func TestOpenInAFolderWithSigns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "what? a #1 100%41 'folder' &c=d")
	db := openTest(t, Options{Dir: dir})
	place := settle(t, db, "doc")
	for _, path := range []string{"orgd.db", "orgd.db-wal", "orgd.lock", "tenants/" + string(place.Org) + ".db"} {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Errorf("the data is not where it was asked for: %v", err)
		}
	}
	names, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(names) != 1 {
		t.Errorf("beside the folder lie others: %v (%v)", names, err)
	}
}

func TestOpenKeepsEverythingPrivate(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Fatal(err)
	}
	settle(t, db, "doc")
	err := filepath.WalkDir(db.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %#o, want %#o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refused opens a folder that must be refused in one line with all the words.
func refused(t *testing.T, dir string, words ...string) {
	t.Helper()
	db, err := Open(t.Context(), Options{Dir: dir})
	if err == nil {
		t.Fatalf("the folder was opened; close: %v", db.Close())
	}
	if !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("the error has code %s", tenant.CodeOf(err))
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has more than one line: %v", err)
	}
}

func TestOpenRefusesAFolderThatOthersCanRead(t *testing.T) {
	for _, mode := range []fs.FileMode{0o750, 0o701, 0o777} {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		refused(t, dir, dir, fmt.Sprintf("%#o", mode), "chmod 700")
	}
}

func TestOpenRefusesASecondServer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "in use", fmt.Sprintf("process %d", os.Getpid()))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, Options{Dir: dir})
}

// tamper runs statements on a database that nobody serves.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	raw, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := raw.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
}

// closedFolder returns a data folder that was opened and closed again.
func closedFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenRefusesANewerCatalog(t *testing.T) {
	dir := closedFolder(t)
	tamper(t, filepath.Join(dir, catalogName), "PRAGMA user_version = 99")
	refused(t, dir, "newer")
}

func TestOpenRefusesAnotherProgramsDatabase(t *testing.T) {
	for _, statement := range []string{"PRAGMA application_id = 7", "DROP TABLE throttle; PRAGMA application_id = 0; PRAGMA user_version = 0"} {
		dir := closedFolder(t)
		tamper(t, filepath.Join(dir, catalogName), statement)
		refused(t, dir, "something else")
	}
}

func TestOpenRefusesADamagedCatalog(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"all of it":   func(b []byte) []byte { return []byte(strings.Repeat("garbage ", len(b)/8)) },
		"the header":  func(b []byte) []byte { return append([]byte("SQLite format 4\x00"), b[16:]...) },
		"the schema":  func(b []byte) []byte { copy(b[100:4096], strings.Repeat("\xff", 3996)); return b },
		"cut short":   func(b []byte) []byte { return b[:5000] },
		"one garbage": func([]byte) []byte { return []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := closedFolder(t)
			path := filepath.Join(dir, catalogName)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(raw), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, dir, "damaged", "backup")
		})
	}
}

func TestOpenRefusesAFileInPlaceOfAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, path, path, "cannot be made")
	refused(t, filepath.Join(path, "below"), path, "cannot be made")
}

// An empty catalog beside tenants' files would lose all of them.
func TestOpenRefusesTenantsWithoutACatalog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, catalogName)); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "no catalog", "backup")
}

func TestOpenRefusesAnEmptyCatalogWithTenants(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, catalogName), 0); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, "damaged", "backup")
}

func TestOpenGoesOnWhereTheFirstStartWasCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, catalogName), nil, 0o600); err != nil { // made, and no step run
		t.Fatal(err)
	}
	db := openTest(t, Options{Dir: dir})
	if err := db.Store().Health.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenForgetsServersThatDied(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Store().Instances.Register(t.Context(), tenant.Instance{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := openTest(t, Options{Dir: dir}).Store().Instances.List(t.Context())
	if err != nil || len(list) != 0 {
		t.Errorf("after a start the list has %v (%v)", list, err)
	}
}

func TestOpenFilesFitTheLimit(t *testing.T) {
	limit, limited := fileLimit()
	if !limited {
		limit = 1 << 40
	}
	bound, err := Options{}.bound()
	if err != nil || bound < minTenantFiles || bound > maxTenantFiles || uint64(bound)*descriptorsPerTenant+descriptorsApart > limit {
		t.Errorf("bound %d within %d: %v", bound, limit, err)
	}
	if bound, err := (Options{MaxOpenFiles: 2}).bound(); err != nil || bound != 2 {
		t.Errorf("a bound of 2 became %d (%v)", bound, err)
	}
	if limited && limit < 1<<40 {
		if _, err := (Options{MaxOpenFiles: int(limit)}).bound(); err == nil || !strings.Contains(err.Error(), "ulimit") {
			t.Errorf("more files than the limit: %v", err)
		}
	}
}

func TestCallsAfterCloseFail(t *testing.T) {
	db, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatal(err)
	}
	place := settle(t, db, "doc")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := db.Store()
	_, get := s.Documents.Get(t.Context(), place.In(""), "doc")
	_, org := s.Orgs.Get(t.Context(), place.Org)
	write := s.Sessions.Insert(t.Context(), tenant.Session{ID: "a"})
	for _, err := range []error{get, org, write, s.Places.Create(t.Context(), place), s.Health.Ping(t.Context())} {
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("after close: %v", err)
		}
	}
}

func TestPragmasAreReadBack(t *testing.T) {
	db := openTest(t, Options{})
	raw, err := sql.Open("sqlite", dsn(db.catalog.path, "_journal_mode=WAL", "_synchronous=NORMAL"))
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxIdleConns(-1)
	if s, err := newSession(raw, true); err == nil || !strings.Contains(err.Error(), "synchronous") {
		t.Errorf("a session that syncs less was taken: %v %v", s, err)
	}
	if err := raw.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := openTest(t, Options{})
	err := db.catalog.read(t.Context(), func(s *session) error {
		_, err := s.exec("DELETE FROM counters")
		return err
	})
	if !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("a reader wrote: %v", err)
	}
}

func TestPingSeesACatalogThatWasReplaced(t *testing.T) {
	db := openTest(t, Options{})
	path := filepath.Join(db.dir, catalogName)
	ping := db.Store().Health.Ping
	if err := ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context()); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("without a catalog: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ping(t.Context()); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("with another catalog: %v", err)
	}
	if err := os.Rename(path+".old", path); err != nil { // for Close
		t.Fatal(err)
	}
}

func TestPingWaitsForTheWriterNoLongerThanItsContext(t *testing.T) {
	db := openTest(t, Options{})
	db.catalog.lead <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := db.Store().Health.Ping(ctx); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("with a writer that is stuck: %v", err)
	}
	<-db.catalog.lead
}

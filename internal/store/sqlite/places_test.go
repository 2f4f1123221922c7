package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

// errCut is a crash between two steps.
var errCut = errors.New("cut")

// cutAt lets a store's places end after the nth step that they reach from now on, and then no more.
func cutAt(db *DB, nth int) (reached *int) {
	steps := 0
	db.places.cut = func(string) error {
		if steps++; steps == nth {
			return errCut
		}
		return nil
	}
	return &steps
}

// files returns what lies in tenants/ and trash/, in order.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, folder := range []string{tenantsFolder, trashFolder} {
		names, err := readNames(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all = append(all, filepath.Join(folder, name))
		}
	}
	slices.Sort(all)
	return all
}

// A crash after each step, a new start, and the same call again: the state is the one that the call promises, and nothing
// lies about.
func TestPlacesGoOnAfterEachCut(t *testing.T) {
	home := func(org tenant.OrgID) string { return filepath.Join(tenantsFolder, string(org)+".db") }
	grave := func(org tenant.OrgID) string { return filepath.Join(trashFolder, string(org)+"_op.db") }
	trash := func(ctx context.Context, db *DB, p tenant.Place) error { return db.places.Trash(ctx, p, "op") }
	for name, tc := range map[string]struct {
		before, act func(ctx context.Context, db *DB, p tenant.Place) error
		after       func(tenant.OrgID) string
		steps       int
	}{
		"create": {
			act:   func(ctx context.Context, db *DB, p tenant.Place) error { return db.places.Create(ctx, p) },
			after: home, steps: 2,
		},
		"trash":   {before: filled, act: trash, after: grave, steps: 2},
		"restore": {before: filledAnd(trash), act: func(ctx context.Context, db *DB, p tenant.Place) error { return db.places.Restore(ctx, "op", p) }, after: home, steps: 2},
	} {
		for nth := 1; ; nth++ {
			dir := filepath.Join(t.TempDir(), "data")
			db, err := Open(t.Context(), Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
			if tc.before != nil {
				if err := tc.before(t.Context(), db, place); err != nil {
					t.Fatalf("%s: before: %v", name, err)
				}
			}
			reached := cutAt(db, nth)
			err = tc.act(t.Context(), db, place)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if *reached < nth {
				if err != nil || nth != tc.steps+1 {
					t.Errorf("%s: without a cut after %d steps: %v", name, *reached, err)
				}
				break
			}
			if !errors.Is(err, errCut) {
				t.Errorf("%s: cut after step %d: %v", name, nth, err)
			}
			db = openTest(t, Options{Dir: dir})
			for range 2 {
				if err := tc.act(t.Context(), db, place); err != nil {
					t.Errorf("%s: again after a cut at step %d: %v", name, nth, err)
				}
			}
			got := slices.DeleteFunc(files(t, dir), func(name string) bool { return strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "-shm") })
			if want := tc.after(place.Org); len(got) != 1 || got[0] != want {
				t.Errorf("%s: after a cut at step %d there lie %v, want %s", name, nth, got, want)
			}
			if tc.before != nil && tc.after(place.Org) == home(place.Org) {
				holds(t, db, place, "doc")
			}
		}
	}
}

// filled makes a home with a document whose log was not written back: a crash left it.
func filled(ctx context.Context, db *DB, p tenant.Place) error {
	if err := db.places.Create(ctx, p); err != nil {
		return err
	}
	doc := tenant.Document{ID: "doc", Data: tenant.Data(`{"of":"` + string(p.Org) + `"}`)}
	_, err := db.Store().Documents.Insert(ctx, p.In(""), doc, 0)
	return err
}

func filledAnd(then func(ctx context.Context, db *DB, p tenant.Place) error) func(ctx context.Context, db *DB, p tenant.Place) error {
	return func(ctx context.Context, db *DB, p tenant.Place) error {
		if err := filled(ctx, db, p); err != nil {
			return err
		}
		return then(ctx, db, p)
	}
}

// crash copies a data folder as it lies on the disk now, logs and all, as a crash would leave it.
func crash(t *testing.T, db *DB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(dir, os.DirFS(db.dir)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, filepath.Join(dir, tenantsFolder), filepath.Join(dir, trashFolder)} {
		if err := os.Chmod(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTrashTakesTheLogOfACrashAlong(t *testing.T) {
	before := openTest(t, Options{})
	place := settle(t, before, "doc")
	dir := crash(t, before)
	path := filepath.Join(dir, tenantsFolder, string(place.Org)+".db")
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("the crash left no log: %v", err)
	}
	db := openTest(t, Options{Dir: dir})
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("beside the file in the trash lie others: %v", got)
	}
	if err := db.places.Restore(t.Context(), "op", place); err != nil {
		t.Fatal(err)
	}
	holds(t, db, place, "doc")
}

// A log under a name that is used again would be replayed into the next file of that name.
func TestNothingMovesToANameWithAStrayLog(t *testing.T) {
	db := openTest(t, Options{})
	one, two := settle(t, db, "theirs"), settle(t, db, "mine")
	log, err := os.ReadFile(filepath.Join(db.dir, tenantsFolder, string(one.Org)+".db-wal"))
	if err != nil || len(log) == 0 {
		t.Fatalf("no log: %v", err)
	}
	if err := db.places.Trash(t.Context(), two, "op"); err != nil {
		t.Fatal(err)
	}
	fresh := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
	for _, place := range []tenant.Place{two, fresh} {
		stray := filepath.Join(db.dir, tenantsFolder, string(place.Org)+".db-wal")
		if err := os.WriteFile(stray, log, 0o600); err != nil {
			t.Fatal(err)
		}
		act := func() error { return db.places.Restore(t.Context(), "op", place) }
		if place == fresh {
			act = func() error { return db.places.Create(t.Context(), place) }
		}
		if err := act(); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("beside a stray log: %v", err)
		}
		if err := os.Remove(stray); err != nil {
			t.Fatal(err)
		}
		if err := act(); err != nil {
			t.Errorf("without it: %v", err)
		}
	}
	holds(t, db, two, "mine")
	holds(t, db, fresh)
}

func TestNothingMovesWhileAnotherProgramReads(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	path := filepath.Join(db.dir, tenantsFolder, string(place.Org)+".db")
	other, err := openFile(path, 1, discard, func(*session) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = other.read(t.Context(), func(s *session) error {
		if _, err := s.exec("BEGIN"); err != nil {
			return err
		}
		if err := quickCheck(s); err != nil {
			return err
		}
		insert(t, db, place, "later")
		if err := db.places.Trash(t.Context(), place, "op"); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("trash while another program reads: %v", err)
		}
		_, err := s.exec("ROLLBACK")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	holds(t, db, place, "doc", "later")
	if err := db.places.Trash(t.Context(), place, "op"); !tenant.IsCode(err, tenant.CodeUnavailable) { // its files are still there
		t.Errorf("trash while another program has the file open: %v", err)
	}
	if err := other.close(); err != nil {
		t.Error(err)
	}
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Error(err)
	}
}

func TestMovesRefuseATakenTarget(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "old")
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Fatal(err)
	}
	if err := db.places.Create(t.Context(), place); err != nil {
		t.Fatal(err)
	}
	insert(t, db, place, "new")
	if err := db.places.Restore(t.Context(), "op", place); !tenant.IsCode(err, tenant.CodeConflict) {
		t.Errorf("restore onto a file: %v", err)
	}
	if err := db.places.Trash(t.Context(), place, "op"); !tenant.IsCode(err, tenant.CodeConflict) {
		t.Errorf("trash onto a file: %v", err)
	}
	holds(t, db, place, "new")
	if err := moveFile(db.catalog.path, db.lock.Name()); !errors.Is(err, os.ErrExist) {
		t.Errorf("a rename onto a file: %v", err)
	}
}

// Where the system cannot rename without replacing, the move is a link and a removal; between them both names are there.
func TestLinkMoveGoesOnAfterACut(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	home, err := db.files.home(place.Org)
	if err != nil {
		t.Fatal(err)
	}
	grave, err := db.files.grave(place.Org, "op")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.pool.exclusive(t.Context(), place.Org, func() error { return os.Link(home, grave) }); err != nil {
		t.Fatal(err)
	}
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Fatal(err)
	}
	if got := files(t, db.dir); len(got) != 1 || got[0] != filepath.Join(trashFolder, filepath.Base(grave)) {
		t.Errorf("after the move there lie %v", got)
	}
	if err := linkMove(grave, home); err != nil {
		t.Fatal(err)
	}
	holds(t, db, place, "doc")
	if err := linkMove(home, db.catalog.path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a move onto a file: %v", err)
	}
}

func TestIDsThatWouldLeadElsewhereReachNoFile(t *testing.T) {
	db := openTest(t, Options{})
	for _, id := range []string{"", ".", "..", "../orgd", "a/b", `a\b`, "A", "a.db", "a_b", "a\x00", strings.Repeat("a", 65)} {
		place := tenant.Place{Org: tenant.OrgID(id)}
		_, get := db.Store().Documents.Get(t.Context(), place.In(""), "doc")
		for _, err := range []error{
			get, db.places.Create(t.Context(), place), db.places.Trash(t.Context(), place, "op"),
			db.places.Trash(t.Context(), tenant.Place{Org: "a"}, tenant.OperationID(id)), db.places.Restore(t.Context(), "op", place),
		} {
			if !tenant.IsCode(err, tenant.CodeNotFound) {
				t.Errorf("id %q: %v", id, err)
			}
		}
		if err := errors.Join(db.places.Drop(t.Context(), place.Org, "op"), db.places.Discard(t.Context(), place)); err != nil {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if got := files(t, db.dir); len(got) != 0 {
		t.Errorf("there lie %v", got)
	}
}

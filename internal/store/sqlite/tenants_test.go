package sqlite

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

// closedHome returns a store with a tenant whose file nobody has open, and the file's path.
func closedHome(t *testing.T, l *logbook) (*DB, tenant.Place, string) {
	t.Helper()
	db := openTest(t, Options{Log: l.logger()})
	place := settle(t, db, "doc")
	path, err := db.files.home(place.Org)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.pool.exclusive(t.Context(), place.Org, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	return db, place, path
}

func TestFilesThatAreNotWhatTheirNameSays(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil  func(t *testing.T, path string)
		logged string
		create tenant.Code
		trash  tenant.Code
	}{
		"another organization's": {
			func(t *testing.T, path string) { tamper(t, path, "UPDATE meta SET organization = 'somebody'") },
			"somebody", tenant.CodeConflict, tenant.CodeConflict,
		},
		"of a newer layout": {
			func(t *testing.T, path string) { tamper(t, path, "PRAGMA user_version = 99") },
			"newer", tenant.CodeUnavailable, tenant.CodeUnavailable,
		},
		"another program's": {
			func(t *testing.T, path string) { tamper(t, path, "PRAGMA application_id = 7") },
			"not one of orgd's", tenant.CodeConflict, tenant.CodeConflict,
		},
		"empty": {func(t *testing.T, path string) { overwrite(t, path, nil) }, "not one of orgd's", tenant.CodeConflict, tenant.CodeConflict},
		"garbage": {
			func(t *testing.T, path string) { overwrite(t, path, bytes.Repeat([]byte("garbage "), 2048)) },
			"damaged", tenant.CodeUnavailable, "", // goes as it is
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &logbook{}
			db, place, path := closedHome(t, l)
			tc.spoil(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.Store().Documents.Get(t.Context(), place.In(""), "doc")
			if !tenant.IsCode(err, tenant.CodeUnavailable) {
				t.Errorf("get: %v", err)
			}
			_, err = db.Store().Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "a", Data: tenant.Data(`{}`)}, 0)
			if !tenant.IsCode(err, tenant.CodeUnavailable) {
				t.Errorf("insert: %v", err)
			}
			if err := db.places.Create(t.Context(), place); !tenant.IsCode(err, tc.create) {
				t.Errorf("create: %v", err)
			}
			next := place
			next.Placement.Namespace = "org_next"
			if err := db.places.Rename(t.Context(), place, next); err != nil {
				t.Errorf("rename: %v", err)
			}
			if err := db.places.Trash(t.Context(), place, "op"); tenant.CodeOf(err) != tc.trash {
				t.Errorf("trash: %v", err)
			}
			if tc.trash == "" {
				path = filepath.Join(db.dir, trashFolder, string(place.Org)+"_op.db")
				if err := db.places.Restore(t.Context(), "op", place); !tenant.IsCode(err, tenant.CodeConflict) {
					t.Errorf("restore: %v", err)
				}
			}
			if !strings.Contains(l.String(), tc.logged) || !strings.Contains(l.String(), string(place.Org)) {
				t.Errorf("the log does not say %q of %s: %s", tc.logged, path, l)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func overwrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Damage inside of a file is met when it is read; other files go on.
func TestDamageInsideAFile(t *testing.T) {
	l := &logbook{}
	db, place, path := closedHome(t, l)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte(`{"of":`)) / 4096 * 4096
	copy(raw[at:], bytes.Repeat([]byte{0xff}, 64))
	overwrite(t, path, raw)
	for range 2 {
		_, err = db.Store().Documents.Get(t.Context(), place.In(""), "doc")
		if !tenant.IsCode(err, tenant.CodeUnavailable) || !damaged(err) {
			t.Errorf("get: %v", err)
		}
	}
	if !strings.Contains(l.String(), "damaged") {
		t.Errorf("the log says nothing: %s", l)
	}
	holds(t, db, settle(t, db, "doc"), "doc")
}

func TestAWriteNeverMakesAFile(t *testing.T) {
	db, place, path := closedHome(t, &logbook{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := db.Store().Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "a", Data: tenant.Data(`{}`)}, 0)
	if !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("insert without a file: %v", err)
	}
	if f, err := openFile(path, 1, discard, func(*session) error { return nil }); err != nil {
		t.Error(err)
	} else {
		if err := f.write(t.Context(), put("a")); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("a file that is not there was opened: %v", err)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
	if there, err := exists(path); err != nil || there {
		t.Errorf("a write made the file (%v)", err)
	}
}

// schema returns the statements that make up a database.
func schema(t *testing.T, f *file) (statements []string) {
	t.Helper()
	err := f.read(t.Context(), func(s *session) error {
		return s.each(`SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema`, nil, func(scan func(dest ...any) error) error {
			var kind, name, table, text string
			err := scan(&kind, &name, &table, &text)
			statements = append(statements, fmt.Sprintf("%s %s on %s: %s", kind, name, table, text))
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(statements)
	return statements
}

// Whatever callers send, the schema stays what the steps made.
func TestNamesReachNoSchema(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db)
	var fresh, used []string
	look := func(into *[]string) {
		err := db.pool.use(t.Context(), place.Org, func(f *file) error { *into = append(schema(t, f), schema(t, db.catalog)...); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	look(&fresh)
	s := db.Store()
	for _, evil := range []string{
		"c1", "meta", "sqlite_schema", `c1"; DROP TABLE c1; --`, "c1) ; ATTACH 'x.db' AS x; --", "'; CREATE TABLE evil (a); --",
		"PRAGMA writable_schema = 1", "\x00", "%s", "?1",
	} {
		doc := tenant.Document{ID: tenant.DocumentID(evil), Data: tenant.Data(`{"a":"` + evil + `"}`), WriteID: evil}
		if _, err := s.Documents.Insert(t.Context(), place.In(""), doc, 0); err != nil {
			t.Errorf("insert %q: %v", evil, err)
		}
		got, err := s.Documents.Get(t.Context(), place.In(""), doc.ID)
		if err != nil || got.WriteID != evil {
			t.Errorf("get %q: %v %v", evil, got, err)
		}
		for _, err := range []error{
			errorOf(s.Documents.Insert(t.Context(), place.In(tenant.Collection(evil)), doc, 0)),
			errorOf(s.Documents.Get(t.Context(), place.In(tenant.Collection(evil)), doc.ID)),
			errorOf(s.Documents.List(t.Context(), place.In(tenant.Collection(evil)), doc.ID, 1)),
			s.Documents.Delete(t.Context(), place.In(tenant.Collection(evil)), doc.ID, tenant.Revision{}),
		} {
			if !tenant.IsCode(err, tenant.CodeNotFound) {
				t.Errorf("collection %q: %v", evil, err)
			}
		}
		org := tenant.Organization{ID: tenant.OrgID(evil), Name: tenant.Name(evil), Claims: []tenant.Claim{tenant.Claim(evil)}}
		if err := s.Orgs.Insert(t.Context(), org, tenant.Upkeep{}); err != nil {
			t.Errorf("organization %q: %v", evil, err)
		}
	}
	look(&used)
	if !slices.Equal(fresh, used) {
		t.Errorf("the schema was\n%s\nand is\n%s", strings.Join(fresh, "\n"), strings.Join(used, "\n"))
	}
}

func errorOf[T any](_ T, err error) error { return err }

// The file from the press is what the steps make, to the last statement.
func TestNewFilesAreWhatTheStepsMake(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db)
	path := filepath.Join(t.TempDir(), "steps.db")
	overwrite(t, path, nil)
	f, err := openFile(path, 1, discard, func(*session) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := tenantLayout.apply(t.Context(), f.db); err != nil {
		t.Fatal(err)
	}
	err = db.pool.use(t.Context(), place.Org, func(made *file) error {
		if got, want := schema(t, made), schema(t, f); !slices.Equal(got, want) {
			t.Errorf("the press made\n%s\nthe steps\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return made.read(t.Context(), func(s *session) error {
			outdated, err := tenantLayout.outdated(s)
			if outdated {
				t.Error("a new file is outdated")
			}
			return err
		})
	})
	if err != nil {
		t.Error(err)
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}

// Each step must say its number in user_version, and the layout must name the last one.
func TestStepsSayTheirNumber(t *testing.T) {
	for _, l := range []layout{catalogLayout, tenantLayout} {
		steps, err := migrations.ReadDir(l.folder)
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) != l.newest {
			t.Errorf("%s has %d steps, and the layout says %d", l.folder, len(steps), l.newest)
		}
		for i, step := range steps {
			raw, err := migrations.ReadFile(l.folder + "/" + step.Name())
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("PRAGMA user_version = %d;", i+1); !strings.Contains(string(raw), want) {
				t.Errorf("%s lacks %q", step.Name(), want)
			}
			if strings.Contains(string(raw), "+goose Down") {
				t.Errorf("%s can go back: steps go forward only", step.Name())
			}
		}
	}
}

// An older tenant's file is brought to the newest layout when it is opened, by whoever comes first.
func TestOlderFilesAreUpgradedAtOpen(t *testing.T) {
	db, place, path := closedHome(t, &logbook{})
	tamper(t, path, "PRAGMA user_version = 0", "DELETE FROM goose_db_version WHERE version_id = 1", "ALTER TABLE c1 RENAME TO kept",
		"DROP TABLE meta", "DROP TABLE collections") // as a file of layout 0 would be, that the first step can be run on
	_, err := db.Store().Documents.Usage(t.Context(), place)
	if !tenant.IsCode(err, tenant.CodeUnavailable) { // the step leaves the organization empty
		t.Errorf("a file whose upgrade lost its owner: %v", err)
	}
	var version int
	f, err := openFile(path, 1, discard, func(*session) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = f.read(t.Context(), func(s *session) error { return s.get("PRAGMA user_version", nil, &version) })
	if err != nil || version != tenantLayout.newest {
		t.Errorf("the file is of layout %d (%v)", version, err)
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func TestBackupAndRestoreIntoEmptyFolders(t *testing.T) {
	db := openTest(t, Options{})
	org := founded(t, db)
	dest, dir := t.TempDir(), t.TempDir() // as mount points are: there, and not to be replaced
	if _, err := db.Backup(t.Context(), dest, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), dest, dir, nil); err != nil {
		t.Fatal(err)
	}
	holds(t, openTest(t, Options{Dir: dir}), org.Place(), "doc")
	if _, err := Restore(t.Context(), dest, dir, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restore over a data folder: %v", err)
	}
}

func TestRestoreRefusesWhatIsNotWhole(t *testing.T) {
	db := openTest(t, Options{})
	org, other := founded(t, db), founded(t, db)
	file := func(id tenant.OrgID) string { return filepath.Join(tenantsFolder, string(id)+".db") }
	for name, spoil := range map[string]func(dir string) error{
		"no manifest": func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) },
		"a manifest of a newer orgd": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), `"format": 1`, `"format": 2`)
		},
		"a manifest that leads elsewhere": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), file(org.ID), "../../etc/passwd.db")
		},
		"a file that is missing": func(dir string) error { return os.Remove(filepath.Join(dir, file(org.ID))) },
		"a file that nobody lists": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), string(org.ID), string(other.ID))
		},
		"another's file": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, file(org.ID))), copyFile(filepath.Join(dir, file(other.ID)), filepath.Join(dir, file(org.ID))))
		},
		"a damaged file": func(dir string) error {
			return replaceIn(filepath.Join(dir, file(org.ID)), "CREATE TABLE", "CREATE TABEL")
		},
		"a damaged catalog": func(dir string) error { return os.Truncate(filepath.Join(dir, catalogName), 8192) },
		"no catalog":        func(dir string) error { return os.Remove(filepath.Join(dir, catalogName)) },
	} {
		t.Run(name, func(t *testing.T) {
			dest, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
			if _, err := db.Backup(t.Context(), dest, nil); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dest); err != nil {
				t.Fatal(err)
			}
			_, err := Restore(t.Context(), dest, dir, nil)
			if !tenant.IsCode(err, tenant.CodeUnavailable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("restore: %v", err)
			}
			if names, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(names) > 0 {
				t.Errorf("it left %v (%v)", names, err)
			}
		})
	}
}

func replaceIn(path, old, next string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(raw), old) {
		return fmt.Errorf("%s does not hold %q", path, old)
	}
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), old, next)), 0o600)
}

package sqlite

import (
	"bytes"
	"encoding/json"
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
			return replaceIn(filepath.Join(dir, manifestName), `"format": 2`, `"format": 3`)
		},
		"a manifest of an older orgd": func(dir string) error {
			return replaceIn(filepath.Join(dir, manifestName), `"format": 2`, `"format": 1`)
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
			if err := errors.Join(spoil(dest), resum(dest)); err != nil {
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

// resum makes a manifest tell the sums of the files as they are, where it can be read and they are there: what a restore looks at
// beside the sums is to be found without them.
func resum(dir string) error {
	path := filepath.Join(dir, manifestName)
	m, err := readManifest(dir)
	if err != nil {
		return nil //nolint:nilerr // a restore refuses it
	}
	for i, f := range m.Files {
		if _, sum, err := checksum(filepath.Join(dir, f.File)); err == nil {
			m.Files[i].SHA256 = sum
		}
	}
	if _, sum, err := checksum(filepath.Join(dir, catalogName)); err == nil {
		m.CatalogSHA256 = sum
	}
	raw, err := json.Marshal(m)
	return errors.Join(err, os.WriteFile(path, raw, 0o600))
}

// One bit that has changed in a backup is found before anything is restored, wherever it is, be it where SQLite would take it for
// a part of a document; the file is named.
func TestRestoreFindsEveryFlippedBit(t *testing.T) {
	db := openTest(t, Options{})
	org, dead := founded(t, db), founded(t, db)
	thrownAway(t, db, dead, "op")
	hurt := founded(t, db)
	swapFile(t, db, hurt.ID, filepath.Join(tenantsFolder, string(hurt.ID)+".db"), rewritten(func([]byte) []byte { return []byte("junk") }))
	for _, file := range []string{
		filepath.Join(tenantsFolder, string(org.ID)+".db"), filepath.Join(trashFolder, string(dead.ID)+"_op.db"),
		filepath.Join(tenantsFolder, string(hurt.ID)+".db"), catalogName,
	} {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			dest, dir := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
			if _, err := db.Backup(t.Context(), dest, nil); err != nil {
				t.Fatal(err)
			}
			err := rewritten(func(raw []byte) []byte {
				at := max(bytes.LastIndex(raw, []byte(`{"of":`)), 0)
				raw[at+3] ^= 1
				return raw
			})(filepath.Join(dest, file))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Restore(t.Context(), dest, dir, nil)
			if !tenant.IsCode(err, tenant.CodeUnavailable) || !strings.Contains(err.Error(), file+" has changed since it was made") {
				t.Errorf("restore of a changed %s: %v", file, err)
			}
			if there, err := exists(dir); err != nil || there {
				t.Errorf("there is a folder all the same (%v)", err)
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

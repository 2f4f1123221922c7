package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A restoration takes its time, and whatever keeps a server alive may start it in the folder meanwhile. What that server has
// stored is not replaced under its hands.
func TestRestoreReplacesNothingThatCameMeanwhile(t *testing.T) {
	db := openTest(t, Options{})
	founded(t, db)
	dest, dir := t.TempDir(), t.TempDir()
	if err := db.Backup(t.Context(), dest, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var started *DB
	err := Restore(t.Context(), dest, dir, func(_, _ int, what string) {
		if what == "catalog" {
			started = openTest(t, Options{Dir: dir})
		}
	})
	if err == nil || !strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("restore beside a server: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, catalogName))
	if err != nil || !os.SameFile(info, started.identity) {
		t.Errorf("the catalog of the server was replaced (%v)", err)
	}
}

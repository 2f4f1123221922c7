package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/orgd/orgd/internal/tenant"
)

// smallDisk mounts a disk of a few megabytes, as root or by sudo.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	asRoot(t.Context(), t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%s,mode=0700,uid=%d", size, os.Geteuid()), "tmpfs", dir)
	t.Cleanup(func() { asRoot(context.Background(), t, "umount", dir) })
	return filepath.Join(dir, "data")
}

// asRoot has root run a command.
func asRoot(ctx context.Context, t *testing.T, name string, args ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		name, args = "sudo", append([]string{"-n", name}, args...)
	}
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s (this test needs root, or sudo without a password): %v: %s", name, err, out)
	}
}

// fill inserts documents until that fails, and returns how many there are and the failure.
func fill(t *testing.T, db *DB, place tenant.Place) (int, error) {
	t.Helper()
	filler := tenant.Data(`{"a":"` + strings.Repeat("x", 20_000) + `"}`)
	for i := range 1000 {
		doc := tenant.Document{ID: tenant.DocumentID(fmt.Sprintf("doc%04d", i)), Data: filler}
		if _, err := db.Store().Documents.Insert(t.Context(), place.In(""), doc, 0); err != nil {
			return i, err
		}
	}
	t.Fatal("the disk did not fill up")
	return 0, nil
}

// listAll lists page by page, since large documents make short pages.
func listAll(t *testing.T, db *DB, place tenant.Place) (all []tenant.Document, err error) {
	t.Helper()
	var after tenant.DocumentID
	for {
		page, err := db.Store().Documents.List(t.Context(), place.In(""), after, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, after = append(all, page...), page[len(page)-1].ID
	}
}

func TestFullDisk(t *testing.T) {
	for name, tc := range map[string]struct {
		size  string
		ratio float64
	}{"below the threshold": {"32m", 0.5}, "to the last byte": {"4m", 1e-9}} {
		t.Run(name, func(t *testing.T) {
			dir := smallDisk(t, tc.size)
			now := steps()
			db, err := Open(t.Context(), Options{Dir: dir, MinFreeRatio: tc.ratio, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			place := settle(t, db)
			n, err := fill(t, db, place)
			if !tenant.IsCode(err, tenant.CodeStorageFull) {
				t.Errorf("insert number %d: %v", n, err)
			}
			list, err := listAll(t, db, place)
			if err != nil || len(list) != n {
				t.Fatalf("%d documents are listed, want %d (%v)", len(list), n, err)
			}
			if tc.ratio > 0.1 {
				for i := range n {
					if err := db.Store().Documents.Delete(t.Context(), place.In(""), list[i].ID, tenant.Revision{}); err != nil {
						t.Errorf("delete number %d: %v", i, err)
						break
					}
				}
				n = 0
			}
			if err := db.Close(); err != nil {
				t.Logf("close: %v", err) // the last bytes may not fit; nothing acknowledged is lost
			}
			db, err = Open(t.Context(), Options{Dir: dir, MinFreeRatio: tc.ratio, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			u, err := db.Store().Documents.Usage(t.Context(), place)
			if err != nil || u.Documents != int64(n) {
				t.Errorf("after a start there are %d documents, want %d (%v)", u.Documents, n, err)
			}
			if err := db.Close(); err != nil {
				t.Logf("close: %v", err)
			}
		})
	}
}

// Another program fills the disk to the last byte. Nothing can be deleted then, and no answer says otherwise; once there is room
// again everything works.
func TestDiskFilledByAnotherProgram(t *testing.T) {
	dir := smallDisk(t, "16m")
	db := openTest(t, Options{Dir: dir, Now: steps()})
	place := settle(t, db, "doc", "other")
	filler := filepath.Join(filepath.Dir(dir), "filler")
	fillUp(t, filler)
	s := db.Store()
	for act, err := range map[string]error{
		"delete": s.Documents.Delete(t.Context(), place.In(""), "other", tenant.Revision{}),
		"log in": s.Sessions.Insert(t.Context(), tenant.Session{ID: "a"}),
		"insert": errorOf(s.Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "more", Data: tenant.Data(`{}`)}, 0)),
		"ping":   s.Health.Ping(t.Context()),
	} {
		if !tenant.IsCode(err, tenant.CodeStorageFull) || !strings.Contains(err.Error(), "nothing deleted, until space is made") {
			t.Errorf("%s on a full disk: %v", act, err)
		}
	}
	holds(t, db, place, "doc", "other")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Documents.Delete(t.Context(), place.In(""), "other", tenant.Revision{}), s.Health.Ping(t.Context())); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}

// fillUp writes a file until the disk has no room left.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("filling the disk: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

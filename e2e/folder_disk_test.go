//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/orgd/orgd/api"
)

// ownDisk is a disk of 64 MiB under the folder of a server: an ext4 in a file, since that is full, and fails, as the disk of a
// machine does.
type ownDisk struct {
	t             *testing.T
	image, folder string
}

// putOnDisk gives a server that is not started yet a disk of its own.
func putOnDisk(t *testing.T, s *server) *ownDisk {
	t.Helper()
	d := &ownDisk{t, filepath.Join(t.TempDir(), "disk"), s.folder}
	must(t, os.WriteFile(d.image, nil, 0o600))
	must(t, os.Truncate(d.image, 64<<20))
	owner := fmt.Sprintf("root_owner=%d:%d", os.Geteuid(), os.Getegid())
	must(t, d.run(t.Context(), "mkfs.ext4", "-q", "-m", "0", "-E", owner, d.image))
	must(t, d.mount())
	t.Cleanup(func() { _ = d.run(context.Background(), "umount", "--lazy", d.folder) }) // the server may be there still
	return d
}

func (d *ownDisk) mount() error {
	return d.run(d.t.Context(), "mount", "-o", "loop", d.image, d.folder)
}

func (d *ownDisk) run(ctx context.Context, name string, args ...string) error {
	if out, err := asRoot(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s (this story needs root, or sudo without a password): %w: %s", name, err, out)
	}
	return nil
}

// remount changes how the disk is mounted: ro, rw, or abort, after which it takes no write any more, as after an error of its own.
func (d *ownDisk) remount(how string) {
	d.t.Helper()
	must(d.t, d.run(d.t.Context(), "mount", "-o", "remount,"+how, d.folder))
}

func (d *ownDisk) ballast() string { return filepath.Join(d.folder, "ballast") }

// fill takes what is free, but for a share of the disk in percent.
func (d *ownDisk) fill(percent uint64) {
	d.t.Helper()
	var st syscall.Statfs_t
	must(d.t, syscall.Statfs(d.folder, &st))
	keep := st.Blocks * percent / 100
	file, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(d.t, err)
	block := make([]byte, st.Bsize)
	for n := uint64(0); n+keep < st.Bavail || percent == 0; n++ {
		if _, err = file.Write(block); err != nil {
			break
		}
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
	must(d.t, file.Close())
}

// free gives it back.
func (d *ownDisk) free() {
	d.t.Helper()
	must(d.t, os.Remove(d.ballast()))
}

// wantNoStart starts a server that must refuse in one line.
func wantNoStart(t *testing.T, s *server, says ...string) {
	t.Helper()
	r := s.orgd("", "serve")
	if r.code != 1 || r.stdout != "" {
		t.Errorf("the server exits with %d and says %q", r.code, r.stdout)
	}
	wantOneLine(t, r.stderr, says...)
	t.Logf("it says: %s", r.stderr)
}

// TestDiskIsNearlyFull leaves less of the disk than orgd keeps free: what needs room is refused with 507, all else goes on, and
// when there is room again so does that, by itself.
func TestDiskIsNearlyFull(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	d := putOnDisk(t, s)
	s.start()
	ada, eve := s.found("Acme", "ada@acme.example"), s.found("Eves", "eve@eve.example")
	for _, id := range []string{"stays", "goes"} {
		ada.write(id, fields{"n": 1}).is(http.StatusCreated)
	}

	d.fill(3)
	eventually(t, "the server says that it is not ready", func() bool { return !s.ready() })
	full := s.stranger().get("/readyz").refused(http.StatusInsufficientStorage, api.CodeStorageFull)
	wantContains(t, full.Detail, "the disk is nearly full")
	s.stranger().get("/healthz").is(http.StatusOK)
	for _, refused := range []answer{
		s.stranger().create("Zenith", "zoe@zenith.example", goodPassword),
		ada.write("new", fields{"n": 1}), ada.post(documentsOf(ada.org.ID), fields{"n": 1}),
		ada.write("stays", fields{"n": 2}), ada.patch(documentsOf(ada.org.ID, "stays"), fields{"n": 2}),
	} {
		refused.refused(http.StatusInsufficientStorage, api.CodeStorageFull)
	}
	ada.read("stays").is(http.StatusOK)
	s.stranger().lookup("Acme").is(http.StatusOK)
	ada.signIn(s)
	ada.delete(documentsOf(ada.org.ID, "goes")).is(http.StatusNoContent)
	eve.dropIt().is(http.StatusOK)

	d.free()
	eventually(t, "the server is ready", s.ready)
	s.found("Zenith", "zoe@zenith.example").write("new", fields{"n": 1}).is(http.StatusCreated)
	if docs := ada.documents(); len(docs) != 1 || string(docs["stays"].Data) != `{"n":1}` {
		t.Errorf("the documents are %v", docs)
	}
	s.stop()
	if left := s.store.inspect(t, s); len(left.strays) != 0 || len(left.homes) != 3 {
		t.Errorf("the data lies in %v, strays are %v", left.homes, left.strays)
	}
}

// TestDiskIsFull fills the disk to its last block under a running server, which is killed, and before a start: whatever cannot be
// done is refused, and everything that was acknowledged is there once there is room.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	d := putOnDisk(t, s)
	s.start()
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
	d.fill(0)
	eventually(t, "the server says that it is not ready", func() bool { return !s.ready() })
	ada.write("new", fields{"text": strings.Repeat("x", 20_000)}).refused(http.StatusInsufficientStorage, api.CodeStorageFull)
	ada.read("plan").is(http.StatusOK)
	s.kill()
	d.free()
	s.start()
	s.found("Zenith", "zoe@zenith.example")
	s.stop()
	d.fill(0)
	wantNoStart(t, s, "no space left")
	d.free()
	s.start()
	if doc := s.as(ada.token).get(documentsOf(ada.org.ID, "plan")).is(http.StatusOK).document(); string(doc.Data) != `{"n":1}` {
		t.Errorf("the document is %s", doc.Data)
	}
	s.stranger().lookup("Zenith").is(http.StatusOK)
}

// TestFirstStartOnAFullDisk has no room for a data folder. What it had begun does not hinder the next start.
func TestFirstStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	d := putOnDisk(t, s)
	d.fill(0)
	wantNoStart(t, s, "no space left")
	d.free()
	s.start()
	s.found("Acme", "ada@acme.example")
}

// TestDiskIsReadOnly starts a server on a disk that may only be read, with a data folder and without one.
func TestDiskIsReadOnly(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	d := putOnDisk(t, s)
	d.remount("ro")
	wantNoStart(t, s, "read-only file system")
	d.remount("rw")
	s.start()
	ada := s.found("Acme", "ada@acme.example")
	s.stop()
	d.remount("ro")
	wantNoStart(t, s, "read-only file system")
	d.remount("rw")
	s.start()
	s.as(ada.token).get("/v1/me").is(http.StatusOK)
}

// TestDiskFails makes the disk of a running server read-only, as a system does after errors of the disk: whatever would be written
// is refused and the server is not ready, and nothing that was acknowledged is lost.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	s := prepare(t, sqliteStore)
	d := putOnDisk(t, s)
	s.start()
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)

	d.remount("abort")
	eventually(t, "the server says that it is not ready", func() bool { return !s.ready() })
	s.stranger().get("/readyz").refused(http.StatusServiceUnavailable, api.CodeUnavailable)
	s.stranger().get("/healthz").is(http.StatusOK)
	for _, refused := range []answer{
		ada.write("new", fields{"n": 1}), ada.write("plan", fields{"n": 2}), ada.delete(documentsOf(ada.org.ID, "plan")),
		s.stranger().create("Zenith", "zoe@zenith.example", goodPassword), s.stranger().login(ada.email, ada.password),
		ada.renameTo("Acme 2"), ada.dropIt(),
	} {
		refused.is(http.StatusServiceUnavailable)
	}
	ada.read("plan").is(http.StatusOK)
	s.kill()
	must(t, d.run(t.Context(), "umount", d.folder))
	must(t, d.mount())
	s.start()
	if doc := s.as(ada.token).get(documentsOf(ada.org.ID, "plan")).is(http.StatusOK).document(); string(doc.Data) != `{"n":1}` {
		t.Errorf("the document is %s", doc.Data)
	}
	ada.signIn(s)
	s.stranger().lookup("Zenith").is(http.StatusNotFound)
}

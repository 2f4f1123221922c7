//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// disk is the disk of an engine that has one of its own.
type disk struct {
	t       *testing.T
	ballast string
}

// diskOf finds it. The engine is the one that scripts/mongo-engine builds: no other can be given a small disk.
func diskOf(t *testing.T, e *ownEngine) *disk {
	t.Helper()
	for line := range strings.Lines(e.run("status")) {
		if folder, found := strings.CutPrefix(line, "data: "); found {
			return &disk{t, filepath.Join(strings.TrimSpace(folder), "ballast")}
		}
	}
	t.Fatal("the engine does not tell where its data lies")
	return nil
}

// fill takes what is free, down to the last block.
func (d *disk) fill() {
	for _, size := range []string{"1M", "4k"} {
		_ = asRoot(d.t.Context(), "dd", "if=/dev/zero", "of="+d.ballast, "bs="+size, "oflag=append", "conv=notrunc", "status=none").Run() // ends when there is no more
	}
}

// free gives it back.
func (d *disk) free() {
	d.t.Helper()
	must(d.t, asRoot(d.t.Context(), "rm", d.ballast).Run())
}

// asRoot is a command that root runs: the engine's data are not the tests' user's, and who may mount a disk is root.
func asRoot(ctx context.Context, name string, args ...string) *exec.Cmd {
	if os.Geteuid() != 0 {
		name, args = "sudo", append([]string{"-n", name}, args...)
	}
	return exec.CommandContext(ctx, name, args...)
}

// TestEngineDiskIsFull fills the disk of the database server: what needs room is refused with 507, reads and deletions go on,
// the server says that it is not ready; and when there is room again it is ready by itself, everything that was acknowledged is
// there, and nothing of what was refused.
func TestEngineDiskIsFull(t *testing.T) {
	t.Parallel()
	e := newEngine(t, "ORGD_ENGINE_KIND=recipe", "ORGD_ENGINE_DISK=200M")
	s := launch(t, e.store(e.uri), "ORGD_THROTTLE=off")
	ada, d := s.found("Acme", "ada@acme.example"), diskOf(t, e)
	body := fields{"text": strings.Repeat("x", 20_000)}
	written := map[string]bool{"first": true}
	ada.write("first", body).is(http.StatusCreated)

	d.fill()
	for full := false; !full; { // what the engine had taken of its disk before takes some documents still
		id := fmt.Sprint("doc", len(written))
		full = ada.write(id, body).is(http.StatusCreated, http.StatusInsufficientStorage).status != http.StatusCreated
		written[id] = !full
	}
	t.Logf("%d documents were written before the disk was full", len(written)-1)
	s.stranger().get("/readyz").refused(http.StatusInsufficientStorage, api.CodeStorageFull)
	s.stranger().get("/healthz").is(http.StatusOK)
	s.stranger().create("Zenith", "zoe@zenith.example", goodPassword).refused(http.StatusInsufficientStorage, api.CodeStorageFull)
	ada.read("first").is(http.StatusOK)
	s.stranger().lookup("Acme").is(http.StatusOK)
	ada.delete(documentsOf(ada.org.ID, "first")).is(http.StatusNoContent)
	written["first"] = false

	d.free()
	eventually(t, "the server is ready", s.ready)
	zoe := s.found("Zenith", "zoe@zenith.example")
	zoe.write("first", body).is(http.StatusCreated)
	docs := ada.documents()
	for id, should := range written {
		if _, there := docs[id]; there != should {
			t.Errorf("document %s is there: %t, want %t", id, there, should)
		}
	}
	s.stop()
	left := e.look().remains()
	if len(left.strays) != 0 || len(left.homes) != 2 {
		t.Errorf("the data lies in %v, strays are %v", left.homes, left.strays)
	}
	for _, id := range []string{ada.org.ID, zoe.org.ID} {
		if counts, err := left.actions(id); err != nil || counts[created] != 1 {
			t.Errorf("the audit log has %v (%v)", counts, err)
		}
	}
}

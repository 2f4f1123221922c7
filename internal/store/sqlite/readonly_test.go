//go:build unix

package sqlite

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// openAsNobody opens a folder in a process that has no rights of its own: nothing stops root.
func openAsNobody(t *testing.T, dir string, prepare func(uid int)) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self)
	uid := os.Getuid()
	if uid == 0 {
		uid = 65534
		command.Path = filepath.Join(filepath.Dir(dir), "program")
		copyProgram(t, self, command.Path)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	prepare(uid)
	command.Dir = "/"
	command.Env = []string{childEnv + "=" + dir}
	var complaints strings.Builder
	command.Stderr = &complaints // not part of what it says: a program built for coverage warns there
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, &complaints)
	}
	return string(out)
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// publicDir returns a folder that everybody may look into, which t.TempDir is not.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "orgd") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenRefusesAFolderThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(publicDir(t), "data")
	said := openAsNobody(t, dir, func(uid int) {
		for _, d := range []string{dir, filepath.Join(dir, tenantsFolder), filepath.Join(dir, trashFolder)} {
			if err := os.Mkdir(d, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(d, uid, -1); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.HasPrefix(said, "refused:") || !strings.Contains(said, "cannot be written") || strings.Count(said, "\n") != 1 {
		t.Errorf("a folder that cannot be written: %s", said)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesACatalogThatCannotBeWritten(t *testing.T) {
	dir := filepath.Join(publicDir(t), "data")
	said := openAsNobody(t, dir, func(uid int) {
		db, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{".", tenantsFolder, trashFolder, lockName, catalogName} {
			if err := os.Chown(filepath.Join(dir, path), uid, -1); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(dir, catalogName), 0o400); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.HasPrefix(said, "refused:") || !strings.Contains(said, catalogName) || strings.Count(said, "\n") != 1 {
		t.Errorf("a catalog that cannot be written: %s", said)
	}
}

func TestOpenAsAnotherUserWorks(t *testing.T) {
	base := publicDir(t)
	said := openAsNobody(t, filepath.Join(base, "data"), func(uid int) {
		if err := os.Chown(base, uid, -1); err != nil {
			t.Fatal(err)
		}
	})
	if said != "opened; <nil>\n" {
		t.Errorf("a folder of one's own: %s", said)
	}
}

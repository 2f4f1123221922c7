package e2e

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSecondServerIsRefused starts a second server, and a restore, on the folder of a running one. A database on MongoDB has
// no lock to hold; TestSecondServerTakesOver tells what holds there.
func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	s := launch(t, sqliteStore)
	ada := s.found("Acme", "ada@acme.example")
	r := s.orgd("", "serve")
	if r.code != 1 || r.stdout != "" {
		t.Errorf("a second server exits with %d and says %q", r.code, r.stdout)
	}
	wantOneLine(t, r.stderr, "is in use by process", "stop it first")
	s.does("", "backup", "copy")
	if r = s.orgd("", "restore", "copy"); r.code != 1 {
		t.Errorf("a restore over a running server exits with %d", r.code)
	}
	wantOneLine(t, r.stderr)
	ada.get("/v1/me").is(http.StatusOK)
}

// TestNobodyWaitsForAStoreToOpen starts a server whose database never answers: whoever comes meanwhile is turned away at once, and not
// left waiting for a server that may never be.
func TestNobodyWaitsForAStoreToOpen(t *testing.T) {
	t.Parallel()
	listen := func() net.Listener {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		must(t, err)
		return l
	}
	database, taken := listen(), listen()
	defer func() { _ = database.Close() }()
	address := taken.Addr().String()
	must(t, taken.Close())
	s := prepare(t, mongoStore, "ORGD_STORE=mongodb://"+database.Addr().String(), "ORGD_LISTEN="+address)
	ctx, end := context.WithCancel(t.Context())
	starting := s.command(ctx, "serve")
	must(t, starting.Start())
	defer func() { end(); _ = starting.Wait() }()

	asked, err := database.Accept() // the server is opening its store
	must(t, err)
	defer func() { _ = asked.Close() }()
	if early, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("who comes early is not refused: %v (%v)", early, err)
	}
}

// TestBadFolderIsRefused starts a server on data folders that are no good: one line, exit code 1, nothing changed; and once
// the folder is as it was, everything is there. (What MongoDB has instead of a folder is internal/store/mongo's to refuse.)
func TestBadFolderIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, s *server)
		says  []string
	}{
		{"others may read the folder", func(t *testing.T, s *server) {
			must(t, os.Chmod(s.data(), 0o755))
		}, []string{"open to other users", "chmod 700"}},
		{"the catalog is no database", func(t *testing.T, s *server) {
			must(t, os.WriteFile(filepath.Join(s.data(), "orgd.db"), []byte("This is not a database, whatever its name says. "), 0o600))
		}, nil},
		{"the catalog is empty", func(t *testing.T, s *server) {
			must(t, os.Truncate(filepath.Join(s.data(), "orgd.db"), 0))
		}, nil},
		{"the catalog's first page is damaged", func(t *testing.T, s *server) { overwrite(t, s, 100) }, nil},
		{"the catalog is another program's", func(t *testing.T, s *server) { change(t, s, `PRAGMA application_id = 1`) }, nil},
		{"the catalog is newer", func(t *testing.T, s *server) {
			change(t, s, `PRAGMA user_version = 1000`)
		}, []string{"newer"}},
		{"the catalog is missing", func(t *testing.T, s *server) {
			must(t, os.Remove(filepath.Join(s.data(), "orgd.db")))
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := launch(t, sqliteStore)
			ada := s.found("Acme", "ada@acme.example")
			ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
			s.stop()
			sound := snapshot(t, s.data())
			c.spoil(t, s)
			spoilt := snapshot(t, s.data())

			r := s.orgd("", "serve")
			if r.code != 1 || r.stdout != "" {
				t.Errorf("the server exits with %d and says %q", r.code, r.stdout)
			}
			wantOneLine(t, r.stderr, c.says...)
			if now := snapshot(t, s.data()); !maps.Equal(now, spoilt) {
				t.Errorf("the folder was changed: it had %d files and has %d", len(spoilt), len(now))
			}

			must(t, os.Chmod(s.data(), 0o700))
			for name, content := range sound {
				must(t, os.WriteFile(filepath.Join(s.data(), name), []byte(content), 0o600))
			}
			s.start()
			s.as(ada.token).get(documentsOf(ada.org.ID, "plan")).is(http.StatusOK)
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot reads all files below a folder.
func snapshot(t testing.TB, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files[name] = string(content)
		return err
	})
	must(t, err)
	return files
}

// overwrite damages the catalog from an offset on.
func overwrite(t *testing.T, s *server, offset int64) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(s.data(), "orgd.db"), os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteAt(make([]byte, 4000), offset)
	must(t, err)
	must(t, file.Close())
}

// change executes SQL on the catalog of a server that has ended.
func change(t *testing.T, s *server, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.data(), "orgd.db"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	must(t, err)
	must(t, db.Close())
}

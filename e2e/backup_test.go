package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestBackupWhileServing makes a copy while writers are at work, restores it into another folder and serves there: what was
// acknowledged before the copy began is in it, passwords work, and what signed people in before does not. On the embedded store
// alone: a MongoDB is copied by its own tools.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	s := launch(t, sqliteStore)
	ada, bob := s.found("Acme", "ada@acme.example"), s.found("Bobs", "bob@bob.example")
	gone := s.found("Gone", "gone@gone.example")
	for _, o := range []*owner{ada, bob, gone} {
		o.write("early", fields{"of": o.org.Name}).is(http.StatusCreated)
	}
	gone.dropIt().is(http.StatusOK)
	link := resetToken(t, s.does("", "user", "reset-link", ada.email))

	writers := writeUntilStopped(ada, bob)
	wantContains(t, s.does("", "backup", "copy"), "Backed up to "+filepath.Join(s.folder, "copy"))
	writers.stop()
	wantPrivate(t, filepath.Join(s.folder, "copy"))

	there := restoreCopy(t, s)
	for _, o := range []*owner{ada, bob} {
		there.as(o.token).get(documentsOf(o.org.ID, "early")).refused(http.StatusUnauthorized, api.CodeUnauthenticated)
		copied := *o
		copied.signIn(there)
		copied.read("early").is(http.StatusOK)
		copied.hasNoGap()
		o.read("early").is(http.StatusOK) // the first server goes on
	}
	there.stranger().post("/v1/auth/password-reset", fields{"token": link, "password": "another staple entirely"}).
		refused(http.StatusUnprocessableEntity, api.CodeInvalid)
	there.stranger().lookup("Gone").is(http.StatusNotFound)
	there.does("", "org", "restore", gone.org.ID)
	back := *gone
	back.signIn(there)
	back.read("early").is(http.StatusOK)
}

// restoreCopy makes another folder of the backup and serves it.
func restoreCopy(t *testing.T, from *server) *server {
	t.Helper()
	there := prepare(t, sqliteStore)
	source := filepath.Join(from.folder, "copy")
	wantContains(t, there.does("", "restore", source), "Restored "+source)
	wantOneLine(t, there.orgd("", "restore", source).stderr)
	wantPrivate(t, there.data())
	there.start()
	return there
}

// wantPrivate wants folders of mode 0700 and files of 0600.
func wantPrivate(t *testing.T, folder string) {
	t.Helper()
	must(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %s", path, info.Mode())
		}
		return err
	}))
}

// series are writers that number their documents.
type series struct {
	over atomic.Bool
	done sync.WaitGroup
}

// writeUntilStopped lets each owner write one document after the other, and returns once each has written some.
func writeUntilStopped(owners ...*owner) *series {
	c := &series{}
	var begun sync.WaitGroup
	for _, o := range owners {
		begun.Add(1)
		c.done.Go(func() {
			some := sync.OnceFunc(begun.Done)
			defer some()
			for n := 0; !c.over.Load() && o.write(numbered(n), fields{"n": n}).was(http.StatusCreated); n++ {
				if n == 5 {
					some()
				}
			}
		})
	}
	begun.Wait()
	return c
}

func numbered(n int) string { return fmt.Sprintf("n%06d", n) }

func (c *series) stop() {
	c.over.Store(true)
	c.done.Wait()
}

// hasNoGap wants the owner's series up to some number: each organization's copy is of one moment.
func (o *owner) hasNoGap() {
	o.t.Helper()
	docs := o.documents()
	delete(docs, "early")
	for n := range len(docs) {
		if _, there := docs[numbered(n)]; !there {
			o.t.Errorf("a copy of %d documents lacks number %d", len(docs), n)
		}
	}
	if len(docs) < 5 {
		o.t.Errorf("a copy has %d documents of those that were written before it began", len(docs))
	}
}

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/orgd/orgd/internal/tenant"
)

// discard is the log of work on files that nobody serves.
var discard = slog.New(slog.DiscardHandler)

// Restore makes the data folder dir, which must not exist or be empty, from the backup in src. It checks every file and that
// no organization lacks its own, before the folder gets its name. It returns what the backup itself lacks. progress, if given,
// is told of every file.
func Restore(ctx context.Context, src, dir string, progress func(done, total int, what string)) (lacks []Lack, err error) {
	m, err := readManifest(src)
	if err != nil {
		return nil, err
	}
	work, err := beginFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = work.giveUp(err)
		}
	}()
	if progress == nil {
		progress = func(int, int, string) {}
	}
	r := &restore{src: src, dir: work.temporary, manifest: m, progress: progress, files: tenantFiles{dir: work.temporary, log: discard}}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	return m.lacks(), work.finish()
}

// restore is one run of Restore.
type restore struct {
	src, dir string
	manifest manifest
	progress func(done, total int, what string)
	files    tenantFiles
}

func (r *restore) run(ctx context.Context) error {
	list := r.manifest.Files
	for i, f := range list {
		r.progress(i, len(list)+1, string(f.Organization))
		if err := ctx.Err(); err != nil {
			return overdue(err)
		}
		if f.Missing {
			continue
		}
		if err := r.tenant(f); err != nil {
			return err
		}
	}
	r.progress(len(list), len(list)+1, "catalog")
	if err := r.catalog(); err != nil {
		return err
	}
	r.progress(len(list)+1, len(list)+1, "")
	return nil
}

// fetch copies a file of the backup, which must be what was backed up to the last bit, and returns where it is.
func (r *restore) fetch(name, want string) (path string, err error) {
	path = filepath.Join(r.dir, filepath.FromSlash(name))
	if err := copyFile(filepath.Join(r.src, filepath.FromSlash(name)), path); err != nil {
		return "", refuse(err, "the backup's file %s cannot be copied", name)
	}
	_, sum, err := checksum(path)
	if err != nil {
		return "", refuse(err, "the copy %s of the backup's file cannot be read", path)
	}
	if sum != want {
		return "", refuse(fmt.Errorf("its SHA-256 is %s, and was %s", sum, want),
			"the backup's file %s has changed since it was made; restore another copy of the backup, or an older one", name)
	}
	return path, nil
}

// tenant copies one tenant's file and checks it.
func (r *restore) tenant(f manifestEntry) error {
	path, err := r.fetch(f.File, f.SHA256)
	if err != nil {
		return err
	}
	if f.Damaged {
		return nil // as it was; who has it back can still delete it, or put an older file in its place
	}
	if err := r.files.examine(path, f.Organization); err != nil {
		return refuse(err, "the backup's file %s is not the organization's, or damaged", f.File)
	}
	return nil
}

// examine returns an error if a file that nobody serves is not the organization's, or damaged anywhere.
func (t tenantFiles) examine(path string, org tenant.OrgID) error {
	f, err := t.openAt(path, org, 1)
	if err != nil {
		return err
	}
	if err := errors.Join(f.read(context.Background(), quickCheck), f.close()); err != nil {
		return err
	}
	return unattended(path)
}

// errUnsound says that SQLite found a file damaged, although it can read it.
var errUnsound = errors.New("quick_check")

// quickCheck returns an error if SQLite finds a file damaged.
func quickCheck(s *session) error {
	var verdict string
	if err := s.get("PRAGMA quick_check(1)", nil, &verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", errUnsound, verdict)
	}
	return nil
}

// catalog copies the catalog and checks it, and that each organization has its file, but those of which the manifest says that
// they had none.
func (r *restore) catalog() error {
	path, err := r.fetch(catalogName, r.manifest.CatalogSHA256)
	if err != nil {
		return err
	}
	var list []whereabouts
	err = alter(path, func(s *session) error {
		_, err := catalogLayout.outdated(s)
		if err == nil {
			err = quickCheck(s)
		}
		if err == nil {
			list, err = allWhereabouts(s)
		}
		return err
	})
	if err != nil {
		return refuse(err, "the backup's catalog is damaged, or of a newer orgd")
	}
	missing := map[tenant.OrgID]bool{}
	for _, f := range r.manifest.Files {
		missing[f.Organization] = f.Missing
	}
	for _, w := range list {
		there, err := exists(filepath.Join(r.dir, w.file()))
		if err != nil {
			return err
		}
		if !there && !w.optional() && !missing[w.id] {
			return tenant.Errorf(tenant.CodeUnavailable, "the backup lacks the file of organization %s (%s)", w.id, w.file())
		}
	}
	return nil
}

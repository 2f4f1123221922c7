package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// catalogName is the file of everything but the tenants' documents.
const catalogName = "orgd.db"

// headerSize is the size of an SQLite file's header.
const headerSize = 100

// catalogReaders is how many connections read the catalog at once.
const catalogReaders = 8

// DB is an open data folder. It belongs to this process alone until Close.
type DB struct {
	dir      string
	log      *slog.Logger
	now      func() time.Time
	lock     *os.File
	catalog  *file
	identity os.FileInfo // of the catalog's file when it was opened
	disk     *disk
	files    tenantFiles
	pool     *pool
	press    *press
	places   *places
	throttle *throttle

	stop    context.CancelFunc
	stopped chan struct{}
	closing sync.Once
	closed  error
}

// Open opens the data folder: it takes its lock, brings the catalog to the newest layout and forgets the servers that died.
// What it refuses is a *tenant.Error of one line that says what to do.
func Open(ctx context.Context, o Options) (_ *DB, err error) {
	o = o.withDefaults()
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, refuse(err, "the data folder %s has no absolute path", o.Dir)
	}
	bound, err := o.bound()
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(dir); err != nil {
		return nil, err
	}
	db := &DB{dir: dir, log: o.Log, now: o.Now}
	db.lock, err = lockFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.release())
		}
	}()
	if err := db.openCatalog(ctx); err != nil {
		return nil, err
	}
	db.disk = &disk{dir: dir, minRatio: o.MinFreeRatio, space: o.space, now: o.Now}
	db.files = tenantFiles{dir: dir, log: o.Log}
	db.pool = newPool(bound, o.Log, db.files.open)
	db.press, err = newPress(ctx)
	if err != nil {
		return nil, refuse(err, "the layout of tenants' files cannot be made")
	}
	db.places = &places{files: db.files, pool: db.pool, disk: db.disk, press: db.press}
	db.throttle = newThrottle(db.catalog, o.Log, o.Now)
	if err := db.throttle.load(ctx); err != nil {
		return nil, err
	}
	db.start(o.tick)
	return db, nil
}

// start begins what goes on beside the calls.
func (db *DB) start(tick <-chan time.Time) {
	ctx, stop := context.WithCancel(context.Background())
	db.stop, db.stopped = stop, make(chan struct{})
	go func() {
		defer close(db.stopped)
		if tick == nil {
			ticker := time.NewTicker(time.Second)
			defer ticker.Stop()
			tick = ticker.C
		}
		db.throttle.run(ctx, tick)
	}()
}

// Close waits for the calls that are under way, writes what is in memory and gives the folder free. Later calls fail with
// CodeUnavailable.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.stop()
		<-db.stopped
		db.closed = errors.Join(db.throttle.flush(context.Background()), db.release())
	})
	return db.closed
}

// release closes whatever is open, the lock last.
func (db *DB) release() error {
	var failed error
	if db.pool != nil {
		failed = errors.Join(failed, db.pool.close())
	}
	if db.press != nil {
		failed = errors.Join(failed, db.press.close())
	}
	if db.catalog != nil {
		failed = errors.Join(failed, db.catalog.close())
	}
	return errors.Join(failed, db.lock.Truncate(0), db.lock.Close())
}

// prepareFolder makes the data folder and those in it, or refuses one that others could read or that is none.
func prepareFolder(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, tenantsFolder), filepath.Join(dir, trashFolder)} {
		if err := makeFolder(d); err != nil {
			return refuse(err, "the data folder %s cannot be made; name a folder on a disk that the user running orgd may write to", d)
		}
		info, err := os.Stat(d)
		if err != nil {
			return refuse(err, "the data folder %s cannot be looked at", d)
		}
		if !info.IsDir() {
			return refuse(nil, "the data folder %s cannot be made, since a file has that name; name another folder", d)
		}
		if wide := info.Mode().Perm() &^ 0o700; wide != 0 && permissionsCount {
			return refuse(nil, "the data folder %s is open to other users (mode %#o); close it with: chmod 700 %q", d, info.Mode().Perm(), d)
		}
	}
	return nil
}

// makeFolder makes a folder that is missing, and those that lead to it, so that it survives a crash.
func makeFolder(dir string) error {
	there, err := exists(dir)
	if err != nil || there {
		return err
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// openCatalog opens the catalog, making one in a new folder. Of what is wrong with it the error tells alone; the log is for
// what happens later.
func (db *DB) openCatalog(ctx context.Context) (err error) {
	path := filepath.Join(db.dir, catalogName)
	if err := db.sweep(path); err != nil {
		return err
	}
	c, err := openFile(path, catalogReaders, slog.New(slog.DiscardHandler), shred)
	if err != nil {
		return refuse(err, "the catalog %s cannot be opened", path)
	}
	db.catalog = c
	if err := upgradeCatalog(ctx, c); err != nil {
		return refuseCatalog(path, err)
	}
	db.identity, err = os.Stat(path)
	if err != nil {
		return refuse(err, "the catalog %s cannot be looked at", path)
	}
	err = c.write(ctx, func(s *session) error {
		if _, err := s.exec(`DELETE FROM instances`); err != nil {
			return err
		}
		_, err := s.exec(`UPDATE idempotency SET lease_until = NULL WHERE done = 0`)
		return err
	})
	if err != nil {
		return refuseCatalog(path, err)
	}
	c.log = db.log
	return nil
}

// shred lets a session of the catalog overwrite what it deletes: server keys are among it.
func shred(s *session) error {
	_, err := s.exec("PRAGMA secure_delete = 1")
	return err
}

// upgradeCatalog brings the catalog to the newest layout.
func upgradeCatalog(ctx context.Context, c *file) error {
	s, err := c.session(false)
	if err != nil {
		return err
	}
	outdated, err := catalogLayout.outdated(s)
	if err := errors.Join(err, s.close()); err != nil {
		return err
	}
	if outdated {
		return catalogLayout.apply(ctx, c.db)
	}
	return nil
}

// refuseCatalog says why the catalog is no good.
func refuseCatalog(path string, err error) error {
	switch {
	case errors.Is(err, errNewer):
		return refuse(err, "the catalog %s is newer than this orgd; start the newer version, or restore an older backup", path)
	case errors.Is(err, errForeign):
		return refuse(err, "%s is the database of something else; choose another data folder", path)
	case damaged(err):
		return refuse(err, "the catalog %s is damaged; restore the data folder from a backup (orgd restore)", path)
	default:
		return refuse(err, "the catalog %s cannot be used", path)
	}
}

// sweep removes what a creation that was cut short left behind, and makes an empty catalog in a new folder. A folder with
// tenants and without a catalog is not new: with an empty catalog all of them would be lost.
func (db *DB) sweep(catalog string) error {
	tenants := false
	for _, folder := range []string{tenantsFolder, trashFolder} {
		dir := filepath.Join(db.dir, folder)
		var leftovers []string
		err := eachNames(dir, func(names []string) error {
			for _, name := range names {
				tenants = tenants || strings.HasSuffix(name, ".db")
				if strings.HasSuffix(name, ".tmp") {
					leftovers = append(leftovers, name)
				}
			}
			return nil
		})
		if err != nil {
			return refuse(err, "the data folder %s cannot be read", dir)
		}
		for _, name := range leftovers {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return refuse(err, "the leftover %s cannot be removed from %s", name, dir)
			}
		}
	}
	return newCatalog(catalog, tenants)
}

// newCatalog makes an empty catalog in a new folder. One that is empty already is left where the first start was cut short.
func newCatalog(path string, tenants bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && tenants:
		return refuse(nil, "the data folder of %s has tenants' files but no catalog; restore it from a backup (orgd restore)", path)
	case errors.Is(err, os.ErrNotExist):
		err = errors.Join(unattended(path), writeFile(path, nil), syncDir(filepath.Dir(path)))
	case err == nil && info.Size() < headerSize && (tenants || info.Size() > 0): // SQLite would take it for an empty one
		return refuse(nil, "the catalog %s is damaged; restore the data folder from a backup (orgd restore)", path)
	}
	if err != nil {
		return refuse(err, "the catalog %s cannot be made", path)
	}
	return nil
}

// readNames returns the names in a folder, unsorted: sorting 100,000 of them would cost more than reading them.
func readNames(dir string) (all []string, err error) {
	err = eachNames(dir, func(names []string) error {
		all = append(all, names...)
		return nil
	})
	return all, err
}

// eachNames hands the names in a folder to fn, so many at a time, unsorted.
func eachNames(dir string, fn func(names []string) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	for {
		names, err := d.Readdirnames(atOnce)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", dir, err)
		}
		if err := fn(names); err != nil {
			return err
		}
	}
}

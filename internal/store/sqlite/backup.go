package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/orgd/orgd/internal/tenant"
)

// catalogAttempts is how often the catalog is copied anew when tenants it knows were purged before their turn came.
const catalogAttempts = 5

// backup is one run of Backup.
type backup struct {
	db       *DB
	dir      string // where it is written, beside its final name
	progress func(done, total int, what string)
	copied   map[tenant.OrgID]manifestEntry
	manifest manifest
}

// Backup copies everything into the folder dest, which must not exist or be empty, while the store serves: each tenant's
// file as it is at one moment, and the catalog last. What must not outlive the original is left out: server keys, sessions,
// reset links, idempotency records, throttle counters. Where a tenant's file is missing or damaged it goes on with the others
// and returns what it lacks. progress, if given, is told of every file.
func (db *DB) Backup(ctx context.Context, dest string, progress func(done, total int, what string)) (lacks []Lack, err error) {
	switch inside, err := within(db.dir, dest); {
	case err != nil:
		return nil, refuse(err, "the folder %s cannot be used", dest)
	case inside:
		return nil, refuse(nil, "the folder %s is in the data folder; name one elsewhere, best on another disk", dest)
	}
	work, err := beginFolder(dest)
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
	b := &backup{db: db, dir: work.temporary, progress: progress, copied: map[tenant.OrgID]manifestEntry{}}
	if err := b.run(ctx); err != nil {
		return nil, fmt.Errorf("back up to %s: %w", dest, err)
	}
	return b.manifest.lacks(), work.finish()
}

func (b *backup) run(ctx context.Context) error {
	b.manifest = manifest{
		Format: manifestFormat, CatalogLayout: catalogLayout.newest, TenantLayout: tenantLayout.newest,
		StartedAt: tenant.Millis(b.db.now()),
	}
	var list []whereabouts
	err := b.db.catalog.read(ctx, func(s *session) (err error) {
		list, err = allWhereabouts(s)
		return err
	})
	if err != nil {
		return err
	}
	for i, w := range list {
		b.progress(i, len(list)+1, string(w.id))
		if _, err := b.tenant(ctx, w.id); err != nil {
			return err
		}
	}
	b.progress(len(list), len(list)+1, "catalog")
	for range catalogAttempts {
		settled, err := b.catalog(ctx)
		if err != nil {
			return err
		}
		if settled {
			b.progress(len(list)+1, len(list)+1, "")
			return b.writeManifest()
		}
	}
	return tenant.Errorf(tenant.CodeUnavailable, "organizations were purged faster than they could be copied; try again")
}

// tenant copies one tenant's file from wherever it is, and reports false if it needs none: it was purged meanwhile.
func (b *backup) tenant(ctx context.Context, id tenant.OrgID) (bool, error) {
	e := manifestEntry{Organization: id, File: filepath.Join(tenantsFolder, string(id)+".db"), CopiedAt: tenant.Millis(b.db.now())}
	found, err := b.copyTenant(ctx, id, filepath.Join(b.dir, e.File))
	switch {
	case errors.Is(err, errNoFile):
		b.miss(e)
		return true, nil
	case err != nil && ctx.Err() == nil && !errors.Is(err, errClosed):
		err = blocked(e, err)
	case err == nil && found:
		err = b.note(e)
	}
	return found, err
}

// copyTenant copies the file while nobody moves it.
func (b *backup) copyTenant(ctx context.Context, id tenant.OrgID, to string) (bool, error) {
	db := b.db
	e, err := db.pool.pin(ctx, id)
	if err != nil {
		return false, err
	}
	defer db.pool.unpin(e)
	home, err := db.files.home(id)
	if err != nil {
		return false, err
	}
	if there, err := exists(home); err != nil {
		return false, err
	} else if there {
		return true, b.copyHome(ctx, e, home, to)
	}
	return b.copyGrave(ctx, id, to)
}

// copyHome copies a file in use. One that is not open is opened apart from the pool, so that a backup does not drive out
// the files that are in demand.
func (b *backup) copyHome(ctx context.Context, e *entry, from, to string) error {
	f, apart, err := b.db.pool.borrow(ctx, e, func() (*file, error) { return b.db.files.openAt(from, e.org, 1) })
	if unusable(err) {
		return errors.Join(unattended(from), copyFile(from, to))
	}
	if err != nil {
		return err
	}
	err = f.read(ctx, func(s *session) error { return copyDatabase(ctx, s, to) })
	if apart {
		err = errors.Join(err, f.close())
	}
	return err
}

// copyGrave copies a file in the trash, which nobody has open, and reports false if the organization needs none. errNoFile if it
// has none and needs one: nothing moves meanwhile.
func (b *backup) copyGrave(ctx context.Context, id tenant.OrgID, to string) (bool, error) {
	o, err := (orgs{catalog: b.db.catalog}).Get(ctx, id) // anew: nothing has moved since the pin
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	candidates := []tenant.OperationID{o.Trash}
	if o.Op != nil {
		candidates = append(candidates, o.Op.ID)
	}
	for _, op := range candidates {
		grave, err := b.db.files.grave(id, op)
		if err != nil {
			continue // no operation
		}
		there, err := exists(grave)
		if err != nil || !there {
			if err != nil {
				return false, err
			}
			continue
		}
		if err := unattended(grave); err != nil {
			return false, err
		}
		return true, copyFile(grave, to)
	}
	if (whereabouts{state: o.State}).optional() {
		return false, nil
	}
	return false, errNoFile
}

// catalog copies the catalog, makes the tenants' files agree with it, and reports false if one that it needs is gone.
func (b *backup) catalog(ctx context.Context) (bool, error) {
	path := filepath.Join(b.dir, catalogName)
	b.manifest.CatalogAt = tenant.Millis(b.db.now())
	if err := b.db.catalog.read(ctx, func(s *session) error { return copyDatabase(ctx, s, path) }); err != nil {
		return false, err
	}
	var list []whereabouts
	err := alter(path, func(s *session) (err error) {
		list, err = allWhereabouts(s)
		if err != nil {
			return err
		}
		return scrub(s)
	})
	if err != nil {
		return false, err
	}
	return b.agree(ctx, list)
}

// scrub takes out of a catalog's copy what must not outlive the original, to the last free page.
func scrub(s *session) error {
	for _, statement := range []string{
		"DELETE FROM keys", "DELETE FROM sessions", "UPDATE users SET reset = NULL WHERE reset IS NOT NULL",
		"DELETE FROM idempotency", "DELETE FROM throttle", "DELETE FROM instances", "VACUUM",
	} {
		if _, err := s.exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// agree copies the files that the catalog's copy knows and that are not there yet, puts those in the trash that lie there
// by its word, and removes those that it does not know.
func (b *backup) agree(ctx context.Context, list []whereabouts) (bool, error) {
	known := map[tenant.OrgID]bool{}
	for _, w := range list {
		known[w.id] = true
		if _, ok := b.copied[w.id]; !ok {
			found, err := b.tenant(ctx, w.id)
			if err != nil {
				return false, err
			}
			if !found && !w.optional() {
				return false, nil
			}
		}
		if err := b.place(w); err != nil {
			return false, err
		}
	}
	for id, e := range b.copied {
		if known[id] {
			continue
		}
		if err := os.Remove(filepath.Join(b.dir, e.File)); err != nil && !e.Missing {
			return false, err
		}
		delete(b.copied, id)
	}
	b.manifest.Organizations = len(list)
	return true, nil
}

// place moves a copied file where the catalog's copy says that it lies.
func (b *backup) place(w whereabouts) error {
	e, ok := b.copied[w.id]
	if want := w.file(); ok && e.File != want {
		if err := os.Rename(filepath.Join(b.dir, e.File), filepath.Join(b.dir, want)); err != nil && !e.Missing {
			return err
		}
		e.File = want
		b.copied[w.id] = e
	}
	return nil
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// homes are the tenants' files as they lie, in use and in the trash.
type homes struct {
	files  tenantFiles
	pool   *pool
	disk   *disk
	places *places
}

// All implements store.Homes.
func (t homes) All(ctx context.Context) (all []store.Home, err error) {
	for _, folder := range []string{tenantsFolder, trashFolder} {
		if ctx.Err() != nil {
			return nil, overdue(ctx.Err())
		}
		names, err := readNames(filepath.Join(t.files.dir, folder))
		if err != nil {
			return nil, translate(err)
		}
		for _, name := range names {
			if home, ok := homeOf(folder, name); ok {
				all = append(all, home)
			}
		}
	}
	return all, nil
}

// homeOf reads whose home a file is from its name.
func homeOf(folder, name string) (store.Home, bool) {
	if !strings.HasSuffix(name, ".db") {
		return store.Home{}, false
	}
	org, op := owner(name)
	home := store.Home{Place: tenant.Place{Org: org}, Trash: op}
	if folder == tenantsFolder {
		return home, op == "" && plainID.MatchString(string(org))
	}
	return home, plainID.MatchString(string(org)) && plainID.MatchString(string(op))
}

// Scan implements store.Homes.
func (t homes) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) (page []tenant.Document, err error) {
	read := func(s *session) error {
		page, err = listDocuments(ctx, s, defaultTable, after, limit)
		return err
	}
	if home.Trash == "" {
		err = t.pool.use(ctx, home.Place.Org, func(f *file) error { return f.read(ctx, read) })
	} else {
		err = t.scanGrave(ctx, home, read)
	}
	return page, err
}

// errUnsettled says that a file in the trash has a log beside it, or is of an older layout.
var errUnsettled = errors.New("the file is not settled")

// scanGrave reads a file in the trash, after it has been settled if need be.
func (t homes) scanGrave(ctx context.Context, home store.Home, read func(*session) error) error {
	org := home.Place.Org
	path, err := t.files.grave(org, home.Trash)
	if err != nil {
		return err
	}
	err = t.readGrave(ctx, path, org, read)
	if !errors.Is(err, errUnsettled) {
		return translate(err)
	}
	err = t.pool.exclusive(ctx, org, func() error { return translate(t.places.settle(path, org, nil)) })
	if err != nil {
		return err
	}
	return translate(t.readGrave(ctx, path, org, read))
}

// readGrave reads a file in the trash while nobody moves it, and leaves nothing beside it: SQLite's own files there would be
// taken for a log if the process ended in between.
func (t homes) readGrave(ctx context.Context, path string, org tenant.OrgID, read func(*session) error) (err error) {
	e, err := t.pool.pin(ctx, org)
	if err != nil {
		return err
	}
	defer t.pool.unpin(e)
	if there, err := exists(path); err != nil || !there {
		return absent(path, err)
	}
	if unattended(path) != nil {
		return errUnsettled
	}
	s, db, err := openImmutable(ctx, path)
	if err != nil {
		return err
	}
	err = t.files.judge(s, path, org)
	if errors.Is(err, errOutdated) {
		err = errUnsettled
	}
	if err == nil {
		err = read(s)
	}
	return errors.Join(err, s.close(), db.Close())
}

// openImmutable opens a file that nobody changes, without a log and without locks.
func openImmutable(ctx context.Context, path string) (*session, *sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, "mode=ro", "immutable=1", "_defensive=1", "_dqs=0", "_pragma=trusted_schema(0)"))
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return &session{conn: conn, stmts: map[string]*sql.Stmt{}}, db, nil
}

// Load implements store.Homes.
func (t homes) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	if err := t.disk.check(); err != nil {
		return err
	}
	kept := make([]tenant.Document, 0, len(docs))
	for _, doc := range docs {
		kept = append(kept, storedDocument(doc))
	}
	return t.write(ctx, place.Org, func(s *session) error {
		var documents, bytes int64
		for _, doc := range kept {
			if err := ctx.Err(); err != nil {
				return overdue(err)
			}
			added, grown, err := loadDocument(s, doc)
			if err != nil {
				return err
			}
			documents, bytes = documents+added, bytes+grown
		}
		return grow(s, documents, bytes, 0)
	})
}

// loadDocument inserts or replaces a document, and returns how many documents and bytes there are more.
func loadDocument(s *session, doc tenant.Document) (added, grown int64, err error) {
	args, size := documentArgs(doc), int64(len(doc.Data))
	n, err := s.exec(`INSERT INTO `+defaultTable+` (`+documentColumns+`) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`, args...)
	if err != nil || n > 0 {
		return 1, size, err
	}
	var before int64
	if err := s.get(`SELECT octet_length(data) FROM `+defaultTable+` WHERE id = ?`, args[:1], &before); err != nil {
		return 0, 0, err
	}
	_, err = s.exec(`UPDATE `+defaultTable+` SET data = ?2, version = ?3, created_at = ?4, updated_at = ?5, write_id = ?6 WHERE id = ?1`, args...)
	return 0, size - before, err
}

// Remove implements store.Homes.
func (t homes) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	gone := append([]tenant.DocumentID(nil), ids...)
	return t.write(ctx, place.Org, func(s *session) error {
		for _, id := range gone {
			if err := deleteDocument(s, defaultTable, id, tenant.Revision{}); err != nil && !tenant.IsCode(err, tenant.CodeNotFound) {
				return err
			}
		}
		return nil
	})
}

// write runs fn in a transaction of the tenant's file, however long that takes.
func (t homes) write(ctx context.Context, org tenant.OrgID, fn func(*session) error) error {
	return t.pool.use(ctx, org, func(f *file) error { return f.write(ctx, fn) })
}

var _ store.Homes = homes{}

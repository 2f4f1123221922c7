package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// documents keeps the tenants' data, each in a file of its own.
type documents struct {
	pool *pool
	disk *disk
}

const documentColumns = `id, data, version, created_at, updated_at, write_id`

// callTime is how long one call may wait before it fails: the gate of the organization is held meanwhile.
const callTime = time.Second

// defaultTable is the table of the default collection, which has number 1 in every file.
const defaultTable = "c1"

// findTable returns the table of a collection. Its name is made of a number from the file's own list, never of what a caller
// sent.
func findTable(s *session, c tenant.Collection) (string, error) {
	if c == tenant.DefaultCollection {
		return defaultTable, nil
	}
	var number int64
	if err := s.get(`SELECT number FROM collections WHERE name = ?`, []any{string(c)}, &number); err != nil {
		return "", missing(err, "collection")
	}
	return "c" + strconv.FormatInt(number, 10), nil
}

// documentArgs are the row's values in the order of documentColumns. They share nothing with the document.
func documentArgs(d tenant.Document) []any {
	return []any{string(d.ID), string(d.Data), d.Version, instant(d.CreatedAt), instant(d.UpdatedAt), d.WriteID}
}

// scanDocument reads a row of documentColumns.
func scanDocument(scan func(dest ...any) error) (d tenant.Document, err error) {
	var data string
	err = scan(&d.ID, &data, &d.Version, (*instant)(&d.CreatedAt), (*instant)(&d.UpdatedAt), &d.WriteID)
	d.Data = tenant.Data(data)
	return d, err
}

// findDocument returns a document, or sql.ErrNoRows.
func findDocument(s *session, table string, id tenant.DocumentID) (tenant.Document, error) {
	return scanDocument(func(dest ...any) error {
		return s.get(`SELECT `+documentColumns+` FROM `+table+` WHERE id = ?`, []any{string(id)}, dest...)
	})
}

// grow adds to what the tenant stores. More bytes than the quota are refused, fewer than before never.
func grow(s *session, documents, bytes, quota int64) error {
	var stored int64
	err := s.get(`UPDATE meta SET documents = documents + ?, bytes = bytes + ? RETURNING bytes`, []any{documents, bytes}, &stored)
	if err == nil && quota > 0 && bytes > 0 && stored > quota {
		return tenant.Errorf(tenant.CodeQuota, "the organization's documents would have more bytes than it may store; delete some, or ask for more")
	}
	return err
}

// read runs fn with a reader of the tenant's file.
func (t documents) read(ctx context.Context, org tenant.OrgID, fn func(s *session) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return t.pool.use(ctx, org, func(f *file) error { return f.read(ctx, fn) })
}

// writeDocument runs fn in a transaction of the tenant's file.
func writeDocument[T any](ctx context.Context, t documents, org tenant.OrgID, fn func(s *session) (T, error)) (result T, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	err = t.pool.use(ctx, org, func(f *file) error {
		result, err = writing(ctx, f, fn)
		return err
	})
	return result, err
}

// Insert implements store.Documents.
func (t documents) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, quota int64,
) (tenant.Document, error) {
	if err := t.disk.check(); err != nil {
		return tenant.Document{}, err
	}
	doc = storedDocument(doc)
	doc.Version = 1
	return writeDocument(ctx, t, in.Org, func(s *session) (tenant.Document, error) {
		table, err := findTable(s, in.Collection)
		if err != nil {
			return doc, err
		}
		n, err := s.exec(`INSERT INTO `+table+` (`+documentColumns+`) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
			documentArgs(doc)...)
		if err != nil {
			return doc, err
		}
		if n == 0 {
			return insertedBefore(s, table, doc)
		}
		return doc, grow(s, 1, int64(len(doc.Data)), quota)
	})
}

// storedDocument returns the document as a row holds it, sharing nothing with doc.
func storedDocument(doc tenant.Document) tenant.Document {
	doc.Data = append(tenant.Data(nil), doc.Data...)
	doc.CreatedAt, doc.UpdatedAt = tenant.Millis(doc.CreatedAt), tenant.Millis(doc.UpdatedAt)
	return doc
}

// insertedBefore returns the document that has the id already, if it is the same insert that put it there.
func insertedBefore(s *session, table string, doc tenant.Document) (tenant.Document, error) {
	found, err := findDocument(s, table, doc.ID)
	if err != nil {
		return found, err
	}
	if found.Version == 1 && found.WriteID == doc.WriteID {
		return found, nil
	}
	return found, tenant.Errorf(tenant.CodeIDTaken, "another document has this id")
}

// Get implements store.Documents.
func (t documents) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID,
) (doc tenant.Document, err error) {
	err = t.read(ctx, in.Org, func(s *session) error {
		table, err := findTable(s, in.Collection)
		if err != nil {
			return err
		}
		doc, err = findDocument(s, table, id)
		return missing(err, "document")
	})
	return doc, err
}

// errPageFull ends a list whose next document would be too much.
var errPageFull = errors.New("the page is full")

// List implements store.Documents.
func (t documents) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID, limit int,
) (list []tenant.Document, err error) {
	err = t.read(ctx, in.Org, func(s *session) error {
		table, err := findTable(s, in.Collection)
		if err == nil {
			list, err = listDocuments(ctx, s, table, after, limit)
		}
		return err
	})
	return list, err
}

// listDocuments returns a page of a collection's documents.
func listDocuments(ctx context.Context, s *session, table string, after tenant.DocumentID, limit int) (list []tenant.Document, err error) {
	bytes := 0
	err = s.each(`SELECT `+documentColumns+` FROM `+table+` WHERE id > ? ORDER BY id LIMIT ?`, []any{string(after), limit},
		func(scan func(dest ...any) error) error {
			d, err := scanDocument(scan)
			if bytes += len(d.Data); err == nil && len(list) > 0 && bytes > store.PageBytes {
				return errPageFull
			}
			list = append(list, d)
			return errors.Join(err, ctx.Err())
		})
	if errors.Is(err, errPageFull) {
		return list, nil
	}
	return list, err
}

// Update implements store.Documents.
func (t documents) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
	change func(*tenant.Document) error,
) (tenant.Document, error) {
	if err := t.disk.check(); err != nil {
		return tenant.Document{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return swap(func() (tenant.Document, error) {
		old, err := t.Get(ctx, in, id)
		if err != nil {
			return old, err
		}
		next := storedDocument(old)
		if err := change(&next); err != nil {
			return tenant.Document{}, err
		}
		next = storedDocument(next)
		next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
		return writeDocument(ctx, t, in.Org, func(s *session) (tenant.Document, error) {
			table, err := findTable(s, in.Collection)
			if err != nil {
				return next, err
			}
			if err := replaceDocument(s, table, next); err != nil {
				return next, err
			}
			return next, grow(s, 0, int64(len(next.Data)-len(old.Data)), quota)
		})
	})
}

// replaceDocument writes the next version of a document in place of the one before; errLost if that is not there any more.
func replaceDocument(s *session, table string, next tenant.Document) error {
	return swapped(s.exec(`UPDATE `+table+` SET data = ?, version = ?, updated_at = ?, write_id = ? WHERE id = ? AND version = ? AND created_at IS ?`,
		string(next.Data), next.Version, instant(next.UpdatedAt), next.WriteID, string(next.ID), next.Version-1, instant(next.CreatedAt)))
}

// Delete implements store.Documents.
func (t documents) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, want tenant.Revision) error {
	_, err := writeDocument(ctx, t, in.Org, func(s *session) (none struct{}, err error) {
		table, err := findTable(s, in.Collection)
		if err != nil {
			return none, err
		}
		return none, deleteDocument(s, table, id, want)
	})
	return err
}

// deleteDocument looks and deletes in the caller's transaction, which nothing comes between.
func deleteDocument(s *session, table string, id tenant.DocumentID, want tenant.Revision) error {
	var current tenant.Revision
	var size int64
	err := s.get(`SELECT version, created_at, octet_length(data) FROM `+table+` WHERE id = ?`, []any{string(id)},
		&current.Version, (*instant)(&current.CreatedAt), &size)
	if err != nil {
		return missing(err, "document")
	}
	if err := want.Demand(current); err != nil {
		return err
	}
	if _, err := s.exec(`DELETE FROM `+table+` WHERE id = ?`, string(id)); err != nil {
		return err
	}
	return grow(s, -1, -size, 0)
}

// Usage implements store.Documents.
func (t documents) Usage(ctx context.Context, place tenant.Place) (u tenant.Usage, err error) {
	err = t.read(ctx, place.Org, func(s *session) error {
		u, err = usage(s)
		return err
	})
	return u, err
}

func usage(s *session) (u tenant.Usage, err error) {
	err = s.get(`SELECT documents, bytes FROM meta`, nil, &u.Documents, &u.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return u, errStranger
	}
	return u, err
}

var _ store.Documents = documents{}

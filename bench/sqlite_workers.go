package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/internal/tenant"
)

// bare is one connection to a fresh SQLite file with the durability that orgd promises, and nothing around it.
type bare struct {
	db   *sql.DB
	conn *sql.Conn
	mu   sync.Mutex // SQLite has one writer, and a connection one user, at a time
}

// openBare makes a file in dir with the schema.
func openBare(ctx context.Context, dir, schema string) (*bare, error) {
	const parameters = "_busy_timeout=900&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1"
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(dir, "bare.db"), RawQuery: parameters}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b := &bare{db: db, conn: conn}
	if _, err := conn.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bare) close() error { return errors.Join(b.conn.Close(), b.db.Close()) }

// commitRows is the limit of everything durable: commits of a row of half a kilobyte, one after the other.
func commitRows(ctx context.Context, t task, tell func(report) error) (err error) {
	b, err := openBare(ctx, t.Dir, `CREATE TABLE rows (id INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	free := context.WithoutCancel(ctx) // a context that can end costs two goroutines a statement
	insert, err := b.conn.PrepareContext(ctx, `INSERT INTO rows (data) VALUES (?)`)
	if err != nil {
		return err
	}
	data := string(make([]byte, 500))
	rate, err := t.loop().Repeat(func(int) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		_, err := insert.ExecContext(free, data)
		return err
	})
	return errors.Join(err, tell(report{Rate: rate}))
}

// The statements of a document, as internal/store/sqlite has them.
const (
	documentSchema = `CREATE TABLE c1 (id TEXT PRIMARY KEY NOT NULL, data TEXT NOT NULL, version INTEGER NOT NULL,
		created_at INTEGER, updated_at INTEGER, write_id TEXT NOT NULL) STRICT`
	documentInsert = `INSERT INTO c1 (id, data, version, created_at, updated_at, write_id) VALUES (?,?,?,?,?,?)`
	documentGet    = `SELECT id, data, version, created_at, updated_at, write_id FROM c1 WHERE id = ?`
)

// insertBare is the limit of a document's insert: the statement, a commit each.
func insertBare(ctx context.Context, t task, tell func(report) error) (err error) {
	b, err := openBare(ctx, t.Dir, documentSchema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	free := context.WithoutCancel(ctx) // a context that can end costs two goroutines a statement
	insert, err := b.conn.PrepareContext(ctx, documentInsert)
	if err != nil {
		return err
	}
	rate, err := t.loop().Repeat(func(n int) error {
		id := tenant.NewID()
		b.mu.Lock()
		defer b.mu.Unlock()
		_, err := insert.ExecContext(free, id, bulk.Document(n), 1, n, n, id)
		return err
	})
	return errors.Join(err, tell(report{Rate: rate}))
}

// getBare is the limit of reading a document: the statement, among t.Count documents.
func getBare(ctx context.Context, t task, tell func(report) error) (err error) {
	b, err := openBare(ctx, t.Dir, documentSchema)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	free := context.WithoutCancel(ctx) // a context that can end costs two goroutines a statement
	ids, err := b.insertDocuments(ctx, t.Count)
	if err != nil {
		return err
	}
	get, err := b.conn.PrepareContext(ctx, documentGet)
	if err != nil {
		return err
	}
	rate, err := t.loop().Repeat(func(n int) error {
		var id, data, write string
		var version, created, updated int64
		b.mu.Lock()
		defer b.mu.Unlock()
		return get.QueryRowContext(free, ids[n%len(ids)]).Scan(&id, &data, &version, &created, &updated, &write)
	})
	return errors.Join(err, tell(report{Rate: rate}))
}

// insertDocuments adds n documents in one transaction and returns their ids.
func (b *bare) insertDocuments(ctx context.Context, n int) (ids []string, err error) {
	tx, err := b.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	for i := range n {
		id := tenant.NewID()
		if _, err := tx.ExecContext(ctx, documentInsert, id, bulk.Document(i), 1, i, i, id); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		ids = append(ids, id)
	}
	return ids, tx.Commit()
}

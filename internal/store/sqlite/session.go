package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// session is one connection to one SQLite file, with the statements that were prepared on it. One goroutine uses it at a
// time. Its calls take no context: each statement is short, and the driver would start two goroutines for each one that
// could be interrupted, which costs more than a warm read.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// maxStatements bounds what one session keeps prepared; the catalog needs about sixty, a tenant a dozen a collection.
const maxStatements = 200

// dsn names a file for the driver. The path is escaped: a "?", "#" or "%" in it would otherwise end or change it, and the
// data would silently lie in another file. It is a "file:" URI, because the driver hides mode=rw from SQLite otherwise,
// and a missing file would be created.
func dsn(path string, params ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: strings.Join(params, "&")}
	return u.String()
}

// serving are the parameters of every connection that serves. The driver applies busy_timeout first, whatever the order.
// Defensive and dqs keep SQL from reaching the schema's own table and from reading a misspelt name as a string.
var serving = []string{
	"mode=rw", "_busy_timeout=900", "_journal_mode=WAL", "_synchronous=FULL", "_foreign_keys=1", "_txlock=immediate",
	"_defensive=1", "_dqs=0", "_pragma=trusted_schema(0)", "_pragma=journal_size_limit(16777216)",
	"_pragma=secure_delete(FAST)", "_pragma=cache_size(-1024)",
}

// promises are the pragmas that durability and integrity rest on, and the values that a connection must read back: SQLite
// ignores a pragma that it does not know or cannot fulfil.
var promises = []struct{ pragma, value string }{
	{"journal_mode", "wal"},
	{"synchronous", "2"},
	{"foreign_keys", "1"},
	{"busy_timeout", "900"},
	{"trusted_schema", "0"},
}

// newSession opens a connection of db and reads its pragmas back. A reader can change nothing.
func newSession(db *sql.DB, reader bool) (*session, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, stmts: map[string]*sql.Stmt{}}
	if err := s.prepare(reader); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) prepare(reader bool) error {
	for _, p := range promises {
		var got string
		if err := s.get("PRAGMA "+p.pragma, nil, &got); err != nil {
			return err
		}
		if got != p.value {
			return fmt.Errorf("pragma %s is %s where %s was asked for", p.pragma, got, p.value)
		}
	}
	if reader {
		_, err := s.exec("PRAGMA query_only = 1")
		return err
	}
	return nil
}

// stmt returns the prepared form of a query, preparing it if this is its first use.
func (s *session) stmt(query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	if len(s.stmts) >= maxStatements {
		if err := s.forget(); err != nil {
			return nil, err
		}
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed.
func (s *session) exec(query string, args ...any) (int64, error) {
	st, err := s.stmt(query) //nolint:sqlclosecheck // the session keeps it, and closes it in forget
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads the first row into dest, or fails with sql.ErrNoRows.
func (s *session) get(query string, args []any, dest ...any) error {
	st, err := s.stmt(query) //nolint:sqlclosecheck // the session keeps it, and closes it in forget
	if err != nil {
		return err
	}
	return st.QueryRowContext(context.Background(), args...).Scan(dest...)
}

// each calls row for each row of the answer, until it fails.
func (s *session) each(query string, args []any, row func(scan func(dest ...any) error) error) (err error) {
	st, err := s.stmt(query) //nolint:sqlclosecheck // the session keeps it, and closes it in forget
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// forget closes all prepared statements.
func (s *session) forget() error {
	var failed error
	for _, st := range s.stmts {
		failed = errors.Join(failed, st.Close())
	}
	clear(s.stmts)
	return failed
}

// close ends the connection.
func (s *session) close() error { return errors.Join(s.forget(), s.conn.Close()) }

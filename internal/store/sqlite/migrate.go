package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// The layouts, in numbered steps that go forward only. Each step sets user_version to its number, so that a file tells its
// layout without a query of goose's table, and goose (which accepts a file that is newer than its steps) runs only where
// there is something to do.
//
//go:embed migrations
var migrations embed.FS

// layout is the shape of one kind of file.
type layout struct {
	folder      string // of the steps
	application int    // the application_id of its files
	newest      int    // the number of the last step
	startsEmpty bool   // an empty file is one whose making was cut short
}

var (
	catalogLayout = layout{folder: "migrations/catalog", application: 'o'<<24 | 'r'<<16 | 'g'<<8 | 'd', newest: 5, startsEmpty: true}
	tenantLayout  = layout{folder: "migrations/tenant", application: 'o'<<24 | 'r'<<16 | 'g'<<8 | 't', newest: 1}
)

// errForeign says that a file is a database of something else.
var errForeign = errors.New("the file is not one of orgd's, or not of this kind")

// errNewer says that a file was written by a newer orgd.
var errNewer = errors.New("the file was written by a newer version of orgd")

// outdated reports whether the session's file needs steps. errForeign and errNewer say that it must not be touched.
func (l layout) outdated(s *session) (bool, error) {
	var application, version int
	if err := s.get("PRAGMA application_id", nil, &application); err != nil {
		return false, err
	}
	if err := s.get("PRAGMA user_version", nil, &version); err != nil {
		return false, err
	}
	switch {
	case application == 0 && version == 0 && l.startsEmpty:
		return true, virgin(s)
	case application != l.application:
		return false, errForeign
	case version > l.newest:
		return false, fmt.Errorf("%w (layout %d, this one knows %d)", errNewer, version, l.newest)
	default:
		return version < l.newest, nil
	}
}

// virgin returns errForeign if a file without our mark has anything in it that goose did not leave there before it was cut
// short.
func virgin(s *session) error {
	var tables int
	err := s.get(`SELECT count(*) FROM sqlite_schema WHERE name NOT IN ('goose_db_version', 'sqlite_sequence')`, nil, &tables)
	if err == nil && tables > 0 {
		return errForeign
	}
	return err
}

// apply runs the steps that the file lacks. One process at a time: the caller holds the folder's lock and has the file to
// itself.
func (l layout) apply(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Sub(migrations, l.folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the file to layout %d: %w", l.newest, err)
	}
	return nil
}

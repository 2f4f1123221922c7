package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// addAtOnce is how many records one transaction of an Add writes: other writers of the catalog wait meanwhile, and one fsync is
// little beside so many.
const addAtOnce = 1000

// transfer returns the store as it is.
func (db *DB) transfer() store.Transfer {
	c, d := db.catalog, db.disk
	return store.Transfer{
		Orgs:        table[tenant.Organization]{c, d, orgRows},
		Users:       table[tenant.User]{c, d, userRows},
		Operators:   table[tenant.Operator]{c, d, operatorRows},
		Sessions:    table[tenant.Session]{c, d, sessionRows},
		Keys:        table[tenant.Key]{c, d, keyRows},
		Idempotency: table[store.IdempotencyRecord]{c, d, idempotencyRows},
		Audit:       table[tenant.AuditEntry]{c, d, auditRows},
		Homes:       homes{files: db.files, pool: db.pool, disk: db.disk, places: db.places},
		Standing:    standing{c},
	}
}

// table is all rows of one noun of the catalog.
type table[T any] struct {
	catalog *file
	disk    *disk
	rows    rows[T]
}

// rows is how the records of one noun lie in the catalog.
type rows[T any] struct {
	noun  string // what people call one record
	table string
	key   []string // the columns of the primary key
	// columns are those that scan reads; derived, if any, are written besides.
	columns, derived string
	// encode shares nothing with the record.
	encode func(T) row
	scan   func(scan func(dest ...any) error) (T, error)
	// clear are the statements that remove all records and whatever is kept beside them.
	clear []string
}

// row is one record on its way in.
type row struct {
	key  []any
	args []any // of columns and derived
	// beside, if not nil, writes what is kept beside the row: claims, memberships.
	beside func(s *session) error
}

// Scan implements store.Table.
func (t table[T]) Scan(ctx context.Context, after *T, limit int) (list []T, err error) {
	key := strings.Join(t.rows.key, ", ")
	query, args := `SELECT `+t.rows.columns+` FROM `+t.rows.table, []any(nil)
	if after != nil {
		args = t.rows.encode(*after).key
		query += ` WHERE (` + key + `) > (` + marks(len(args)) + `)`
	}
	query += ` ORDER BY ` + key + ` LIMIT ?`
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(query, append(args, limit), func(scan func(dest ...any) error) error {
			v, err := t.rows.scan(scan)
			list = append(list, v)
			return errors.Join(err, ctx.Err())
		})
	})
	return list, err
}

// marks returns n question marks with commas between.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// Add implements store.Table.
func (t table[T]) Add(ctx context.Context, records []T) error {
	if err := t.disk.check(); err != nil {
		return err
	}
	for batch := range slices.Chunk(records, addAtOnce) {
		encoded := make([]row, 0, len(batch))
		for _, v := range batch {
			encoded = append(encoded, t.rows.encode(v))
		}
		err := t.catalog.write(ctx, func(s *session) error {
			for _, r := range encoded {
				if err := t.rows.add(s, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add writes one row, unless it is there as it is.
func (t rows[T]) add(s *session, r row) error {
	n, err := s.exec(`INSERT INTO `+t.table+` (`+t.columns+t.derived+`) VALUES (`+marks(len(r.args))+`) ON CONFLICT DO NOTHING`, r.args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.compare(s, r)
	}
	if r.beside == nil {
		return nil
	}
	err = r.beside(s)
	if held, ok := errors.AsType[*store.ClaimError](err); ok {
		return tenant.Wrap(tenant.CodeConflict, err, fmt.Sprintf("%s %v claims %q, which another one has", t.noun, r.key, held.Claim))
	}
	return err
}

// compare returns CodeConflict unless the row is there already as it is.
func (t rows[T]) compare(s *session, r row) error {
	there, err := t.scan(func(dest ...any) error {
		return s.get(`SELECT `+t.columns+` FROM `+t.table+` WHERE (`+strings.Join(t.key, ", ")+`) = (`+marks(len(t.key))+`)`, r.key, dest...)
	})
	if errors.Is(err, sql.ErrNoRows) { // the id of an entry is elsewhere in the log
		return tenant.Errorf(tenant.CodeConflict, "%s %v has an id that another one has", t.noun, r.key)
	}
	if err != nil {
		return err
	}
	same, err := sameArgs(t.encode(there).args, r.args)
	if err == nil && !same {
		return tenant.Errorf(tenant.CodeConflict, "%s %v is there already, and differs from the one to be added", t.noun, r.key)
	}
	return err
}

// sameArgs reports whether two rows of parameters store the same.
func sameArgs(a, b []any) (bool, error) {
	for i := range a {
		x, err := stored(a[i])
		if err != nil {
			return false, err
		}
		y, err := stored(b[i])
		if err != nil || x != y {
			return false, err
		}
	}
	return true, nil
}

// stored returns what a parameter stores, in a form that can be compared.
func stored(arg any) (any, error) {
	if v, ok := arg.(driver.Valuer); ok {
		return v.Value()
	}
	if b, ok := arg.([]byte); ok {
		return string(b), nil
	}
	return arg, nil
}

// Clear implements store.Table.
func (t table[T]) Clear(ctx context.Context) error {
	return t.catalog.write(ctx, func(s *session) error {
		for _, statement := range t.rows.clear {
			if _, err := s.exec(statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

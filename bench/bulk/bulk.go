// Package bulk fills stores below HTTP, with many organizations or documents in seconds. The measurements in bench use it, and
// so can tests that need a large installation.
//
// A data folder of the embedded store is filled with rows in the form in which internal/store/sqlite writes them, but in one
// transaction and without waiting for the disk, so no server may run on the folder meanwhile. What it makes is what creations
// and inserts would have made, but for the audit entries: there are none. Its test reads everything back through the store, so
// that the two forms stay one.
package bulk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/orgd/orgd/internal/store/sqlite"
	"github.com/orgd/orgd/internal/tenant"
)

// Installation is a data folder that was filled.
type Installation struct {
	// Dir is the data folder.
	Dir string
	// Orgs are the organizations, in ascending order of their ids.
	Orgs []Org

	template   []byte // a tenant's empty file
	templateOf tenant.OrgID
}

// Org is an organization that was made.
type Org struct {
	ID    tenant.OrgID
	Name  tenant.Name
	Slug  tenant.Slug
	Owner tenant.UserID
	Email tenant.Email
}

// Operator is the address of the installation's operator.
const Operator tenant.Email = "operator@example.com"

// Fill makes a data folder with an operator and n active organizations, each with its owner, and no tenant's files: see
// [Installation.AddFiles]. Everybody has the password of the given hash.
func Fill(ctx context.Context, dir string, n int, passwordHash string) (*Installation, error) {
	in := &Installation{Dir: dir}
	if err := in.found(ctx, passwordHash); err != nil {
		return nil, err
	}
	db, err := open(filepath.Join(dir, "orgd.db"))
	if err != nil {
		return nil, err
	}
	err = atOnce(ctx, db, func(tx *sql.Tx) error { return in.addOrgs(ctx, tx, n, passwordHash) })
	return in, errors.Join(err, db.Close())
}

// found makes the folder with its operator, and takes the template of a tenant's file.
func (in *Installation) found(ctx context.Context, passwordHash string) error {
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: in.Dir})
	if err != nil {
		return err
	}
	now := time.Now()
	err = db.Store().Operators.Insert(ctx, tenant.Operator{
		ID: tenant.OperatorID(tenant.NewID()), Email: Operator, PasswordHash: passwordHash, CreatedAt: now, UpdatedAt: now,
	}, tenant.Upkeep{Reason: "fill a folder"})
	if err == nil {
		err = in.takeTemplate(ctx, db.Store())
	}
	return errors.Join(err, db.Close())
}

// open opens a file for loading: what a crash leaves of it is of no use, so nothing waits for the disk.
func open(path string) (*sql.DB, error) {
	const parameters = "mode=rw&_pragma=synchronous(off)&_pragma=journal_mode(wal)"
	at, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: at, RawQuery: parameters} // "?" or "#" in the path would end it
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// atOnce runs load in one transaction and empties the log into the file.
func atOnce(ctx context.Context, db *sql.DB, load func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := load(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// statements are prepared once and run for each row.
type statements struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call of addOrgs
	tx   *sql.Tx
	kept map[string]*sql.Stmt
}

func (s statements) exec(query string, args ...any) error {
	st, ok := s.kept[query]
	if !ok {
		var err error
		if st, err = s.tx.PrepareContext(s.ctx, query); err != nil {
			return err
		}
		s.kept[query] = st
	}
	_, err := st.ExecContext(s.ctx, args...)
	return err
}

// addOrgs inserts the organizations with their owners.
func (in *Installation) addOrgs(ctx context.Context, tx *sql.Tx, n int, passwordHash string) error {
	s := statements{ctx: ctx, tx: tx, kept: map[string]*sql.Stmt{}}
	at := time.Now().UnixMilli()
	for i := range n {
		o := newOrg(i)
		if err := errors.Join(s.insertOrg(o, at), s.insertOwner(o, passwordHash, at)); err != nil {
			return fmt.Errorf("insert organization %d: %w", i, err)
		}
		in.Orgs = append(in.Orgs, o)
	}
	return nil
}

func newOrg(i int) Org {
	return Org{
		ID:    tenant.OrgID(tenant.NewID()),
		Name:  tenant.Name(fmt.Sprintf("Organization %06d", i)),
		Slug:  tenant.Slug(fmt.Sprintf("organization_%06d", i)),
		Owner: tenant.UserID(tenant.NewID()),
		Email: tenant.Email(fmt.Sprintf("owner%06d@example.com", i)),
	}
}

// insertOrg writes what a creation leaves: a row at its third version, and its claims.
func (s statements) insertOrg(o Org, at int64) error {
	place := tenant.Placement{Namespace: tenant.NamespaceOf(o.Slug)}
	claims := tenant.IdentityClaims(o.Name, o.Slug, place)
	err := s.exec(`INSERT INTO organizations (id, name, name_key, slug, state, owners, placement, claims, epoch, version,
			created_at, updated_at, trash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 3, ?, ?, '')`,
		string(o.ID), string(o.Name), string(o.Name.Key()), string(o.Slug), string(tenant.StateActive), toJSON([]any{o.Owner}),
		toJSON(map[string]any{"level": tenant.LevelCollection, "namespace": place.Namespace}), toJSON(claims), at, at)
	for _, c := range claims {
		err = errors.Join(err, s.claim("organization", c, string(o.ID)))
	}
	return err
}

func (s statements) insertOwner(o Org, passwordHash string, at int64) error {
	claim := tenant.EmailClaim(o.Email)
	membership := map[string]any{"organization": o.ID, "role": tenant.RoleOwner, "created_at": at}
	return errors.Join(
		s.exec(`INSERT INTO users (id, email, password_hash, memberships, claims, sessions, version, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, '{}', 1, ?, ?)`,
			string(o.Owner), string(o.Email), passwordHash, toJSON([]any{membership}), toJSON([]any{claim}), at, at),
		s.claim("user", claim, string(o.Owner)),
		s.exec(`INSERT INTO members (organization, user) VALUES (?, ?)`, string(o.ID), string(o.Owner)))
}

func (s statements) claim(kind string, claim tenant.Claim, holder string) error {
	return s.exec(`INSERT INTO claims (kind, claim, holder) VALUES (?, ?, ?)`, kind, string(claim), holder)
}

// toJSON encodes strings, numbers and what is made of them, which cannot fail.
func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

package bulk

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// takeTemplate has the store make one tenant's file, and keeps its bytes. Ids are all of one length, so that another
// organization's file is the same but for the id.
func (in *Installation) takeTemplate(ctx context.Context, s store.Store) error {
	in.templateOf = tenant.OrgID(tenant.NewID())
	place := tenant.Place{Org: in.templateOf}
	if err := s.Places.Create(ctx, place); err != nil {
		return err
	}
	var err error
	if in.template, err = os.ReadFile(in.file(in.templateOf)); err != nil {
		return err
	}
	if bytes.Count(in.template, []byte(in.templateOf)) != 1 {
		return errors.New("a new tenant's file does not hold its organization's id once")
	}
	return s.Places.Discard(ctx, place)
}

// file returns the path of a tenant's file.
func (in *Installation) file(org tenant.OrgID) string {
	return filepath.Join(in.Dir, "tenants", string(org)+".db")
}

// AddFiles makes the empty files of organizations that have none.
func (in *Installation) AddFiles(orgs ...Org) error {
	at := bytes.Index(in.template, []byte(in.templateOf))
	content := bytes.Clone(in.template)
	for _, o := range orgs {
		copy(content[at:], o.ID)
		if err := os.WriteFile(in.file(o.ID), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// AddDocuments adds n documents to the default collection of an organization that has its file.
func (in *Installation) AddDocuments(ctx context.Context, org Org, n int) error {
	db, err := open(in.file(org.ID))
	if err != nil {
		return err
	}
	err = atOnce(ctx, db, func(tx *sql.Tx) error { return insertDocuments(ctx, tx, n) })
	return errors.Join(err, db.Close())
}

func insertDocuments(ctx context.Context, tx *sql.Tx, n int) (err error) {
	insert, err := tx.PrepareContext(ctx,
		`INSERT INTO c1 (id, data, version, created_at, updated_at, write_id) VALUES (?, ?, 1, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	at, size := time.Now().UnixMilli(), 0
	for i := range n {
		data := Document(i)
		size += len(data)
		if _, err := insert.ExecContext(ctx, tenant.NewID(), data, at, at, tenant.NewID()); err != nil {
			return fmt.Errorf("insert document %d: %w", i, err)
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE meta SET documents = documents + ?, bytes = bytes + ?`, n, size)
	return err
}

// Document returns the JSON text of the i-th document: about what an application keeps of one of its users.
func Document(i int) string {
	return fmt.Sprintf(`{"name":"Person %d","email":"person%d@example.com","tags":["a","b"],"score":%d,"active":%t}`, i, i, i%100, i%3 == 0)
}

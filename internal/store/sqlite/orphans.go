package sqlite

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

// whereabouts is what the catalog says of one organization's file.
type whereabouts struct {
	id    tenant.OrgID
	state tenant.State
	op    tenant.OperationID // under way
	trash tenant.OperationID // that moved the data to the trash
}

// allWhereabouts reads them from a catalog, in order of id.
func allWhereabouts(s *session) (list []whereabouts, err error) {
	err = s.each(`SELECT id, state, coalesce(json_extract(op, '$.id'), ''), trash FROM organizations ORDER BY id`, nil,
		func(scan func(dest ...any) error) error {
			var w whereabouts
			err := scan(&w.id, &w.state, &w.op, &w.trash)
			list = append(list, w)
			return err
		})
	return list, err
}

// inTrash reports whether the organization's file belongs into the trash.
func (w whereabouts) inTrash() bool {
	switch w.state {
	case tenant.StateTrashed, tenant.StateRestoring, tenant.StatePurging:
		return w.trash != ""
	default:
		return false
	}
}

// file returns where the organization's file lies in a backup, under the data folder.
func (w whereabouts) file() string {
	if w.inTrash() {
		return filepath.Join(trashFolder, string(w.id)+"_"+string(w.trash)+".db")
	}
	return filepath.Join(tenantsFolder, string(w.id)+".db")
}

// optional reports whether the organization may have no file: it is being made or removed.
func (w whereabouts) optional() bool {
	return w.state == tenant.StateCreating || w.state == tenant.StatePurging || w.state == tenant.StatePurged
}

// mayHave reports whether a file of that name, in that folder, can be the organization's. While an operation moves it, both
// places can.
func (w whereabouts) mayHave(folder string, op tenant.OperationID) bool {
	if folder == tenantsFolder {
		return !w.inTrash() || w.state == tenant.StateRestoring
	}
	return op == w.trash && w.inTrash() || op == w.op && w.state == tenant.StateDeleting
}

// Orphans returns the files in tenants/ and trash/ that belong to no organization, relative to the data folder and in
// order. There are none unless somebody put them there, or a defect left them.
func (db *DB) Orphans(ctx context.Context) ([]string, error) {
	files := map[string][]string{}
	for _, folder := range []string{tenantsFolder, trashFolder} {
		names, err := readNames(filepath.Join(db.dir, folder))
		if err != nil {
			return nil, translate(err)
		}
		files[folder] = names
	}
	// The catalog is read after the folders: an organization is there before its file.
	known := map[tenant.OrgID]whereabouts{}
	err := db.catalog.read(ctx, func(s *session) error {
		list, err := allWhereabouts(s)
		for _, w := range list {
			known[w.id] = w
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var orphans []string
	for folder, names := range files {
		for _, name := range names {
			org, op := owner(name)
			w, ok := known[org]
			if ok && w.mayHave(folder, op) {
				continue
			}
			if there, err := exists(filepath.Join(db.dir, folder, name)); err == nil && there { // not moved meanwhile
				orphans = append(orphans, filepath.Join(folder, name))
			}
		}
	}
	slices.Sort(orphans)
	return orphans, nil
}

// Lost returns the files that organizations should have and have not, relative to the data folder and in order of their ids.
func (db *DB) Lost(ctx context.Context) (lost []string, err error) {
	// The folders are read after the catalog: an organization's file is there before the organization may be used.
	var list []whereabouts
	err = db.catalog.read(ctx, func(s *session) (err error) {
		list, err = allWhereabouts(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	known := make(map[tenant.OrgID]whereabouts, len(list))
	for _, w := range list {
		known[w.id] = w
	}
	has := make(map[tenant.OrgID]bool, len(list))
	for _, folder := range []string{tenantsFolder, trashFolder} {
		names, err := readNames(filepath.Join(db.dir, folder))
		if err != nil {
			return nil, translate(err)
		}
		for _, name := range names {
			org, op := owner(name)
			has[org] = has[org] || strings.HasSuffix(name, ".db") && known[org].mayHave(folder, op)
		}
	}
	for _, w := range list {
		if !has[w.id] && !w.optional() {
			lost = append(lost, w.file())
		}
	}
	return lost, nil
}

// owner reads an organization, and in the trash an operation, from the name of a file or of one that SQLite put beside it.
func owner(name string) (tenant.OrgID, tenant.OperationID) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ".tmp"} {
		name = strings.TrimSuffix(name, suffix)
	}
	org, op, _ := strings.Cut(strings.TrimSuffix(name, ".db"), "_")
	return tenant.OrgID(org), tenant.OperationID(op)
}

package sqlite

import (
	"context"
	"encoding/json"
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
func allWhereabouts(s *session) ([]whereabouts, error) { return someWhereabouts(s, `ORDER BY id`) }

// someWhereabouts reads those that the end of the query names.
func someWhereabouts(s *session, which string, args ...any) (list []whereabouts, err error) {
	err = s.each(`SELECT id, state, coalesce(json_extract(op, '$.id'), ''), trash FROM organizations `+which, args,
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

// atOnce is how many organizations or files a look at all of them holds: there may be a hundred thousand.
const atOnce = 1000

// Orphans returns the files in tenants/ and trash/ that belong to no organization, relative to the data folder and in
// order. There are none unless somebody put them there, or a defect left them.
func (db *DB) Orphans(ctx context.Context) (orphans []string, err error) {
	for _, folder := range []string{tenantsFolder, trashFolder} {
		err := eachNames(filepath.Join(db.dir, folder), func(names []string) error {
			// The catalog is read after the folder: an organization is there before its file.
			known, err := db.owners(ctx, names)
			for _, name := range names {
				org, op := owner(name)
				w, ok := known[org]
				if err != nil || ok && w.mayHave(folder, op) {
					continue
				}
				if there, err := exists(filepath.Join(db.dir, folder, name)); err == nil && there { // not moved meanwhile
					orphans = append(orphans, filepath.Join(folder, name))
				}
			}
			return err
		})
		if err != nil {
			return nil, translate(err)
		}
	}
	slices.Sort(orphans)
	return orphans, nil
}

// owners reads what the catalog says of the organizations whose files have such names.
func (db *DB) owners(ctx context.Context, names []string) (map[tenant.OrgID]whereabouts, error) {
	ids := make([]tenant.OrgID, len(names))
	for i, name := range names {
		ids[i], _ = owner(name)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	known := make(map[tenant.OrgID]whereabouts, len(names))
	return known, db.catalog.read(ctx, func(s *session) error {
		found, err := someWhereabouts(s, `WHERE id IN (SELECT value FROM json_each(?))`, string(list))
		for _, w := range found {
			known[w.id] = w
		}
		return err
	})
}

// owner reads an organization, and in the trash an operation, from the name of a file or of one that SQLite put beside it.
func owner(name string) (tenant.OrgID, tenant.OperationID) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ".tmp"} {
		name = strings.TrimSuffix(name, suffix)
	}
	org, op, _ := strings.Cut(strings.TrimSuffix(name, ".db"), "_")
	return tenant.OrgID(org), tenant.OperationID(op)
}

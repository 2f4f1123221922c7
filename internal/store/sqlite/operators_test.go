package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// An operator's sessions were ended by the time of the last change once: those that were open then are open after the step.
func TestOperatorsOfAnOlderCatalogStaySignedIn(t *testing.T) {
	dir, changed := closedFolder(t), time.UnixMilli(1_700_000_000_123).UTC()
	tamper(t, filepath.Join(dir, catalogName), "ALTER TABLE operators DROP COLUMN sessions", "PRAGMA user_version = 4",
		"DELETE FROM goose_db_version WHERE version_id = 5",
		"INSERT INTO operators (id, email, password_hash, version, updated_at) VALUES ('o', 'root@orgd.example', 'h', 3, 1700000000123)")
	db := openTest(t, Options{Dir: dir})
	operator, err := db.Store().Operators.Get(t.Context(), "o")
	if err != nil || operator.Sessions != (tenant.SessionRule{Generation: changed.UnixMilli()}) || !operator.UpdatedAt.Equal(changed) {
		t.Errorf("got %+v (%v)", operator, err)
	}
}

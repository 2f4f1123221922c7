package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// spoilt are ways in which one organization's file is lost or damaged.
var spoilt = map[string]struct {
	trash   bool
	missing bool
	spoil   func(path string) error
}{
	"garbage":              {false, false, rewritten(func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 2048) })},
	"a word":               {false, false, rewritten(func([]byte) []byte { return []byte("junk\n") })},
	"nothing":              {false, false, rewritten(func([]byte) []byte { return nil })},
	"garbage in the trash": {true, false, rewritten(func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 2048) })},
	"a page": {false, false, rewritten(func(raw []byte) []byte {
		at := bytes.Index(raw, []byte(`{"of":`)) / 4096 * 4096
		copy(raw[at:], bytes.Repeat([]byte{0xff}, 64))
		return raw
	})},
	"another's": {false, false, rewritten(func(raw []byte) []byte {
		return bytes.ReplaceAll(raw, []byte("-7"), []byte("-8")) // in the id as in the text of it
	})},
	"lost":              {false, true, os.Remove},
	"lost in the trash": {true, true, os.Remove},
}

func rewritten(spoil func(raw []byte) []byte) func(path string) error {
	return func(path string) error {
		raw, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, spoil(raw), 0o600))
	}
}

// swapFile does something to a tenant's file, named under the data folder, while nobody has it open.
func swapFile(t *testing.T, db *DB, org tenant.OrgID, file string, do func(path string) error) {
	t.Helper()
	if err := db.pool.exclusive(t.Context(), org, func() error { return do(filepath.Join(db.dir, file)) }); err != nil {
		t.Fatal(err)
	}
}

// One organization's file that is damaged or lost does not make the backup of all others impossible, or one that cannot be
// restored: the log tells of it at once, so do the backup and the restore, and what is restored has it as it was.
func TestBackupOfASpoiltFile(t *testing.T) {
	for name, tc := range spoilt {
		t.Run(name, func(t *testing.T) {
			l := &logbook{}
			db := openTest(t, Options{Log: l.logger()})
			hurt, sound := founded(t, db), founded(t, db)
			file := filepath.Join(tenantsFolder, string(hurt.ID)+".db")
			if tc.trash {
				thrownAway(t, db, hurt, "op")
				file = filepath.Join(trashFolder, string(hurt.ID)+"_op.db")
			}
			swapFile(t, db, hurt.ID, file, tc.spoil)
			restored, _ := backedUp(t, db, nil, Lack{Organization: hurt.ID, File: file, Missing: tc.missing})
			holds(t, restored, sound.Place(), "doc")
			if !strings.Contains(l.String(), "in the backup; it needs an older one") || !strings.Contains(l.String(), string(hurt.ID)) {
				t.Errorf("the log tells nothing of it: %s", l)
			}
			if strings.Contains(l.String(), string(sound.ID)) {
				t.Errorf("the log complains about a sound file: %s", l)
			}
			if _, err := restored.Store().Documents.Usage(t.Context(), hurt.Place()); errors.Is(err, store.ErrNoPlace) != (tc.missing || tc.trash) {
				t.Errorf("what is restored of it: %v", err)
			}
		})
	}
}

// What a lack says is what a person needs to find the file.
func TestLackNamesOrganizationAndFile(t *testing.T) {
	for _, tc := range []struct {
		lack Lack
		want string
	}{
		{Lack{"acme", "tenants/acme.db", true}, "organization acme: there is no file tenants/acme.db"},
		{Lack{"acme", "tenants/acme.db", false}, "organization acme: the file tenants/acme.db is damaged, and was copied as it is"},
	} {
		if got := tc.lack.String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// An organization that is being made or purged has no file at some moment, and nothing is missing then.
func TestBackupLacksNothingOfOperationsUnderWay(t *testing.T) {
	for _, state := range []tenant.State{tenant.StateCreating, tenant.StatePurging, tenant.StatePurged} {
		db := openTest(t, Options{})
		org := tenant.Organization{ID: tenant.OrgID(tenant.NewID()), State: state, Op: &tenant.Operation{ID: "op"}}
		if err := db.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}); err != nil {
			t.Fatal(err)
		}
		backedUp(t, db, nil)
	}
}

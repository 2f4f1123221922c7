package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

// One organization's damaged file does not make the backup of all others impossible, or one that cannot be restored: the
// log tells of it at once, and what is restored has it as it was.
func TestBackupOfADamagedFile(t *testing.T) {
	for name, tc := range map[string]struct {
		trash bool
		spoil func(raw []byte) []byte
	}{
		"garbage":              {false, func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 2048) }},
		"garbage in the trash": {true, func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 2048) }},
		"a page": {false, func(raw []byte) []byte {
			at := bytes.Index(raw, []byte(`{"of":`)) / 4096 * 4096
			copy(raw[at:], bytes.Repeat([]byte{0xff}, 64))
			return raw
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &logbook{}
			db := openTest(t, Options{Log: l.logger()})
			hurt, sound := founded(t, db), founded(t, db)
			path, err := db.files.home(hurt.ID)
			if err != nil {
				t.Fatal(err)
			}
			if tc.trash {
				if err := db.places.Trash(t.Context(), hurt.Place(), "op"); err != nil {
					t.Fatal(err)
				}
				become(t, db, hurt.ID, func(o *tenant.Organization) { o.State, o.Trash = tenant.StateTrashed, "op" })
				path = filepath.Join(db.dir, trashFolder, string(hurt.ID)+"_op.db")
			}
			err = db.pool.exclusive(t.Context(), hurt.ID, func() error {
				raw, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				return os.WriteFile(path, tc.spoil(raw), 0o600)
			})
			if err != nil {
				t.Fatal(err)
			}
			restored, _ := backedUp(t, db, nil)
			holds(t, restored, sound.Place(), "doc")
			if !strings.Contains(l.String(), "so is its copy in the backup") || !strings.Contains(l.String(), string(hurt.ID)) {
				t.Errorf("the log tells nothing of it: %s", l)
			}
			if strings.Contains(l.String(), string(sound.ID)) {
				t.Errorf("the log complains about a sound file: %s", l)
			}
		})
	}
}

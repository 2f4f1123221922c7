package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// founded inserts an organization at rest whose home holds a document.
func founded(t *testing.T, db *DB) tenant.Organization {
	t.Helper()
	place := settle(t, db, "doc")
	org := tenant.Organization{
		ID: place.Org, Name: tenant.Name(place.Org), State: tenant.StateActive,
		Claims: []tenant.Claim{tenant.NameClaim(tenant.NameKey(place.Org))},
	}
	if err := db.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}); err != nil {
		t.Fatal(err)
	}
	return org
}

// become changes an organization's state and operation.
func become(t *testing.T, db *DB, id tenant.OrgID, change func(*tenant.Organization)) {
	t.Helper()
	_, err := db.Store().Orgs.Update(t.Context(), id, tenant.Upkeep{}, func(o *tenant.Organization) error { change(o); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// thrownAway trashes an organization as an operation does.
func thrownAway(t *testing.T, db *DB, org tenant.Organization, op tenant.OperationID) {
	t.Helper()
	become(t, db, org.ID, func(o *tenant.Organization) { o.State, o.Op = tenant.StateDeleting, &tenant.Operation{ID: op} })
	if err := db.places.Trash(t.Context(), org.Place(), op); err != nil {
		t.Fatal(err)
	}
	become(t, db, org.ID, func(o *tenant.Organization) { o.State, o.Op, o.Trash = tenant.StateTrashed, nil, op })
}

// purged removes a trashed organization as an operation does.
func purged(t *testing.T, db *DB, org tenant.Organization) {
	t.Helper()
	o, err := db.Store().Orgs.Get(t.Context(), org.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.places.Drop(t.Context(), o.ID, o.Trash); err != nil {
		t.Fatal(err)
	}
	if err := db.Store().Orgs.Remove(t.Context(), o.ID, o.Version, tenant.Upkeep{}); err != nil {
		t.Fatal(err)
	}
}

// backedUp backs a store up and opens what a restore makes of it. Both must tell what the backup lacks.
func backedUp(t *testing.T, db *DB, progress func(done, total int, what string), lacks ...Lack) (restored *DB, dest string) {
	t.Helper()
	dest = filepath.Join(t.TempDir(), "backup")
	if got, err := db.Backup(t.Context(), dest, progress); err != nil || !slices.Equal(got, lacks) {
		t.Fatalf("back up: it lacks %v, want %v (%v)", got, lacks, err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if got, err := Restore(t.Context(), dest, dir, nil); err != nil || !slices.Equal(got, lacks) {
		t.Fatalf("restore: it lacks %v, want %v (%v)", got, lacks, err)
	}
	restored = openTest(t, Options{Dir: dir})
	if orphans, err := restored.Orphans(t.Context()); err != nil || len(orphans) > 0 {
		t.Errorf("after the restore there are orphans %v (%v)", orphans, err)
	}
	return restored, dest
}

func TestBackupAndRestoreBringEverythingBackButSecrets(t *testing.T) {
	db := openTest(t, Options{})
	s := db.Store()
	living, dead := founded(t, db), founded(t, db)
	thrownAway(t, db, dead, "op")
	const secret = "a-secret-that-must-not-outlive"
	user := tenant.User{ID: "user", Email: "a@example.com", Reset: &tenant.ResetLink{MAC: secret}, Claims: []tenant.Claim{"email:a@example.com"}}
	entry := tenant.AuditEntry{ID: "entry", Org: living.ID, Action: "test"}
	for _, err := range []error{
		s.Users.Insert(t.Context(), user, entry),
		s.Keys.Insert(t.Context(), tenant.Key{ID: "key", Material: []byte(secret)}, tenant.Upkeep{}),
		s.Sessions.Insert(t.Context(), tenant.Session{ID: secret}),
		s.Instances.Register(t.Context(), tenant.Instance{ID: secret}),
		errorOf(s.Throttle.Add(t.Context(), secret, 1, store.Leak{TTL: time.Hour}, time.Now())),
		db.throttle.flush(t.Context()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := s.Idempotency.Begin(t.Context(), store.IdempotencyRecord{Key: secret, ExpiresAt: time.Now().Add(time.Hour)}, time.Now(), 9)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	restored, dest := backedUp(t, db, func(done, total int, what string) { told = append(told, fmt.Sprintf("%d/%d %s", done, total, what)) })
	if want := []string{"0/3 " + string(living.ID), "1/3 " + string(dead.ID), "2/3 catalog", "3/3 "}; !slices.Equal(told, want) {
		t.Errorf("progress was %q, want %q", told, want)
	}
	holds(t, restored, living.Place(), "doc")
	if err := restored.places.Restore(t.Context(), "op", dead.Place()); err != nil {
		t.Errorf("from the restored trash: %v", err)
	}
	holds(t, restored, dead.Place(), "doc")
	got, err := restored.Store().Users.Get(t.Context(), "user")
	if err != nil || got.Reset != nil || got.Email != user.Email {
		t.Errorf("the user is %+v (%v)", got, err)
	}
	log, err := restored.Store().Audit.List(t.Context(), living.ID, 0, 10)
	if err != nil || len(log) != 1 || log[0].ID != "entry" {
		t.Errorf("the log is %v (%v)", log, err)
	}
	withoutSecret(t, dest, secret)
	if keys, err := restored.Store().Keys.List(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("the restored store has keys %v (%v)", keys, err)
	}
}

// withoutSecret complains about files of a folder that hold the text, and about those that others could read.
func withoutSecret(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			return err
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %#o", path, info.Mode().Perm())
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), secret) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// While a backup runs, organizations come, go to the trash, come back and are purged, and everybody writes. What it holds is
// whole all the same.
func TestBackupWhileEverythingMoves(t *testing.T) {
	db := openTest(t, Options{})
	var orgs []tenant.Organization
	for range 5 {
		orgs = append(orgs, founded(t, db))
	}
	slices.SortFunc(orgs, func(a, b tenant.Organization) int { return strings.Compare(string(a.ID), string(b.ID)) })
	thrownAway(t, db, orgs[4], "before")
	var late tenant.Organization
	restored, dest := backedUp(t, db, func(done, _ int, what string) {
		if what != "catalog" {
			insert(t, db, orgs[0].Place(), tenant.DocumentID(fmt.Sprint("during ", done)))
			return
		}
		thrownAway(t, db, orgs[1], "during")
		thrownAway(t, db, orgs[2], "during")
		purged(t, db, orgs[2])
		become(t, db, orgs[4].ID, func(o *tenant.Organization) { o.State, o.Op = tenant.StateRestoring, &tenant.Operation{ID: "back"} })
		if err := db.places.Restore(t.Context(), "before", orgs[4].Place()); err != nil {
			t.Error(err)
		}
		late = founded(t, db)
	})
	raw, err := os.ReadFile(filepath.Join(dest, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range m.Files {
		names = append(names, f.File)
		if f.Bytes == 0 || f.CopiedAt.IsZero() {
			t.Errorf("the manifest says little of %+v", f)
		}
	}
	want := []string{
		"tenants/" + string(orgs[0].ID) + ".db", "trash/" + string(orgs[1].ID) + "_during.db", "tenants/" + string(orgs[3].ID) + ".db",
		"trash/" + string(orgs[4].ID) + "_before.db", "tenants/" + string(late.ID) + ".db",
	}
	if !slices.Equal(names, want) || m.Organizations != len(want) {
		t.Errorf("the manifest lists %v, want %v", names, want)
	}
	holds(t, restored, orgs[0].Place(), "doc", "during 0")
	holds(t, restored, late.Place(), "doc")
	for org, op := range map[int]tenant.OperationID{1: "during", 4: "before"} { // as the recovery would
		if err := restored.places.Restore(t.Context(), op, orgs[org].Place()); err != nil {
			t.Error(err)
		}
		holds(t, restored, orgs[org].Place(), "doc")
	}
	if _, err := restored.Store().Orgs.Get(t.Context(), orgs[2].ID); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the purged organization: %v", err)
	}
}

func TestBackupTakesTheTrashOfAnUnfinishedOperation(t *testing.T) {
	db := openTest(t, Options{})
	org := founded(t, db)
	become(t, db, org.ID, func(o *tenant.Organization) { o.State, o.Op = tenant.StateDeleting, &tenant.Operation{ID: "op"} })
	if err := db.places.Trash(t.Context(), org.Place(), "op"); err != nil { // and a crash: the state is the old one
		t.Fatal(err)
	}
	restored, _ := backedUp(t, db, nil)
	for range 2 { // the recovery repeats the step
		if err := restored.places.Trash(t.Context(), org.Place(), "op"); err != nil {
			t.Error(err)
		}
	}
}

func TestBackupKeepsHotFilesOpen(t *testing.T) {
	db := openTest(t, Options{MaxOpenFiles: 1})
	for range 3 {
		founded(t, db)
	}
	hot := founded(t, db)
	holds(t, db, hot.Place(), "doc")
	before := db.pool.entries[hot.ID].file.Load()
	if _, err := db.Backup(t.Context(), filepath.Join(t.TempDir(), "backup"), nil); err != nil {
		t.Fatal(err)
	}
	if e := db.pool.entries[hot.ID]; e == nil || e.file.Load() != before {
		t.Error("the backup drove out the file that was in use")
	}
}

func TestBackupRefusals(t *testing.T) {
	db := openTest(t, Options{})
	org := founded(t, db)
	full := t.TempDir()
	overwrite(t, filepath.Join(full, "thing"), nil)
	if _, err := db.Backup(t.Context(), full, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder with things: %v", err)
	}
	dest := filepath.Join(t.TempDir(), "backup")
	if err := os.Mkdir(dest+".tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Backup(t.Context(), dest, nil); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("beside one that was cut short: %v", err)
	}
	if err := os.Remove(dest + ".tmp"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := db.Backup(ctx, dest, func(int, int, string) { cancel() })
	if !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("given up: %v", err)
	}
	swapFile(t, db, org.ID, filepath.Join(tenantsFolder, string(org.ID)+".db"), func(path string) error {
		return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
	})
	_, err = db.Backup(t.Context(), dest, nil)
	for _, word := range []string{"tenants/" + string(org.ID) + ".db", "of organization " + string(org.ID), "move it away"} {
		if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "\n") {
			t.Errorf("a tenant's file that cannot be read: %v, want %q in one line", err, word)
		}
	}
	names, err := os.ReadDir(filepath.Dir(dest))
	if err != nil || len(names) != 0 {
		t.Errorf("failures left %v (%v)", names, err)
	}
}

// A backup in the data folder would fill the disk that it is to be the way back from, and go with it.
func TestBackupIntoTheDataFolder(t *testing.T) {
	db := openTest(t, Options{})
	founded(t, db)
	link, folder := filepath.Join(t.TempDir(), "link"), filepath.Join(db.dir, "folder")
	if err := errors.Join(os.Symlink(db.dir, link), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, dest := range []string{filepath.Join(db.dir, "backup"), folder, filepath.Join(db.dir, tenantsFolder, "backup"), filepath.Join(link, "backup"), link} {
		_, err := db.Backup(t.Context(), dest, nil)
		if !tenant.IsCode(err, tenant.CodeUnavailable) || !strings.Contains(err.Error(), "is in the data folder") || strings.Contains(err.Error(), "\n") {
			t.Errorf("into %s: %v", dest, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(db.dir, "*backup*")); err != nil || len(left) > 0 {
		t.Errorf("there is %v (%v)", left, err)
	}
	if _, err := db.Backup(t.Context(), db.dir+"-backup", nil); err != nil {
		t.Errorf("beside it: %v", err)
	}
}

func TestOrphans(t *testing.T) {
	db := openTest(t, Options{})
	living, dead := founded(t, db), founded(t, db)
	thrownAway(t, db, dead, "op")
	stranger := settle(t, db)
	none, err := db.Orphans(t.Context())
	if want := "tenants/" + string(stranger.Org) + ".db"; err != nil || len(none) == 0 || none[0] != want {
		t.Errorf("orphans %v, want %s and its log (%v)", none, want, err)
	}
	if err := db.places.Discard(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}
	if none, err := db.Orphans(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("orphans %v (%v)", none, err)
	}
	want := []string{
		"tenants/" + string(dead.ID) + ".db", "tenants/junk", "trash/" + string(dead.ID) + "_other.db", "trash/" + string(living.ID) + "_op.db",
	}
	slices.Sort(want)
	for _, name := range want {
		overwrite(t, filepath.Join(db.dir, name), nil)
	}
	if got, err := db.Orphans(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Errorf("orphans %v, want %v (%v)", got, want, err)
	}
}

package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// scanned complains unless the home has exactly the documents.
func scanned(t *testing.T, db *DB, home store.Home, ids ...tenant.DocumentID) {
	t.Helper()
	page, err := db.Store().Transfer.Homes.Scan(t.Context(), home, "", 1000)
	if err != nil {
		t.Errorf("scan: %v", err)
		return
	}
	var got []tenant.DocumentID
	for _, doc := range page {
		got = append(got, doc.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(ids) {
		t.Errorf("the home has %v, want %v", got, ids)
	}
}

// While a file in the trash is read, nothing lies beside it that a crash could leave there: it would keep backups from copying it.
func TestScanOfTheTrashWritesNothing(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Fatal(err)
	}
	path, err := db.files.grave(place.Org, "op")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := db.Store().Transfer.Homes.(homes)
	err = h.readGrave(t.Context(), path, place.Org, func(s *session) error {
		if got := files(t, db.dir); len(got) != 1 {
			t.Errorf("while it is read there are %v", got)
		}
		_, err := s.exec(`DELETE FROM c1`)
		if err == nil {
			t.Error("a reader of the trash can write to it")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	scanned(t, db, store.Home{Place: place, Trash: "op"}, "doc")
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, content) {
		t.Errorf("the file in the trash changed (%v)", err)
	}
	if got := files(t, db.dir); len(got) != 1 {
		t.Errorf("after it was read there are %v", got)
	}
}

// A restore that was cut short leaves a log beside the file in the trash; what is in it counts.
func TestScanOfTheTrashTakesItsLogAlong(t *testing.T) {
	before := openTest(t, Options{})
	place := settle(t, before, "doc")
	dir := crash(t, before)
	for _, suffix := range []string{"", "-wal"} {
		from := filepath.Join(dir, tenantsFolder, string(place.Org)+".db"+suffix)
		to := filepath.Join(dir, trashFolder, string(place.Org)+"_op.db"+suffix)
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, tenantsFolder, string(place.Org)+".db-shm")); err != nil {
		t.Fatal(err)
	}
	db := openTest(t, Options{Dir: dir})
	scanned(t, db, store.Home{Place: place, Trash: "op"}, "doc")
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("after it was read there are %v", got)
	}
	if err := db.places.Restore(t.Context(), "op", place); err != nil {
		t.Fatal(err)
	}
	holds(t, db, place, "doc")
}

func TestScanRefusesWhatIsNotTheOrganizations(t *testing.T) {
	l := &logbook{}
	db := openTest(t, Options{Log: l.logger()})
	one, other, damaged := settle(t, db, "mine"), settle(t, db, "theirs"), settle(t, db, "doc")
	for _, place := range []tenant.Place{one, other, damaged} {
		if err := db.places.Trash(t.Context(), place, "op"); err != nil {
			t.Fatal(err)
		}
	}
	grave := func(place tenant.Place) string { return filepath.Join(db.dir, trashFolder, string(place.Org)+"_op.db") }
	if err := os.Rename(grave(other), grave(one)); err != nil {
		t.Fatal(err)
	}
	overwrite(t, grave(damaged), bytes.Repeat([]byte("garbage "), 2048))
	for what, place := range map[string]tenant.Place{"another's file": one, "a damaged file": damaged} {
		_, err := db.Store().Transfer.Homes.Scan(t.Context(), store.Home{Place: place, Trash: "op"}, "", 10)
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("scan of %s: %v", what, err)
		}
	}
	if !bytes.Contains([]byte(l.String()), []byte("not what its name says")) {
		t.Errorf("the log tells nothing of the stranger: %s", l)
	}
}

func TestHomesAreFilesOfTenants(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	for _, name := range []string{
		"tenants/.db", "tenants/x.db.tmp", "tenants/x.db-wal", "tenants/x_op.db", "tenants/UPPER.db", "tenants/notes.txt",
		"trash/x.db", "trash/x_.db", "trash/_op.db", "trash/x_op_op.db", "trash/x_op.db-shm", "trash/x_o p.db",
	} {
		overwrite(t, filepath.Join(db.dir, filepath.FromSlash(name)), nil)
	}
	all, err := db.Store().Transfer.Homes.All(t.Context())
	if err != nil || len(all) != 1 || all[0] != (store.Home{Place: place}) {
		t.Errorf("the homes are %+v (%v), want that of %s", all, err, place.Org)
	}
}

func TestTransferToAFullDisk(t *testing.T) {
	free := uint64(100)
	db := openTest(t, Options{Now: steps(), space: func(string) (uint64, uint64, error) { return free, 1000, nil }})
	place, tr := settle(t, db, "doc"), db.Store().Transfer
	free = 49
	docs := []tenant.Document{{ID: "more", Data: tenant.Data(`{}`)}}
	for act, err := range map[string]error{
		"load":    tr.Homes.Load(t.Context(), place, docs),
		"add":     tr.Sessions.Add(t.Context(), []tenant.Session{{ID: "l"}}),
		"nothing": tr.Orgs.Add(t.Context(), nil),
	} {
		if !tenant.IsCode(err, tenant.CodeStorageFull) {
			t.Errorf("%s on a nearly full disk: %v", act, err)
		}
	}
	next := tenant.Standing{Phase: tenant.PhaseClosed, Since: time.UnixMilli(1).UTC()}
	for act, err := range map[string]error{
		"remove": tr.Homes.Remove(t.Context(), place, []tenant.DocumentID{"doc"}),
		"clear":  tr.Sessions.Clear(t.Context()),
		"swap":   tr.Standing.Swap(t.Context(), tenant.Standing{}, next),
	} {
		if err != nil {
			t.Errorf("%s on a nearly full disk: %v", act, err)
		}
	}
	holds(t, db, place)
}

// A load that ends with its context has done nothing: its writes are one transaction.
func TestLoadIsOneTransaction(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	h := db.Store().Transfer.Homes.(homes)
	cut := errors.New("cut")
	err := h.write(t.Context(), place.Org, func(s *session) error {
		if _, _, err := loadDocument(s, tenant.Document{ID: "doc", Data: tenant.Data(`{"of":"nobody"}`)}); err != nil {
			return err
		}
		if _, _, err := loadDocument(s, tenant.Document{ID: "more", Data: tenant.Data(`{}`)}); err != nil {
			return err
		}
		return cut
	})
	if !errors.Is(err, cut) {
		t.Errorf("a load that is cut: %v", err)
	}
	holds(t, db, place, "doc")
}

// Records come in more than one transaction, and each of them is there once.
func TestAddOfManyRecords(t *testing.T) {
	db := openTest(t, Options{})
	sessions := db.Store().Transfer.Sessions
	many := make([]tenant.Session, 2*addAtOnce+addAtOnce/2)
	for i := range many {
		many[i] = tenant.Session{ID: tenant.SessionID(fmt.Sprintf("%05d", i)), CreatedAt: time.UnixMilli(int64(i)).UTC()}
	}
	odd := many[2*addAtOnce]
	odd.Generation = 7
	if err := sessions.Add(t.Context(), []tenant.Session{odd}); err != nil {
		t.Fatal(err)
	}
	if err := sessions.Add(t.Context(), many); !tenant.IsCode(err, tenant.CodeConflict) {
		t.Errorf("add of many, one of which is there and differs: %v", err)
	}
	many[2*addAtOnce] = odd
	if err := sessions.Add(t.Context(), many); err != nil {
		t.Errorf("add of many, most of which are there: %v", err)
	}
	page, err := sessions.Scan(t.Context(), nil, len(many)+1)
	if err != nil || len(page) != len(many) || page[len(page)-1] != many[len(many)-1] {
		t.Errorf("%d records are there, want %d (%v)", len(page), len(many), err)
	}
}

func TestStandingOutlivesAStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	next := tenant.Standing{Phase: tenant.PhaseRetired, Peer: "mongodb://db/orgd", Installation: "i", Since: time.UnixMilli(1).UTC()}
	for _, want := range []tenant.Standing{{}, next} {
		db, err := Open(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		standing := db.Store().Transfer.Standing
		got, err := standing.Get(t.Context())
		if err != nil || got != want {
			t.Errorf("the standing is %+v (%v), want %+v", got, err, want)
		}
		if err := standing.Swap(t.Context(), want, next); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

package e2e

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // reads the catalog that a server left behind
)

// store is a kind of store that the stories run over.
type store struct {
	name string
	// crowd is how many write, and how many read, while something happens to an organization. The test engine takes what comes
	// nearly one after the other, and no call of the store may wait for a second.
	crowd int
	// settings are those of a new, empty store for a server that runs in the folder.
	settings func(t testing.TB, folder string) []string
	// inspect looks at what a server left behind that has ended, and contents reads all of it, also while the server runs.
	// Nothing else in the stories sees the store without asking the server.
	inspect  func(t testing.TB, s *server) remains
	contents func(t testing.TB, s *server) []place
	// sees are parts of the names of places that contents must have: those of an organization hold "tenants/" and its id, or
	// "trash/" and its id.
	sees []string
	// spoil are ways to make what is left behind wrong about an organization, each of which inspect must show.
	spoil func(t *testing.T, s *server, id string) map[string]lie
	// mortal are settings that make it short until a killed server is dead to the others: its heartbeats must have stood still
	// for long enough.
	mortal []string
	// settled waits until nothing is under way any more of what a killed server was at. Nil is that its next start ended it.
	settled func(t testing.TB, s *server)
	// folder says that everything is in a folder, which orgd itself copies.
	folder bool
}

// lie makes something wrong, and right again. want is what the complaint says.
type lie struct {
	tell, retract func() error
	want          string
}

// stores is the table of them.
var stores = []store{sqliteStore, mongoStore}

// overStores tells a story over each store.
func overStores(t *testing.T, story func(t *testing.T, on store)) {
	t.Helper()
	for _, on := range stores {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			story(t, on)
		})
	}
}

// remains are what a server left behind.
type remains struct {
	// homes says for each organization's id where its documents lie.
	homes map[string][]home
	// strays are things that have no business where they lie.
	strays []string
	// audit are the entries of each organization, in order of their chain.
	audit map[string][]entry
}

// home is a place of documents.
type home string

// The places.
const (
	inUse   home = "in use"
	inTrash home = "in the trash"
)

// entry is what a story wants to know of an audit entry.
type entry struct {
	seq                  int64
	id, action, previous string
	hash                 string
}

// sqliteStore is the embedded store in its default folder.
var sqliteStore = store{
	name:     "sqlite",
	crowd:    16,
	settings: func(testing.TB, string) []string { return nil },
	inspect: func(t testing.TB, s *server) remains {
		t.Helper()
		left := remains{homes: map[string][]home{}}
		for folder, where := range map[string]home{"tenants": inUse, "trash": inTrash} {
			left.listFolder(t, filepath.Join(s.data(), folder), where)
		}
		left.listData(t, s.data())
		left.audit = readAudit(t, filepath.Join(s.data(), "orgd.db"))
		return left
	},
	contents: func(t testing.TB, s *server) []place {
		t.Helper()
		return files(t, s.data())
	},
	sees:   []string{"orgd.db-wal"},
	spoil:  spoilFolder,
	folder: true,
}

// spoilFolder are the ways in which the folder can be wrong about an organization.
func spoilFolder(_ *testing.T, s *server, id string) map[string]lie {
	tenants := filepath.Join(s.data(), "tenants")
	file, away := filepath.Join(tenants, id+".db"), filepath.Join(s.folder, "away")
	stray, orphan := filepath.Join(tenants, "stray.db-wal"), filepath.Join(tenants, strings.Repeat("0", 36)+".db")
	move := func(from, to string) func() error { return func() error { return os.Rename(from, to) } }
	write := func(name string) func() error { return func() error { return os.WriteFile(name, nil, 0o600) } }
	remove := func(name string) func() error { return func() error { return os.Remove(name) } }
	return map[string]lie{
		"a lost file":  {move(file, away), move(away, file), "is [], want [in use]"},
		"a stray file": {write(stray), remove(stray), "a stray: tenants/stray.db-wal"},
		"an orphan":    {write(orphan), remove(orphan), "belongs to nobody"},
	}
}

// dataFile is what an organization's file is called: its id, and in the trash the operation that brought it there.
var dataFile = map[home]*regexp.Regexp{
	inUse:   regexp.MustCompile(`^([0-9a-f-]{36})\.db$`),
	inTrash: regexp.MustCompile(`^([0-9a-f-]{36})_[0-9a-f-]{36}\.db$`),
}

func (r *remains) listFolder(t testing.TB, folder string, where home) {
	t.Helper()
	for _, name := range listNames(t, folder) {
		match := dataFile[where].FindStringSubmatch(name)
		if match == nil {
			r.strays = append(r.strays, filepath.Join(filepath.Base(folder), name))
			continue
		}
		r.homes[match[1]] = append(r.homes[match[1]], where)
	}
}

// listData finds strays in the data folder itself.
func (r *remains) listData(t testing.TB, folder string) {
	t.Helper()
	known := map[string]bool{"orgd.db": true, "orgd.lock": true, "tenants": true, "trash": true}
	for _, name := range listNames(t, folder) {
		if !known[name] {
			r.strays = append(r.strays, name)
		}
	}
}

func listNames(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// readAudit reads the audit log of a catalog, without changing it.
func readAudit(t testing.TB, catalog string) map[string][]entry {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+catalog+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), `SELECT organization, seq, id, action, prev_hash, hash FROM audit ORDER BY organization, seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	audit := map[string][]entry{}
	for rows.Next() {
		var org string
		var e entry
		if err := rows.Scan(&org, &e.seq, &e.id, &e.action, &e.previous, &e.hash); err != nil {
			t.Fatal(err)
		}
		audit[org] = append(audit[org], e)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return audit
}

// actions counts an organization's entries by action, and complains of a chain that is broken.
func (r *remains) actions(org string) (map[string]int, error) {
	counts := map[string]int{}
	hash := ""
	for i, e := range r.audit[org] {
		if e.seq != int64(i+1) || e.previous != hash {
			return counts, fmt.Errorf("entry %d of %s is number %d and follows %q, not %q", i+1, org, e.seq, e.previous, hash)
		}
		hash = e.hash
		counts[e.action]++
	}
	return counts, nil
}

// places returns the number of organizations by place, for statistics.
func (r *remains) places() map[home]int {
	counts := map[home]int{}
	for homes := range maps.Values(r.homes) {
		for _, h := range homes {
			counts[h]++
		}
	}
	return counts
}

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoStore is a database of its own on the engine of the tests, which goes with the story.
var mongoStore = store{
	name:     "mongo",
	crowd:    4,
	settings: mongoSettings,
	inspect: func(t testing.TB, s *server) remains {
		t.Helper()
		return lookAt(t, s).remains()
	},
	contents: func(t testing.TB, s *server) []place {
		t.Helper()
		return lookAt(t, s).contents()
	},
	sees:   []string{"orgd_private.keys", "orgd_private.sessions", "orgd.organizations", "orgd.users", "orgd.audit"},
	spoil:  spoilDatabase,
	mortal: []string{"ORGD_LEASE=3s", "ORGD_REQUEST_TIMEOUT=2900ms"},
	settled: func(t testing.TB, s *server) {
		t.Helper()
		l := lookAt(t, s)
		eventually(t, "the killed server is declared dead, and what it was at is ended", func() bool {
			return l.alive() == 1 && l.underWay() == 0
		})
	},
}

// engine is the URI of the tests' engine: the one in the environment, or the repository's own.
var engine = sync.OnceValues(func() (string, error) {
	if uri := os.Getenv("ORGD_TEST_MONGO_URI"); uri != "" {
		return uri, nil
	}
	out, err := exec.Command(filepath.Join("..", "scripts", "mongo-engine"), "uri").Output()
	return strings.TrimSpace(string(out)), err
})

// driver is a client of the engine, for all stories.
var driver = sync.OnceValues(func() (*mongo.Client, error) {
	uri, err := engine()
	if err != nil {
		return nil, err
	}
	return mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(patience))
})

func mongoSettings(t testing.TB, folder string) []string {
	t.Helper()
	uri, err := engine()
	if err != nil {
		t.Fatalf("no MongoDB for the stories: run scripts/mongo-engine up, or set ORGD_TEST_MONGO_URI (%v)", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	must(t, os.WriteFile(filepath.Join(folder, "mongo.key"), []byte(base64.StdEncoding.EncodeToString(key)), 0o600))
	name := "orgd_e_" + strings.ToLower(rand.Text()[:12])
	t.Cleanup(func() { dropDatabases(t, name) })
	return []string{"ORGD_STORE=" + uri, "ORGD_DATABASE=" + name, "ORGD_KEY_FILE=mongo.key"}
}

func dropDatabases(t testing.TB, name string) {
	t.Helper()
	client, err := driver()
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, database := range []string{name, name + "_private"} {
		if err := client.Database(database).Drop(ctx); err != nil {
			t.Errorf("the story's database stays: %v", err)
		}
	}
}

// look reads the databases of one installation.
type look struct {
	t             testing.TB
	ctx           context.Context
	main, private *mongo.Database
}

func lookAt(t testing.TB, s *server) *look {
	t.Helper()
	client, err := driver()
	must(t, err)
	name := s.setting("ORGD_DATABASE")
	return &look{t, context.WithoutCancel(t.Context()), client.Database(name), client.Database(name + "_private")}
}

// record says whose a collection is.
type record struct {
	ID           string `bson:"_id"`
	Collection   string `bson:"collection"`
	Organization string `bson:"organization"`
	State        string `bson:"state"`
	UUID         []byte `bson:"uuid"`
}

// where says where the documents of a collection are, by its name.
func (r record) where() home {
	if strings.HasPrefix(r.Collection, "trash_"+r.Organization+"_") {
		return inTrash
	}
	return inUse
}

// remains compares the collections that there are with those that orgd made, and reads the audit log.
func (l *look) remains() remains {
	l.t.Helper()
	left := remains{homes: map[string][]home{}}
	complain := func(format string, args ...any) { left.strays = append(left.strays, fmt.Sprintf(format, args...)) }
	there := l.collections(l.main)
	for _, r := range all[record](l, l.main, "places") {
		uuid, exists := there[r.Collection]
		switch {
		case r.State != "ready":
			complain("the record of %s is %s", r.Collection, r.State)
		case !exists || !bytes.Equal(uuid, r.UUID):
			complain("the record of %s is of a collection that is not there", r.Collection)
		default:
			left.homes[r.Organization] = append(left.homes[r.Organization], r.where())
			l.strangers(r, complain)
		}
		delete(there, r.Collection)
	}
	for _, known := range []string{"organizations", "users", "operators", "audit", "places", "instances", "orgd"} {
		delete(there, known)
	}
	for name := range there {
		complain("%s", name)
	}
	private := l.collections(l.private)
	for _, known := range []string{"keys", "sessions", "idempotency", "throttle", "installation", "orgd"} {
		delete(private, known)
	}
	for name := range private {
		complain("_private.%s", name)
	}
	if n := l.alive(); n > 0 {
		complain("%d servers that have ended are on the list and not dead", n)
	}
	left.audit = l.audit()
	return left
}

// alive counts the servers on the list that were not declared dead.
func (l *look) alive() int64 {
	l.t.Helper()
	n, err := l.main.Collection("instances").CountDocuments(l.ctx, bson.M{"dead": bson.M{"$ne": true}})
	must(l.t, err)
	return n
}

// underWay counts the organizations with an operation under way.
func (l *look) underWay() int64 {
	l.t.Helper()
	n, err := l.main.Collection("organizations").CountDocuments(l.ctx, bson.M{"op": bson.M{"$exists": true}})
	must(l.t, err)
	return n
}

// strangers finds documents of one organization in another's collection.
func (l *look) strangers(r record, complain func(format string, args ...any)) {
	l.t.Helper()
	n, err := l.main.Collection(r.Collection).CountDocuments(l.ctx, bson.M{"_orgd.organization": bson.M{"$ne": r.Organization}})
	must(l.t, err)
	if n > 0 {
		complain("%s holds %d documents of others", r.Collection, n)
	}
}

// collections are those of a database, with their UUIDs.
func (l *look) collections(of *mongo.Database) map[string][]byte {
	l.t.Helper()
	list, err := of.ListCollectionSpecifications(l.ctx, bson.D{})
	must(l.t, err)
	found := map[string][]byte{}
	for _, c := range list {
		if !strings.HasPrefix(c.Name, "system.") {
			found[c.Name] = c.UUID.Data
		}
	}
	return found
}

// all reads a collection.
func all[T any](l *look, of *mongo.Database, name string) (list []T) {
	l.t.Helper()
	cursor, err := of.Collection(name).Find(l.ctx, bson.D{})
	must(l.t, err)
	must(l.t, cursor.All(l.ctx, &list))
	return list
}

// act is an audit entry in the log, or in the outbox of the document that it came with.
type act struct {
	InLog        string `bson:"_id"`
	InOutbox     string `bson:"id"`
	Organization string `bson:"organization"`
	Action       string `bson:"action"`
	Seq          int64  `bson:"seq"`
	PrevHash     string `bson:"prev_hash"`
	Hash         string `bson:"hash"`
	Posted       int64  `bson:"posted"`
}

// audit reads the log, and after it what lies in outboxes and is not in the log yet: that is where the next start puts it.
func (l *look) audit() map[string][]entry {
	l.t.Helper()
	log, logged := map[string][]entry{}, map[string]bool{}
	for _, a := range l.log() {
		logged[a.InLog] = true
		log[a.Organization] = append(log[a.Organization], entry{a.Seq, a.InLog, a.Action, a.PrevHash, a.Hash})
	}
	for _, a := range l.outboxes() {
		if logged[a.InOutbox] {
			continue
		}
		before := log[a.Organization]
		next := entry{seq: int64(len(before)) + 1, id: a.InOutbox, action: a.Action, hash: "of " + a.InOutbox}
		if n := len(before); n > 0 {
			next.previous = before[n-1].hash
		}
		log[a.Organization] = append(before, next)
	}
	return log
}

func (l *look) log() []act {
	l.t.Helper()
	list := all[act](l, l.main, "audit")
	slices.SortFunc(list, func(a, b act) int { return cmp.Compare(a.Seq, b.Seq) })
	return list
}

// outboxes are the entries that wait, in the order in which they were posted.
func (l *look) outboxes() (waiting []act) {
	l.t.Helper()
	type holder struct {
		Outbox []act `bson:"outbox"`
	}
	holders := slices.Concat(all[holder](l, l.main, "organizations"), all[holder](l, l.main, "users"),
		all[holder](l, l.main, "operators"), all[holder](l, l.private, "keys"))
	for _, h := range holders {
		waiting = append(waiting, h.Outbox...)
	}
	slices.SortFunc(waiting, func(a, b act) int { return cmp.Compare(a.Posted, b.Posted) })
	return waiting
}

// contents are all collections as the engine has them, byte for byte; those of tenants under the organization's id.
func (l *look) contents() (places []place) {
	l.t.Helper()
	names := map[string]string{}
	for _, r := range all[record](l, l.main, "places") {
		names[r.Collection] = map[home]string{inUse: "tenants/", inTrash: "trash/"}[r.where()] + r.Organization
	}
	for as, database := range map[string]*mongo.Database{"orgd": l.main, "orgd_private": l.private} {
		for _, name := range slices.Sorted(maps.Keys(l.collections(database))) {
			content := []byte(name)
			for _, raw := range all[bson.Raw](l, database, name) {
				content = append(content, raw...)
			}
			places = append(places, place{cmp.Or(names[name], as+"."+name), content})
		}
	}
	return places
}

// spoilDatabase are the ways in which the databases can be wrong about an organization.
func spoilDatabase(t *testing.T, s *server, id string) map[string]lie {
	t.Helper()
	l := lookAt(t, s)
	ctx, cancel := context.WithTimeout(l.ctx, time.Minute)
	t.Cleanup(cancel)
	rename := func(from, to string) func() error {
		return func() error {
			return l.main.Client().Database("admin").RunCommand(ctx, bson.D{
				{Key: "renameCollection", Value: l.main.Name() + "." + from}, {Key: "to", Value: l.main.Name() + "." + to},
			}).Err()
		}
	}
	insert := func(into string, doc bson.M) func() error {
		return func() error {
			_, err := l.main.Collection(into).InsertOne(ctx, doc)
			return err
		}
	}
	remove := func(from string, id any) func() error {
		return func() error {
			_, err := l.main.Collection(from).DeleteOne(ctx, bson.M{"_id": id})
			return err
		}
	}
	drop := func(name string) func() error { return func() error { return l.main.Collection(name).Drop(ctx) } }
	var own record
	must(t, l.main.Collection("places").FindOne(ctx, bson.M{"organization": id}).Decode(&own))
	forged := bson.M{"_id": "forged", "organization": id, "seq": 99, "action": created}
	return map[string]lie{
		"a lost collection":     {rename(own.Collection, "away"), rename("away", own.Collection), "is [], want [in use]"},
		"a stray collection":    {insert("org_stray", bson.M{"a": 1}), drop("org_stray"), "a stray: org_stray"},
		"a record of nothing":   {insert("places", bson.M{"_id": "x", "collection": "org_x", "state": "ready"}), remove("places", "x"), "of a collection that is not there"},
		"a move half done":      {insert("places", bson.M{"_id": "x", "collection": "org_x", "state": "arriving"}), remove("places", "x"), "org_x is arriving"},
		"a stranger's document": {insert(own.Collection, bson.M{"_id": "s", "_orgd": bson.M{"organization": "x"}}), remove(own.Collection, "s"), "holds 1 documents of others"},
		"a server on the list":  {insert("instances", bson.M{"_id": "x"}), remove("instances", "x"), "on the list"},
		"a forged entry":        {insert("audit", forged), remove("audit", "forged"), "the audit log is broken"},
	}
}

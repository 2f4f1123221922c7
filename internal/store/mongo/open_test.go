package mongo

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// A database that a newer orgd has written is refused, and left as it is.
func TestOpenRefusesANewerLayout(t *testing.T) {
	o := Options{Database: "orgd_t_newer_" + tenant.NewID()[:8]}
	db := openTest(t, o)
	_, err := db.main.Collection("orgd").UpdateOne(t.Context(), bson.M{"_id": theLayout}, bson.M{"$set": bson.M{"number": db.newest() + 1}})
	must(t, err)
	o.URI = engine(t)
	_, err = Open(t.Context(), o)
	want(t, tenant.CodeUnavailable, err, "open")
	if err == nil || !strings.Contains(err.Error(), "newer version of orgd") {
		t.Errorf("the refusal is %v", err)
	}
}

// Where no server was ever started, a command is refused and makes nothing; where one was, it is let in.
func TestOpenOfWhatMustExist(t *testing.T) {
	db := openTest(t, Options{})
	o := Options{URI: engine(t), Database: db.main.Name(), MustExist: true}
	again, err := Open(t.Context(), o)
	must(t, err)
	must(t, again.Close(t.Context()))
	o.Database = "orgd_t_none_" + tenant.NewID()[:8]
	_, err = Open(t.Context(), o)
	want(t, tenant.CodeNotFound, err, "open")
	if err == nil || !strings.Contains(err.Error(), "ORGD_DATABASE") {
		t.Errorf("the refusal is %v", err)
	}
	for _, name := range []string{o.Database, o.Database + "_private"} {
		if made, err := db.client.Database(name).ListCollectionNames(t.Context(), bson.D{}); err != nil || len(made) > 0 {
			t.Errorf("it made %v (%v)", made, err)
		}
	}
}

// What cannot work is refused with one line that says what to do, and never with the password that the URI holds.
func TestOpenRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"no URI":               {Options{URI: "sqlite:./data", Database: "orgd"}, "mongodb://"},
		"a URI that is broken": {Options{URI: "mongodb://ada:s3cret@host:port/", Database: "orgd"}, "mongodb://"},
		"a database name":      {Options{URI: "mongodb://ada:s3cret@127.0.0.1/", Database: "Orgd"}, "database name"},
		"nobody there":         {Options{URI: "mongodb://ada:s3cret@127.0.0.1:1/", Database: "orgd"}, "cannot be reached"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := Open(ctx, c.o)
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the refusal is %v, want one line with %q", name, err, c.says)
		}
	}
}

// wire remembers the commands that a client sends.
type wire struct {
	mu       sync.Mutex
	commands []bson.Raw
}

func (w *wire) options(c *options.ClientOptions) {
	c.SetMonitor(&event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.commands = append(w.commands, append(bson.Raw(nil), e.Command...))
	}})
}

// take returns the commands since the last call.
func (w *wire) take() []bson.Raw {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.commands = nil }()
	return w.commands
}

// name returns what a command is called, and its argument.
func name(command bson.Raw) (string, string) {
	first := elements(command)[0]
	text, _ := first.Value().StringValueOK()
	return first.Key(), text
}

// Every write asks for a majority, every read sees one, and a command on a tenant's collection names the organization.
func TestCommandsOnTheWire(t *testing.T) {
	var w wire
	db := openTest(t, Options{client: w.options, tick: make(chan time.Time)})
	s, place := db.Store(), settle(t, db)
	org := newOrg()
	must(t, s.Orgs.Insert(t.Context(), org, entry(org.ID)))
	touch(t, db, org.ID, entry(org.ID))
	chain(t, db, org.ID, 2)
	_, err := s.Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w"}, 100)
	must(t, err)
	_, err = s.Documents.Update(t.Context(), place.In(""), "doc", 0, func(*tenant.Document) error { return nil })
	must(t, err)
	_, err = s.Documents.List(t.Context(), place.In(""), "", 9)
	must(t, err)
	must(t, s.Documents.Delete(t.Context(), place.In(""), "doc", tenant.Revision{}))
	must(t, s.Places.Trash(t.Context(), place, "op"))
	must(t, s.Places.Drop(t.Context(), place.Org, "op"))
	must(t, s.Places.Create(t.Context(), place))
	must(t, s.Places.Discard(t.Context(), place))
	writes := map[string]bool{}
	for _, command := range []string{"insert", "update", "delete", "findAndModify", "create", "renameCollection", "drop"} {
		writes[command] = true
	}
	reads := map[string]bool{"find": true, "aggregate": true}
	for _, command := range w.take() {
		kind, on := name(command)
		text := command.String()
		switch {
		case writes[kind] && !strings.Contains(text, `"writeConcern": {"w": "majority"}`):
			t.Errorf("a write without a majority: %s", text)
		case reads[kind] && !strings.Contains(text, `"readConcern": {"level": "majority"}`):
			t.Errorf("a read without a majority: %s", text)
		case kind == "renameCollection" && strings.Contains(text, "dropTarget"):
			t.Errorf("a rename that may replace a collection: %s", text)
		case kind == "drop" && !strings.HasPrefix(on, gravePrefix):
			t.Errorf("a drop under a name that can be used again: %s", text)
		}
		if strings.HasPrefix(on, "org_") && kind != "create" && kind != "getMore" && !strings.Contains(text, string(place.Org)) {
			t.Errorf("a command on a tenant's collection without the organization: %s", text)
		}
	}
}

// Where the server knows the field, an insert names the collection that it means, and creates none.
func TestInsertNamesItsCollection(t *testing.T) {
	var w wire
	db := openTest(t, Options{client: w.options, tick: make(chan time.Time)})
	place, known := settle(t, db), db.owners.guards
	for _, guards := range []bool{known, true} {
		db.owners.guards = guards
		w.take()
		_, err := db.Store().Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w"}, 0)
		if guards == known {
			must(t, err)
		}
		for _, command := range w.take() {
			_, missing := command.LookupErr("collectionUUID")
			sent := missing == nil
			if kind, on := name(command); kind == "insert" && on == place.Placement.Namespace && sent != guards {
				t.Errorf("the insert names its collection: %t, want %t: %s", sent, guards, command)
			}
		}
	}
}

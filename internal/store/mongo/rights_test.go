package mongo

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// forbids lets a server answer as one does whose user may not use one command. Finds find the newest layout.
func forbids(forbidden string) func(command bson.Raw) bson.D {
	layout := layoutDoc{ID: theLayout, Layout: rowLayout, Number: firstLayout}
	return func(command bson.Raw) bson.D {
		switch kind, on := name(command); kind {
		case forbidden:
			return failure(codeUnauthorized, "not authorized on orgd to execute command { "+kind+": "+on+" }")
		case "saslStart":
			return bson.D{e("ok", 1), e("conversationId", 1), e("done", true), e("payload", []byte{})}
		case "find":
			return bson.D{e("ok", 1), e("cursor", bson.D{e("id", int64(0)), e("ns", "orgd.orgd"), e("firstBatch", bson.A{layout})})}
		case "listIndexes":
			return failure(codeNamespaceNotFound, "ns does not exist: "+on)
		default:
			return bson.D{e("ok", 1), e("n", 1)}
		}
	}
}

// A user who may only read, and one who may not make or list indexes, keep a server from starting, and are told the role they need.
func TestStartWithoutRights(t *testing.T) {
	for _, right := range []string{"insert", "find", "createIndexes", "listIndexes"} {
		t.Run(right, func(t *testing.T) {
			server := actor{is: primary, answer: forbids(right)}
			uri := server.play(t) + "/?authMechanism=PLAIN&authSource=$external"
			wantRefusal(t, "mongodb://ada:s3cret@"+uri, "give it the role readWrite on the databases orgd and orgd_private")
			wantRefusal(t, "mongodb://ada:s3cret@"+uri, right+": ")
			wantRefusal(t, "mongodb://"+server.play(t), "wants a user and a password")
		})
	}
	server := actor{is: primary, answer: forbids("nothing")}
	db, err := Open(t.Context(), Options{URI: "mongodb://ada:s3cret@" + server.play(t) + "/?authMechanism=PLAIN&authSource=$external", Database: "orgd"})
	must(t, err)
	must(t, db.Close(t.Context()))
}

// A user who may not drop keeps the purge from its end, which says so and is tried again; nothing else is kept from anything.
// The same holds for moving and making collections.
func TestOperationWithoutRights(t *testing.T) {
	var forbidden atomic.Value
	forbidden.Store("")
	engineURI := engine(t)
	server := actor{behind: engineHost(t), answer: func(command bson.Raw) bson.D {
		if kind, on := name(command); kind == forbidden.Load() {
			return failure(codeUnauthorized, "not authorized to execute command { "+kind+": "+on+" }")
		}
		return nil
	}}
	at := server.play(t)
	db := openTest(t, Options{URI: engineURI, tick: make(chan time.Time), DocumentTime: 4 * time.Second, client: func(c *options.ClientOptions) {
		c.SetHosts([]string{at}).SetDirect(true)
	}})
	places, docs := db.Store().Places, db.Store().Documents
	place, bystander := settle(t, db), settle(t, db)
	_, err := docs.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w"}, 0)
	must(t, err)
	fresh := newPlace()
	for _, c := range []struct {
		command, says string
		act           func(ctx context.Context) error
	}{
		{"create", "may not create collections", func(ctx context.Context) error { return places.Create(ctx, fresh) }},
		{"renameCollection", "may not rename collections", func(ctx context.Context) error { return places.Rename(ctx, place, renamed(place)) }},
		{"renameCollection", "may not rename collections", func(ctx context.Context) error { return places.Trash(ctx, renamed(place), "op") }},
		{"drop", "may not drop collections", func(ctx context.Context) error { return places.Drop(ctx, place.Org, "op") }},
	} {
		forbidden.Store(c.command)
		for range 2 { // what was refused is begun again, and refused again
			err := c.act(t.Context())
			want(t, tenant.CodeUnavailable, err, c.command)
			if err == nil || !strings.Contains(err.Error(), c.says+"; give it the role readWrite on the database "+db.main.Name()) {
				t.Errorf("the refusal of %s is %v", c.command, err)
			}
		}
		_, err := docs.Insert(t.Context(), bystander.In(""), tenant.Document{ID: tenant.DocumentID(tenant.NewID()), Data: tenant.Data("{}"), WriteID: "w"}, 0)
		must(t, err)
		must(t, db.Store().Health.Ping(t.Context()))
		if c.command != "renameCollection" {
			must(t, places.Rename(t.Context(), bystander, renamed(bystander)))
			bystander = renamed(bystander)
		}
		forbidden.Store("")
		must(t, c.act(t.Context()))
	}
	want(t, tenant.CodeNotFound, places.Restore(t.Context(), "op", place), "restore of what was dropped")
	if list, err := db.Orphans(t.Context()); err != nil || strings.Contains(strings.Join(list, "\n"), gravePrefix) {
		t.Errorf("after the purge there are %q (%v)", list, err)
	}
}

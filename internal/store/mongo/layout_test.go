package mongo

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// Servers that start on an empty database at once all come up, and make each index once.
func TestStartsOnAnEmptyDatabaseAtOnce(t *testing.T) {
	o := Options{Database: "orgd_t_empty_" + tenant.NewID()[24:], URI: engine(t), tick: make(chan time.Time)}
	var servers []<-chan error
	for range 4 {
		servers = append(servers, opening(t, o))
	}
	for _, server := range servers {
		must(t, <-server)
	}
	db := openTest(t, o)
	for _, set := range db.indexes() {
		list, err := set.coll.Indexes().ListSpecifications(t.Context())
		must(t, err)
		if len(list) != len(set.models)+1 {
			t.Errorf("%s has %d indexes, want %d and the one on _id", set.coll.Name(), len(list), len(set.models))
		}
	}
}

// What keeps an index from being made is told with the collection, and a start that meets it leaves everything as it is.
func TestWhatStandsInTheWayOfAnIndex(t *testing.T) {
	for name, c := range map[string]struct {
		index, says string
		put         func(users *mongo.Collection)
	}{
		"documents of others": {"claims", "another program wrote them", func(users *mongo.Collection) {
			for range 2 {
				application(t, users, bson.D{e("claims", bson.A{"email:a@example.com"}), e(fieldLayout, 1)})
			}
		}},
		"an index of the same name": {"members", "drop it, and orgd makes its own", func(users *mongo.Collection) {
			other := mongo.IndexModel{Keys: bson.D{e("other", 1)}, Options: options.Index().SetName("members")}
			_, err := users.Indexes().CreateOne(t.Context(), other)
			must(t, err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Database: "orgd_t_way_" + tenant.NewID()[24:], URI: engine(t), tick: make(chan time.Time)}
			users := openTest(t, o).main.Collection("users")
			must(t, users.Indexes().DropOne(t.Context(), c.index))
			c.put(users)
			err := <-opening(t, o)
			want(t, tenant.CodeUnavailable, err, "open")
			if err == nil || !strings.Contains(err.Error(), o.Database+".users") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the refusal is %v, want one with %q", err, c.says)
			}
		})
	}
}

// Two servers that make one index may keep each other from it: some engines call that a deadlock, some an aborted build. The
// making is begun anew.
func TestIndexesAreBegunAnew(t *testing.T) {
	for _, code := range []int{codeWriteConflict, codeIndexBuildAborted, codeIndexBuildAlreadyInProgress} {
		var asked atomic.Int64
		fine := forbids("nothing")
		server := actor{is: primary, answer: func(command bson.Raw) bson.D {
			if kind, _ := name(command); kind == "createIndexes" && asked.Add(1) <= 2 {
				return failure(code, "another one is at it")
			}
			return fine(command)
		}}
		o := Options{URI: "mongodb://" + server.play(t), Database: "orgd"}
		db, err := Open(t.Context(), o)
		must(t, err)
		if sets := int64(len(db.indexes())); asked.Load() != sets+2 {
			t.Errorf("indexes of %d collections were asked for %d times, want two more", sets, asked.Load())
		}
		must(t, db.Close(t.Context()))
	}
}

// heard is a log that tells when it hears a word.
type heard struct {
	word string
	seen chan struct{}
	once sync.Once
}

// Write implements io.Writer.
func (h *heard) Write(p []byte) (int, error) {
	if strings.Contains(string(p), h.word) {
		h.once.Do(func() { close(h.seen) })
	}
	return len(p), nil
}

// While indexes are built over many documents, the log says what a start waits for.
func TestLongBuildOfIndexesIsTold(t *testing.T) {
	log := heard{word: "indexes are still being built", seen: make(chan struct{})}
	fine := forbids("nothing")
	server := actor{is: primary, answer: func(command bson.Raw) bson.D {
		if kind, _ := name(command); kind == "createIndexes" {
			select {
			case <-log.seen:
			case <-t.Context().Done():
			}
		}
		return fine(command)
	}}
	o := Options{URI: "mongodb://" + server.play(t), Database: "orgd", Log: slog.New(slog.NewTextHandler(&log, nil)), pace: quick}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	db, err := Open(ctx, o)
	must(t, err)
	must(t, db.Close(t.Context()))
}

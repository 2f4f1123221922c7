package mongo

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// A write that finds no room is told so, and for a while the store says that it cannot be written; other failures and
// successes change nothing about that.
func TestFullDiskIsRemembered(t *testing.T) {
	var passed atomic.Int64
	start := time.Now()
	db := openTest(t, Options{tick: make(chan time.Time), Now: func() time.Time { return start.Add(time.Duration(passed.Load())) }})
	health := db.Store().Health
	must(t, health.Ping(t.Context()))
	must(t, ending(t, db, nil))
	want(t, tenant.CodeUnavailable, ending(t, db, mongo.CommandError{Code: codeUnauthorized}), "a write without a right")
	must(t, health.Ping(t.Context()))
	for _, full := range []error{
		mongo.CommandError{Code: codeOutOfDiskSpace},
		mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: codeOutOfDiskSpace}}},
	} {
		want(t, tenant.CodeStorageFull, ending(t, db, full), "a write without room")
		must(t, ending(t, db, nil))
		want(t, tenant.CodeStorageFull, health.Ping(t.Context()), "ping")
		passed.Add(int64(fullTime))
		must(t, health.Ping(t.Context()))
	}
}

// ending makes a write that ends with an error.
func ending(t *testing.T, db *DB, err error) error {
	t.Helper()
	return db.catalog.write(t.Context(), func(context.Context) error { return err }, func(context.Context) fate { return unclear })
}

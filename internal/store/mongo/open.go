package mongo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// DB is a connection to the databases of one installation.
type DB struct {
	client  *mongo.Client
	main    *mongo.Database
	private *mongo.Database
	catalog calls
	opts    Options
	relay   *relay
	owners  *owners
	address address
	// told is what the last failure of a server said.
	told atomic.Pointer[error]

	stop    context.CancelFunc
	running sync.WaitGroup
}

// Open connects to a server, makes what is missing of the layout, and starts the relay of the audit log. Close ends it.
func Open(ctx context.Context, o Options) (*DB, error) {
	db, err := dial(o)
	if err != nil {
		return nil, err
	}
	db.relay = newRelay(db.catalog, db.opts, db.main.Collection("audit"),
		db.main.Collection("organizations"), db.main.Collection("users"), db.main.Collection("operators"), db.private.Collection("keys"))
	db.owners = &owners{
		calls: db.catalog, log: db.opts.Log, client: db.client, main: db.opts.Database, records: db.main.Collection("places"), known: newFacts(),
	}
	if err := db.begin(ctx); err != nil {
		return nil, errors.Join(db.refusal(err), db.disconnect(context.WithoutCancel(ctx)))
	}
	db.start()
	return db, nil
}

// dial makes the connections' client. It sends nothing yet.
func dial(o Options) (*DB, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	db := &DB{opts: o}
	settings := clientOptions(o).SetServerMonitor(&event.ServerMonitor{ServerHeartbeatFailed: db.hear})
	client, err := mongo.Connect(settings)
	if err != nil {
		return nil, uriRefusal(err)
	}
	db.client, db.main, db.private = client, client.Database(o.Database), client.Database(o.Database+"_private")
	db.address = addressOf(settings)
	db.catalog = calls{cap: o.CallTime, patience: min(o.CallTime, time.Second), disk: &disk{now: o.Now}, outdated: newOutdated()}
	return db, nil
}

// searchTime is how long a start looks for a primary: about as long as a replica set takes to elect one.
const searchTime = 10 * time.Second

// begin finds the primary, prepares the databases and learns what the server knows.
func (db *DB) begin(ctx context.Context) error {
	search, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	if err := db.client.Ping(search, readpref.Primary()); err != nil {
		return err
	}
	if err := (health{db}).Ping(ctx); err != nil { // a single server that was named counts as one
		return err
	}
	if db.opts.MustExist {
		if err := db.exists(ctx); err != nil {
			return err
		}
	}
	if err := db.prepare(ctx); err != nil {
		return err
	}
	return db.ask(ctx)
}

// ask learns whether the server knows the field collectionUUID of an insert: it is sent one of a collection that does not
// exist. Whatever the answer, nothing is written, for the document is there already.
func (db *DB) ask(ctx context.Context) error {
	uuid := uuid.New()
	err := db.catalog.read(ctx, func(ctx context.Context) error {
		return db.main.RunCommand(ctx, bson.D{
			e("insert", metaCollection),
			e("documents", bson.A{layoutDoc{ID: theLayout, Layout: rowLayout, Number: db.newest()}}),
			e("collectionUUID", bson.Binary{Subtype: bson.TypeBinaryUUID, Data: uuid[:]}),
			byMajority(),
		}).Err()
	})
	db.owners.guards = hasCode(err, codeCollectionUUIDMismatch)
	if _, answer := errors.AsType[mongo.CommandError](err); answer || errors.Is(err, errTaken) {
		return nil
	}
	return err
}

// clientOptions asks for what the contract promises: an acknowledged write is a majority's, and a read sees it.
func clientOptions(o Options) *options.ClientOptions {
	c := options.Client().ApplyURI(o.URI).
		SetAppName("orgd").
		SetWriteConcern(writeconcern.Majority()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(true).
		SetRetryReads(true).
		SetMaxPoolSize(o.MaxConnections).
		SetMonitor(o.Monitor)
	if o.client != nil {
		o.client(c)
	}
	return c
}

// start runs the relay until Close.
func (db *DB) start() {
	ctx, cancel := context.WithCancel(context.Background())
	db.stop = cancel
	tick, end := db.opts.tick, func() {}
	if tick == nil {
		ticker := time.NewTicker(relayPeriod)
		tick, end = ticker.C, ticker.Stop
	}
	db.running.Go(func() {
		defer end()
		db.run(ctx, tick)
	})
}

// roundsPerTrim is how many rounds of the relay pass from one trimming of the throttle to the next.
const roundsPerTrim = 60

// run does at each tick what nobody waits for, until ctx ends: moving audit entries to the log, and now and then
// forgetting the throttle's counters beyond their bound.
func (db *DB) run(ctx context.Context, tick <-chan time.Time) {
	for round := 1; ; round++ {
		select {
		case <-tick:
		case <-ctx.Done():
			return
		}
		if err := db.relay.round(ctx); err == nil {
			db.relay.failed.Store(0)
		} else if ctx.Err() == nil {
			db.relay.failed.Add(1)
			db.opts.Log.Warn("moving audit entries to the log failed; the next attempt is in a second", "error", err)
		}
		if round%roundsPerTrim != 0 {
			continue
		}
		if err := db.throttle().trim(ctx, maxCounters); err != nil && ctx.Err() == nil {
			db.opts.Log.Warn("forgetting counters of the throttle failed; the next attempt is in a minute", "error", err)
		}
	}
}

// Close ends the relay and the connections. Entries in outboxes stay there until the next start.
func (db *DB) Close(ctx context.Context) error {
	db.stop()
	db.running.Wait()
	db.owners.asking.wait()
	return db.disconnect(ctx)
}

// disconnect ends the connections. Saying goodbye to a server that is lost would take the driver half a minute.
func (db *DB) disconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.opts.CallTime)
	defer cancel()
	return db.client.Disconnect(ctx)
}

// Place returns where the data lies, for people: the hosts and the database, without user, password and options.
func (db *DB) Place() string {
	return "mongodb://" + db.address.hosts + "/" + db.main.Name()
}

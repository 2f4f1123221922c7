package mongo

import (
	"log/slog"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// Options say where the data lies and how to keep it.
type Options struct {
	// URI names the server, replica set or cluster: mongodb://... or mongodb+srv://...
	URI string
	// Database holds the catalog and the tenants' collections. At most 30 characters, so that names made of it fit.
	Database string
	// MustExist refuses a database in which no server was ever started, and makes nothing there.
	MustExist bool
	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// CallTime bounds one call of the catalog, DocumentTime one on tenants' documents, whose gate is held meanwhile. Zero is
	// 4 s and 1 s.
	CallTime     time.Duration
	DocumentTime time.Duration
	// Lease is how long a server serves after its last heartbeat (ORGD_LEASE): a layout waits that long, and a little longer, for
	// one that may be dead. Zero is 5 s.
	Lease time.Duration
	// MaxConnections bounds the pool. Zero is 50.
	MaxConnections uint64
	// Monitor hears of every command that is sent, and of its answer. Nil is nobody.
	Monitor *event.CommandMonitor

	tick   <-chan time.Time // of the relay; nil is each second
	steps  []step           // nil is those of this binary
	ahead  int              // how many layouts beyond its own this binary reads and writes
	pace   pace
	client func(*options.ClientOptions)
}

const (
	defaultCallTime     = 4 * time.Second
	defaultDocumentTime = time.Second
	defaultLease        = 5 * time.Second
	// maxConnections is what one server uses of its MongoDB: calls wait for a free connection rather than open more.
	maxConnections = 50
	// relayPeriod is how long an audit entry lies in an outbox that nobody reads.
	relayPeriod = time.Second
)

// databaseName is what ORGD_DATABASE may be: characters that every platform takes, in one case.
var databaseName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

// withDefaults fills in what the caller left out.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CallTime == 0 {
		o.CallTime = defaultCallTime
	}
	if o.DocumentTime == 0 {
		o.DocumentTime = defaultDocumentTime
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = maxConnections
	}
	if o.steps == nil {
		o.steps = layoutSteps()
	}
	if o.pace == (pace{}) {
		o.pace = defaultPace
	}
	return o
}

// check refuses what no server should be asked for.
func (o Options) check() error {
	if !databaseName.MatchString(o.Database) {
		return tenant.Errorf(tenant.CodeInvalid, "a database name has 1 to 30 of a-z, 0-9 and _ and begins with a letter")
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/mongo"
)

// mongoServer is a MongoDB server, replica set or cluster. It has no lock to hold: commands work on the database beside
// running servers.
type mongoServer struct {
	uri      config.URI
	database string
	lease    time.Duration
}

// goodbye is how long closing the connections may take.
const goodbye = 5 * time.Second

func (m mongoServer) open(ctx context.Context, as role, log *slog.Logger, now func() time.Time) (*opened, error) {
	db, err := mongo.Open(ctx, mongo.Options{
		URI: string(m.uri), Database: m.database, MustExist: as == commanding || as == renewing, Lease: m.lease, Log: log, Now: now,
	})
	if err != nil {
		return nil, err
	}
	return &opened{
		store: db.Store(), place: db.Place(), name: db.Place(), shared: true, orphans: db.Orphans, dearest: db.DearestHash,
		outdated: db.Outdated(), claim: db.Claim,
		backup:  func(context.Context, string, func(control.Progress)) ([]string, error) { return nil, m.noBackup() },
		metrics: []prometheus.Collector{newOutboxGauge(db.Outbox)},
		close: func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
			defer cancel()
			return db.Close(ctx)
		},
	}, nil
}

func (mongoServer) ask(context.Context, control.Request, control.Output) error {
	return control.ErrNoServer
}

func (mongoServer) listen(*slog.Logger) (*control.Server, error) { return nil, nil }

func (m mongoServer) admits(command string) error {
	if command == "backup" {
		return m.noBackup()
	}
	return nil
}

func (m mongoServer) noBackup() error {
	return fmt.Errorf("this command copies the embedded store only; copy a MongoDB with mongodump (databases %s and %s_private, and those from which collections were adopted), and keep the file of ORGD_KEY_FILE apart from the copy",
		m.database, m.database)
}

func (m mongoServer) foreign(ctx context.Context, from config.URI, database string, fields store.ForeignFields) (foreignDatabase, error) {
	return mongo.OpenForeign(ctx, mongo.ForeignOptions{
		From: string(from), Database: database, Own: mongo.Options{URI: string(m.uri), Database: m.database}, Fields: fields,
	})
}

func (mongoServer) restore(context.Context, string, func(control.Progress)) (string, []string, error) {
	return "", nil, errors.New("this command restores the embedded store only; restore a copy of mongodump with mongorestore --preserveUUID --drop while no orgd runs, since orgd knows each organization's collection by its UUID")
}

// outboxGauge tells how many audit entries wait for their way to the log. It asks the database at each look, and tells
// nothing where that does not answer.
type outboxGauge struct {
	about *prometheus.Desc
	count func(ctx context.Context) (int64, error)
}

// lookLimit is how long a look at the database for a metric may take.
const lookLimit = time.Second

func newOutboxGauge(count func(ctx context.Context) (int64, error)) prometheus.Collector {
	return outboxGauge{prometheus.NewDesc("orgd_audit_outbox_entries",
		"Audit entries that wait in their documents to be moved to the log.", nil, nil), count}
}

// Describe implements prometheus.Collector.
func (g outboxGauge) Describe(to chan<- *prometheus.Desc) { to <- g.about }

// Collect implements prometheus.Collector.
func (g outboxGauge) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	if entries, err := g.count(ctx); err == nil {
		to <- prometheus.MustNewConstMetric(g.about, prometheus.GaugeValue, float64(entries))
	}
}

var _ backend = mongoServer{}

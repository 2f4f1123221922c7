package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// backend is a kind of place where everything is kept. What differs between the kinds stands behind it: nothing else in
// this package asks which one it is.
type backend interface {
	// open opens the store for this process.
	open(ctx context.Context, as role, log *slog.Logger, now func() time.Time) (*opened, error)
	// ask has the server that keeps others out of the store do an administration command; control.ErrNoServer where none
	// does, so that this process does the command itself.
	ask(ctx context.Context, request control.Request, out control.Output) error
	// admits refuses an administration command that there is not for this kind.
	admits(command string) error
	// listen takes administration commands for a server; nil where commands open the store themselves.
	listen(log *slog.Logger) (*control.Server, error)
	// foreign looks at the database of another service on the server, reached by a URI of that one's.
	foreign(ctx context.Context, from config.URI, database string, fields store.ForeignFields) (foreignDatabase, error)
	// restore makes the store from a backup and returns where, and a sentence about each organization whose data the backup lacks.
	restore(ctx context.Context, src string, progress func(control.Progress)) (place string, lacks []string, err error)
}

// opened is a store that is open, with what the kinds offer beside the contract.
type opened struct {
	store store.Store
	// place tells people where the data lies, without credentials, and name which store it is, in the words of ORGD_STORE.
	place, name string
	// shared says that other processes may have the store open at the same time.
	shared bool
	// backup copies everything to the folder dest, and returns a sentence about each organization whose data it lacks.
	backup func(ctx context.Context, dest string, progress func(control.Progress)) (lacks []string, err error)
	// orphans tells of data that belongs to no organization.
	orphans func(ctx context.Context) ([]string, error)
	// dearest returns the stored password hash that takes longest to compare.
	dearest func(ctx context.Context) (hash string, err error)
	// outdated tells once why a server must stop using the store; nil where that cannot happen.
	outdated <-chan error
	// claim makes a collection of another service that of an organization, whose id it returns; nil where there are none.
	claim func(ctx context.Context, database, collection string, uuid []byte, origin string) (tenant.OrgID, error)
	// metrics are those of this kind alone.
	metrics []prometheus.Collector
	close   func() error
}

// backendOf returns the kind of place that the settings name.
func backendOf(c *config.Config) backend { return backendFor(c.Store, c.Database, c.Lease) }

// backendFor returns the kind of place that a store is.
func backendFor(s config.Store, database string, lease time.Duration) backend {
	if s.URI != "" {
		return mongoServer{s.URI, database, lease}
	}
	return dataFolder(s.Dir)
}

package migration

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Side is one of the two stores.
type Side struct {
	store.Store
	// Name tells people which store it is, without credentials, such as sqlite:/srv/orgd.
	Name string
	// Shared says that other processes may have the store open at the same time.
	Shared bool
}

// Options are what a move needs beside the stores.
type Options struct {
	Guard *access.Guard
	// Reseal makes of a key of the source one that the target may hold; see tokens.Reseal.
	Reseal func(tenant.Key) (tenant.Key, error)
	// Parallel is how many organizations are copied at once; at 1 one thing is done after the other, nothing ahead.
	Parallel int
	// Silence is how long the heartbeats of a server stand still until it counts as dead.
	Silence time.Duration
	Now     func() time.Time
	// Progress hears how far the move has come, by one goroutine at a time.
	Progress func(Progress)
	// Warn hears what a person should know, one line at a time; it may be called by several goroutines.
	Warn func(line string)
}

// Report is what a move did.
type Report struct {
	// Organizations are those with documents of their own, Trashed those of them that lie in the trash.
	Organizations, Trashed int64
	// Documents and Bytes are the tenants'.
	Documents, Bytes int64
	// Copied is how many of the documents were written; the others were there from an attempt before.
	Copied int64
	// Records are those of the catalog: organizations, people, keys, sessions, the log.
	Records int64
	// Before says that an earlier attempt had copied everything, and nothing but the last steps was left.
	Before bool
}

// mover is one move under way.
type mover struct {
	Options
	source, target Side
	// entry is the audit entry of the act.
	entry tenant.AuditEntry
	// installation is what is moved.
	installation tenant.Installation
	// closed is the source's standing during the move, filling the target's.
	closed, filling tenant.Standing
	// keys are those of the source as the target is to have them, by their ids: another seal would be other bytes.
	keys map[tenant.KeyID]tenant.Key
	// versions are those of the source's organizations when their documents were listed.
	versions map[tenant.OrgID]int64
	// began says that this run closed the source, and not an earlier one.
	began bool
	meter meter
}

// Run moves the installation of the source to the target, or goes on with a move that was cut short. It returns with the source
// retired and the target in use, or with an error and the source as it was: in use, or closed where it is shared. The caller has
// opened both stores, and nothing else of this process uses them.
func Run(ctx context.Context, caller access.Caller, source, target Side, o Options) (Report, error) {
	entry, err := o.Guard.Authorize(ctx, caller, access.InstallationMigrate, "")
	if err != nil {
		return Report{}, err
	}
	m := &mover{Options: o, source: source, target: target, entry: entry.With("from", source.Name).With("to", target.Name)}
	m.meter.tell = o.Progress
	complete, err := m.begin(ctx)
	if err != nil || complete {
		return Report{Before: complete}, err
	}
	report, err := m.copyAll(ctx)
	if err != nil {
		return report, err
	}
	return report, m.end(ctx)
}

// copyAll makes the target what the source is.
func (m *mover) copyAll(ctx context.Context) (Report, error) {
	report, err := m.copyHomes(ctx)
	if err != nil {
		return report, err
	}
	report.Records, err = m.copyCatalog(ctx)
	return report, err
}

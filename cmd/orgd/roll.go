package main

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/presence"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// role is what a process opens the store for.
type role int

const (
	// serving answers requests to tenants' data.
	serving role = iota
	// commanding does one administration command. A store that does not exist is refused: making it would only hide a
	// mistyped path or name.
	commanding
	// founding does one that may come before the first start.
	founding
	// renewing commands where the secrets in the store may be beyond use, and makes new ones for them.
	renewing
)

// enroll puts this process on the list of servers, before its first read.
//
// A command that shares the store with running servers stays off it: a rename or deletion waits until every server on the
// list has let go of the organization, and a command does not follow that. It would hold them up as long as it runs, and
// until it is declared dead once it is killed. It may stay off because it lets nobody at tenants' data: it only counts
// documents (org list), which makes nothing, and restores what nobody can reach (org restore). Its operations name no server,
// so their lease alone says that somebody works on them. And it recovers nothing, since that is the servers' work.
func (a *app) enroll(ctx context.Context, as role) (err error) {
	if as != serving && a.shared {
		return nil
	}
	a.enrolled = a.now()
	if a.self, err = presence.Register(ctx, a.store.Instances, versionName(), a.enrolled); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { return a.leave(context.WithoutCancel(ctx)) })
	return nil
}

// inUse refuses a store that is closed, half filled or retired by a move of the installation. It is asked once this process is on
// the list of servers: a move closes the store first and looks at the list then, so that one of the two sees the other.
func (a *app) inUse(ctx context.Context) error {
	return migration.InUse(ctx, a.store.Transfer.Standing, a.name)
}

// oust ends the server for the reason.
func (a *app) oust(why error) {
	select {
	case a.ousted <- why:
	default: // it is ending
	}
}

// leave takes this process off the list.
func (a *app) leave(ctx context.Context) error {
	if a.keeper == nil {
		return a.store.Instances.Remove(ctx, a.self)
	}
	return a.keeper.Leave(ctx)
}

// keepPresent begins the heartbeats of a server that shares the store with others, from before it recovers or admits anything
// to after its last request.
func (a *app) keepPresent(ctx context.Context) {
	a.keeper = presence.New(presence.Deps{
		Instances: a.store.Instances, Orgs: a.store.Orgs, Gates: a.gates, Version: versionName(), Lease: a.config.Lease,
		Abandoned: a.orgs.Hurry, InUse: a.inUse, Ousted: a.oust, Now: a.now, Log: a.log,
	}, a.enrolled)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.keeper.Run(ctx)
	}()
	a.closers = append(a.closers, func() error {
		stop()
		<-done
		return nil
	})
}

// quarantine is how long physical names stay claimed after an operation that ended unclean: nothing that a process sent before
// its end can arrive where it has the store for itself.
func (a *app) quarantine() time.Duration {
	if !a.shared {
		return 0
	}
	return placement.LateLimit
}

// presentHealth is the health of a server that may have lost touch with the others.
type presentHealth struct {
	store.Health
	gates *placement.Gates
}

// Ping implements store.Health.
func (h presentHealth) Ping(ctx context.Context) error {
	if err := h.Health.Ping(ctx); err != nil || !h.gates.Fenced() {
		return err
	}
	return tenant.Errorf(tenant.CodeUnavailable, "the heartbeats of this server did not arrive for the time of ORGD_LEASE, so it serves no tenants' data")
}

package main

import (
	"context"
	"errors"
	"slices"
	"time"

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
)

// rollPeriod is how often a server looks whether it is still on the list.
const rollPeriod = time.Second

// errReplaced ends a server whose place another one has taken.
var errReplaced = errors.New("another server was started on the same database and takes this one's place; this version serves a database with one server")

// enroll puts this process on the list of servers, before its first read.
//
// A command that shares the store with running servers stays off it: a rename or deletion waits until every server on the
// list has let go of the organization, and a command does not follow that. It would hold them up as long as it runs, and
// for good once it is killed. It may stay off because it lets nobody at tenants' data: it only counts documents (org list),
// which makes nothing, and restores what nobody can reach (org restore). Its operations name no server, so their lease alone
// says that somebody works on them. And it recovers nothing, since that is the servers' work.
func (a *app) enroll(ctx context.Context, as role) error {
	if as != serving && a.shared {
		return nil
	}
	a.self = tenant.InstanceID(tenant.NewID())
	instances := a.store.Instances
	err := instances.Register(ctx, tenant.Instance{ID: a.self, Version: versionName(), StartedAt: tenant.Millis(a.now())})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { return instances.Remove(context.WithoutCancel(ctx), a.self) })
	return nil
}

// replaceOthers takes other servers off the list. One that was killed stays there, and every rename would wait for it. One
// that runs finds out within [rollPeriod] and ends; so call it only when nothing keeps this one from serving any more.
func (a *app) replaceOthers(ctx context.Context) error {
	others, err := a.store.Instances.List(ctx)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.ID == a.self {
			continue
		}
		a.log.Warn("a server before this one did not leave in order, or still runs and will end now", "server", other.ID, "started_at", other.StartedAt)
		if err := a.store.Instances.Remove(ctx, other.ID); err != nil {
			return err
		}
	}
	return nil
}

// watchRoll returns errReplaced once this server is off the list, and nil when ctx ends. While the store does not answer,
// nobody can have taken its place.
func (a *app) watchRoll(ctx context.Context) error {
	turns := time.NewTicker(rollPeriod)
	defer turns.Stop()
	for {
		select {
		case <-turns.C:
		case <-ctx.Done():
			return nil
		}
		list, err := a.store.Instances.List(ctx)
		if err == nil && !slices.ContainsFunc(list, func(i tenant.Instance) bool { return i.ID == a.self }) {
			return errReplaced
		}
	}
}

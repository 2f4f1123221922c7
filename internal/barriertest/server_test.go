package barriertest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/presence"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

const (
	// lease is that of the servers.
	lease = 5 * time.Second
	// recoverEvery and settleEvery are how often a server looks for work that others have left.
	recoverEvery = time.Second
	settleEvery  = 5 * time.Second
)

// server is one process: the real operations, gates and heartbeats over a line to the model database.
type server struct {
	*line

	rule  rule // the one that is left out
	dir   *placement.Directory
	gates *placement.Gates
	orgs  *orgs.Service
	docs  *documents.Service
	store store.Documents
}

// world is one story: its servers, and what they share.
type world struct {
	*engine

	seed  uint64
	dice  *rand.Rand // of the story; the lines have their own
	rule  rule
	tale  tale
	ahead atomic.Int64 // how far the clocks were turned
	acts  sync.WaitGroup
	ctx   context.Context
	stop  context.CancelFunc
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// start runs a server, as serve does: on the list before its first read.
func (w *world) start(name string) *server {
	l := &line{engine: w.engine, name: name, seed: w.seed, skies: w.tale.skies, dice: map[kind]*rand.Rand{}}
	if w.tale.onlyB && name != "B" {
		l.skies = nil
	}
	s := &server{line: l, rule: w.rule, store: data{line: l, certain: w.rule == uncertain}}
	catalog := w.rule.orgs(catalog{line: l})
	servers := w.rule.servers(roll{l}, w)
	registered := w.now()
	id, err := presence.Register(w.ctx, servers, "1.0", registered)
	for err != nil && w.ctx.Err() == nil {
		registered = w.now()
		id, err = presence.Register(w.ctx, servers, "1.0", registered)
	}
	s.dir = placement.NewDirectory(w.rule.facts(catalog), w.now)
	s.gates = placement.NewGates(s.dir, w.rule.drains(servers), id)
	guard := access.NewGuard(access.Policy{}, w.now)
	limits := orgs.Limits{
		Retention: 24 * time.Hour, Lease: lease, Quarantine: w.rule.quarantine(w.tale.quarantine), Placement: tenant.Placement{Level: tenant.LevelCollection},
	}
	s.orgs = orgs.New(orgs.Deps{
		Orgs: catalog, Users: people{}, Places: w.rule.places(places{line: l}), Documents: s.store, Instances: servers,
		Guard: guard, Directory: s.dir, Gates: s.gates, Throttle: throttle.New(throttle.Options{Off: true, Now: w.now}),
		Limits: limits, Now: w.now, Log: slog.New(slog.DiscardHandler),
	})
	s.docs = documents.New(documents.Deps{Documents: s.store, Gates: s.gates, Guard: guard, Now: w.now, Log: slog.New(slog.DiscardHandler)})
	keeper := presence.New(presence.Deps{
		Instances: servers, Orgs: catalog, Gates: s.gates, Version: "1.0", Lease: w.rule.lease(name), Abandoned: s.orgs.Hurry,
		InUse: func(context.Context) error { return nil }, Ousted: func(error) {},
		Now: w.now, Log: slog.New(slog.DiscardHandler),
	}, registered)
	w.acts.Go(func() { keeper.Run(w.ctx) })
	w.acts.Go(func() { s.orgs.RunRecovery(w.ctx, recoverEvery) })
	w.acts.Go(func() {
		for w.wait(settleEvery) {
			_, _ = s.orgs.SettleDue(w.ctx, 10) // what fails is tried again
		}
	})
	return s
}

func member(org tenant.OrgID) access.Caller {
	return access.Caller{Kind: tenant.ActorMember, User: "u", Org: org, Role: tenant.RoleOwner, Session: "s"}
}

// write adds a document and notes that it was answered.
func (s *server) write(ctx context.Context, org tenant.OrgID, id tenant.DocumentID) {
	if s.insertRight(ctx, org, id) != nil {
		return
	}
	_ = s.do(s.name+" answers that "+string(id)+" is written", func() error {
		s.answered[id] = org
		return nil
	})
}

func (s *server) insertRight(ctx context.Context, org tenant.OrgID, id tenant.DocumentID) error {
	if s.rule != drainInflight {
		_, err := s.docs.Create(ctx, member(org), org, tenant.Data(`{}`), documents.IDs{ID: id})
		return err
	}
	visit, err := s.gates.Enter(ctx, org)
	if err != nil {
		return err
	}
	visit.Leave(nil) // not counted while the command is under way
	ctx, cancel := context.WithTimeout(ctx, documents.CallLimit)
	defer cancel()
	_, err = s.store.Insert(ctx, visit.Org.Place().In(tenant.DefaultCollection), tenant.Document{ID: id}, 0)
	return err
}

// rename gives an organization another name, and reports whether it bears that now.
func (s *server) rename(ctx context.Context, org tenant.OrgID, name string) bool {
	s.note("%s begins to rename to %s", s.name, name)
	_, err := s.orgs.Update(ctx, member(org), org, orgs.Change{Name: &name})
	s.note("%s has renamed to %s%s", s.name, name, outcome(err))
	return err == nil
}

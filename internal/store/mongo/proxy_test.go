package mongo

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

const (
	// stormSeed decides the order of the disturbances.
	stormSeed = 20260304
	// stormClients work at the same time, until each disturbance was there so many times.
	stormClients = 24
	stormRounds  = 1
	// stormSpell is how many calls a disturbance lasts, and the calm before it.
	stormSpell = 24
	// stormPatience is how long a caller waits; a write of the catalog whose answer was lost is looked for a second longer.
	stormPatience = time.Second
	catalogLimit  = stormPatience + time.Second
	documentLimit = stormPatience
	// slack is what a call may be late by, on a machine that is busy under the race detector.
	slack = time.Second
)

// verdict is what a caller was told of a write.
type verdict string

const (
	acknowledged verdict = "acknowledged"
	declined     verdict = "refused"
	unsettled    verdict = "of unknown outcome"
)

// deed is one write, what was told of it, and how to find out how often it took effect.
type deed struct {
	kind  string
	told  verdict
	times func(db *DB) int
}

// storm is what many clients do to one store over a network that is disturbed.
type storm struct {
	store.Store

	t     *testing.T
	net   *faultNet
	orgs  []tenant.OrgID // which several of them change
	place tenant.Place   // where all of them write, several to one document

	mu    sync.Mutex
	deeds []deed
	homes []tenant.Place // where the clients' own data were moved to
}

// Many clients write over a network that delays, cuts and swallows what passes. What was acknowledged is there once, what
// was refused is not there at all, nobody is told that another was first, and no call outlasts its time.
func TestStoreOverAFaultyNetwork(t *testing.T) {
	t.Parallel()
	direct := openTest(t, Options{tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	net := newFaultNet(t, engine(t), stormSpell, stormSeed)
	db := join(t, direct, Options{URI: net.uri(engine(t)), CallTime: stormPatience * 3 / 4, DocumentTime: documentLimit})
	s := &storm{Store: db.Store(), t: t, net: net, place: settle(t, direct)}
	for range stormClients / 4 {
		org := newOrg()
		s.orgs = append(s.orgs, org.ID)
		must(t, direct.Store().Orgs.Insert(t.Context(), org, tenant.Upkeep{}))
		doc := tenant.Document{ID: tenant.DocumentID(org.ID), Data: tenant.Data(`{}`), WriteID: "w"}
		_, err := direct.Store().Documents.Insert(t.Context(), s.place.In(""), doc, 0)
		must(t, err)
	}
	began := time.Now()
	var all sync.WaitGroup
	for n := range stormClients {
		all.Go(func() { s.run(n) })
	}
	all.Wait()
	t.Logf("seed %d: %d disturbances in %d calls within %s", stormSeed, net.past, net.calls, time.Since(began).Round(time.Millisecond))
	net.calm()
	s.recovers()
	s.judge(direct)
}

// join opens a store on the databases of another one.
func join(t *testing.T, other *DB, o Options) *DB {
	t.Helper()
	o.Database = other.opts.Database
	db, err := Open(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close(context.Background())) })
	return db
}

// client is who acts, and how often before.
type client struct{ number, round int }

// name is one that no other client has, in no other round.
func (c client) name() string { return fmt.Sprintf("%d_%d", c.number, c.round) }

// shared returns the organization that the client shares with some others, whose document has the same id.
func (s *storm) shared(c client) tenant.OrgID { return s.orgs[c.number%len(s.orgs)] }

// run makes rounds of all acts, each client beginning with another one, until the network has shown all that it does.
func (s *storm) run(n int) {
	acts := []func(c client){
		s.found, s.touch, s.put, s.line, s.race, s.signIn, s.begin, s.count, s.move, s.discard, s.touch, s.line, s.read,
	}
	for i := n; s.net.rounds() < stormRounds; i++ {
		acts[i%len(acts)](client{n, i / len(acts)})
	}
}

// call makes one call, and complains if it outlasts the time.
func (s *storm) call(limit time.Duration, what string, fn func(ctx context.Context) error) error {
	s.net.turn()
	ctx, cancel := context.WithTimeout(s.t.Context(), stormPatience)
	defer cancel()
	began := time.Now()
	err := fn(ctx)
	if took := time.Since(began); took > limit+slack {
		s.t.Errorf("%s took %s, want %s at most", what, took, limit)
	}
	return err
}

// write makes one write, and notes what was told of it. That it cannot be made now, or has one of the codes, are the only
// reasons to refuse it.
func (s *storm) write(d deed, limit time.Duration, fn func(ctx context.Context) error, codes ...tenant.Code) verdict {
	err := s.call(limit, d.kind, fn)
	switch {
	case err == nil:
		d.told = acknowledged
	case tenant.IsCode(err, tenant.CodeUnknownOutcome):
		d.told = unsettled
	default:
		d.told = declined
		s.mayBe(d.kind, err, append(codes, tenant.CodeUnavailable)...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deeds = append(s.deeds, d)
	return d.told
}

// mayBe complains of an error that has none of the codes.
func (s *storm) mayBe(what string, err error, codes ...tenant.Code) bool {
	for _, code := range codes {
		if tenant.IsCode(err, code) {
			return true
		}
	}
	s.t.Errorf("%s: got %v, want one of %v", what, err, codes)
	return false
}

// insist makes a step of an operation again and again until it is done, as a recovery does.
func (s *storm) insist(what string, fn func(ctx context.Context) error) {
	for range 50 {
		err := s.call(catalogLimit, what, fn)
		if err == nil || !s.mayBe(what, err, tenant.CodeUnavailable, tenant.CodeUnknownOutcome) {
			return
		}
	}
	s.t.Errorf("%s is not done after 50 attempts", what)
}

// recovers waits for the store to work again, which it does by itself.
func (s *storm) recovers() {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); ; <-again.C {
		err := s.Health.Ping(ctx)
		if err == nil {
			s.t.Logf("the store works again after %s", time.Since(began).Round(time.Millisecond))
			return
		}
		if ctx.Err() != nil {
			s.t.Fatalf("the store does not work again: %v", err)
		}
	}
}

// judge compares what is there with what was told.
func (s *storm) judge(db *DB) {
	tally := map[string]int{}
	for _, d := range s.deeds {
		tally[d.kind+" "+string(d.told)]++
		n := d.times(db)
		if d.told == acknowledged && n != 1 || d.told == declined && n != 0 || n > 1 {
			s.t.Errorf("the %s that was %s took effect %d times", d.kind, d.told, n)
		}
	}
	s.t.Log(tally)
	s.judgeOrgs(db)
	s.judgeHomes(db)
}

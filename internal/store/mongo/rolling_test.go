package mongo

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// patient is a pace and a lease for tests in which servers are waited for: a silent one is dead after a second.
func patient(o Options) Options {
	o.pace.beat, o.pace.lease, o.pace.grace, o.pace.wait = 20*time.Millisecond, time.Second, time.Second/2, time.Minute
	o.Lease = time.Second / 2
	return o
}

// register puts a server of a version on the list.
func register(t *testing.T, db *DB, version string) tenant.InstanceID {
	t.Helper()
	id := tenant.InstanceID(tenant.NewID())
	must(t, db.Store().Instances.Register(t.Context(), tenant.Instance{ID: id, Version: version}))
	return id
}

// alive sends a server's heartbeats until the returned function ends them.
func alive(t *testing.T, db *DB, id tenant.InstanceID) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var beating sync.WaitGroup
	beating.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for counter := int64(1); ; counter++ {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			if err := db.Store().Instances.Beat(ctx, id, tenant.Heartbeat{Counter: counter}); err != nil && ctx.Err() == nil {
				t.Errorf("a heartbeat of a living server: %v", err)
				return
			}
		}
	})
	return func() {
		cancel()
		beating.Wait()
	}
}

// stillWaits returns what an opening says within the time in which a silent server is declared dead, and more.
func stillWaits(o Options, opening <-chan error) error {
	late := time.NewTimer(2 * (o.Lease + o.pace.grace))
	defer late.Stop()
	select {
	case err := <-opening:
		if err == nil {
			err = errors.New("it has opened the databases")
		}
		return err
	case <-late.C:
		return nil
	}
}

// wantUntouched complains unless no step has run, and none keeps anybody out.
func wantUntouched(t *testing.T, db *DB) {
	t.Helper()
	if d := layoutOf(t, db); d.Number != 1 || d.Next != 0 || d.Runner != nil {
		t.Errorf("the layout's document is %+v, want layout 1 alone", d)
	}
	if n, err := db.main.Collection("things").CountDocuments(t.Context(), bson.M{"shape": 1}); err != nil || n != 3 {
		t.Errorf("%d documents are as they were (%v), want 3", n, err)
	}
}

// A layout waits for a server that lives and cannot read it, says so, and lets servers of that version restart meanwhile.
func TestLayoutWaitsForOlderServers(t *testing.T) {
	o, db := aged(t)
	var log logbook
	older := o
	o = patient(o)
	o.Log, o.steps = log.logger(), []step{reshape(1)}
	id := register(t, db, "v1.4.0")
	end := alive(t, db, id)
	defer end()
	newer := opening(t, o)
	if err := stillWaits(o, newer); err != nil {
		t.Fatalf("it did not wait: %v", err)
	}
	wantUntouched(t, db)
	must(t, <-opening(t, older))
	must(t, db.Store().Instances.Remove(t.Context(), register(t, db, "v1.4.0")))
	end()
	must(t, db.Store().Instances.Remove(t.Context(), id))
	must(t, <-newer)
	wantReshaped(t, db, 2, 1)
	if says := "layout=2 servers=\"" + string(id) + " (orgd v1.4.0)\""; !strings.Contains(log.String(), says) {
		t.Errorf("the log does not say %s:\n%s", says, log.String())
	}
	if d := layoutOf(t, db); d.Next != 0 || d.Runner != nil {
		t.Errorf("the layout's document is left as %+v", d)
	}
}

// Waiting ends with an error that names who must be stopped or upgraded, and leaves everything as it was.
func TestLayoutIsNotWaitedForEver(t *testing.T) {
	o, db := aged(t)
	o = patient(o)
	o.steps, o.pace.wait = []step{reshape(1)}, 100*time.Millisecond
	said := register(t, db, "v1.4.0")
	defer alive(t, db, said)()
	silent := register(t, db, "v1.3.0") // which did not say what it reads
	_, err := db.instances().coll.UpdateOne(t.Context(), bson.M{"_id": string(silent)}, bson.M{"$unset": bson.M{"layouts": ""}})
	must(t, err)
	defer alive(t, db, silent)()
	err = <-opening(t, o)
	want(t, tenant.CodeUnavailable, err, "open")
	for _, says := range []string{"to layout 2", string(said) + " (orgd v1.4.0)", string(silent) + " (orgd v1.3.0)", "stop or upgrade them"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the refusal is %v, want one that says %q", err, says)
		}
	}
	wantUntouched(t, db)
}

// A server that was killed is not waited for. One that was only stopped finds out when it goes on, and does nothing more.
func TestLayoutDoesNotWaitForTheDead(t *testing.T) {
	o, db := aged(t)
	o = patient(o)
	o.steps = []step{reshape(1)}
	id := register(t, db, "v1.4.0")
	s, org, place := db.Store(), newOrg(), settle(t, db)
	must(t, s.Orgs.Insert(t.Context(), org, entry(org.ID)))
	must(t, <-opening(t, o))
	wantReshaped(t, db, 2, 1)
	want(t, tenant.CodeNotFound, s.Instances.Beat(t.Context(), id, tenant.Heartbeat{Counter: 1}), "the heartbeat of one that was stopped")
	_, err := s.Orgs.Get(t.Context(), org.ID)
	must(t, err) // it does not know yet
	_, err = s.Documents.List(t.Context(), place.In(""), "", 9)
	must(t, err)
	for what, call := range map[string]func() error{
		"register":  func() error { return s.Instances.Register(t.Context(), tenant.Instance{ID: "reborn"}) },
		"a read":    func() error { _, err := s.Orgs.Get(t.Context(), org.ID); return err },
		"a write":   func() error { o := newOrg(); return s.Orgs.Insert(t.Context(), o, entry(o.ID)) },
		"documents": func() error { _, err := s.Documents.List(t.Context(), place.In(""), "", 9); return err },
		"readiness": func() error { return s.Health.Ping(t.Context()) },
	} {
		if what != "register" { // which comes first, and is tried again
			_ = s.Instances.Register(t.Context(), tenant.Instance{ID: "reborn"})
		}
		err := call()
		want(t, tenant.CodeUnavailable, err, what)
		if err == nil || !strings.Contains(err.Error(), "newer version of orgd (layout 2, this one knows 1)") {
			t.Errorf("%s says %v", what, err)
		}
	}
	if n, err := db.instances().coll.CountDocuments(t.Context(), bson.M{"dead": false}); err != nil || n != 0 {
		t.Errorf("%d servers live on the list (%v), want none", n, err)
	}
}

// A release that reads the next layout as well goes on while another one raises the number, and starts on it.
func TestLayoutDoesNotWaitForWhoReadsIt(t *testing.T) {
	o, db := aged(t)
	o = patient(o)
	between := o
	between.ahead, between.Database = 1, db.main.Name()
	bridge := openTest(t, between)
	defer alive(t, bridge, register(t, bridge, "v1.5.0"))()
	o.steps = []step{reshape(1)}
	must(t, <-opening(t, o))
	wantReshaped(t, db, 2, 1)
	must(t, <-opening(t, between))
	register(t, bridge, "v1.5.0")
	o.steps, o.pace.wait = []step{reshape(1), reshape(2)}, 0
	if err := <-opening(t, o); err == nil || !strings.Contains(err.Error(), "to layout 3") {
		t.Errorf("the layout after the next one: %v", err)
	}
}

// While steps run, servers that cannot read what they make are kept out, whichever way they come; also after a step that was
// cut short or has failed, for it may have begun.
func TestOlderServersAreKeptOutOfSteps(t *testing.T) {
	o, db := aged(t)
	older := o
	b := newBlocking()
	o = patient(o)
	o.steps = []step{b.step(), {name: "break", run: func(context.Context, *DB, func(done, total int64)) error { return errors.New("no such luck") }}}
	newer := opening(t, o)
	b.wait(t)
	refused := func(err error) {
		t.Helper()
		want(t, tenant.CodeUnavailable, err, "an older server")
		if err == nil || !strings.Contains(err.Error(), "a newer version of orgd is bringing the database") || !strings.Contains(err.Error(), "to layout 3") {
			t.Errorf("an older server is told %v", err)
		}
	}
	refused(<-opening(t, older))
	refused(db.Store().Instances.Register(t.Context(), tenant.Instance{ID: "late"}))
	refused(<-db.Outdated())
	refused(db.Store().Health.Ping(t.Context()))
	close(b.end)
	if err := <-newer; err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("the step that fails: %v", err)
	}
	between := o
	between.steps = between.steps[:1]
	refused(<-opening(t, between))
}

// intruder runs something right before a client sends the command that makes it the runner.
type intruder struct {
	once   sync.Once
	before func()
}

func (i *intruder) options(c *options.ClientOptions) {
	c.SetMonitor(&event.CommandMonitor{Started: func(_ context.Context, sent *event.CommandStartedEvent) {
		if sent.CommandName == "update" && strings.Contains(sent.Command.String(), "runner") {
			i.once.Do(i.before)
		}
	}})
}

// A server that joins the list between the look at it and the lock is waited for as well, without the lock.
func TestLayoutWaitsForWhoJoinsMeanwhile(t *testing.T) {
	o, db := aged(t)
	o = patient(o)
	var id tenant.InstanceID
	joined := make(chan func(), 1)
	i := intruder{before: func() {
		id = register(t, db, "v1.4.0")
		joined <- alive(t, db, id)
	}}
	o.client, o.steps = i.options, []step{reshape(1)}
	newer := opening(t, o)
	end := <-joined
	defer end()
	if err := stillWaits(o, newer); err != nil {
		t.Fatalf("it did not wait: %v", err)
	}
	wantUntouched(t, db) // and it waits without the lock
	end()
	must(t, db.Store().Instances.Remove(t.Context(), id))
	must(t, <-newer)
	wantReshaped(t, db, 2, 1)
}

// What a step may have begun keeps older servers out, also after another server took the lock and gave it back.
func TestLayoutOnItsWayStaysClosed(t *testing.T) {
	o, db := aged(t)
	_, err := db.main.Collection(metaCollection).UpdateOne(t.Context(), bson.M{"_id": theLayout}, bson.M{"$set": bson.M{"next": 2}})
	must(t, err)
	o = patient(o)
	ended := make(chan func(), 1)
	i := intruder{before: func() {
		_, err := db.instances().coll.InsertOne(t.Context(), instanceDoc{ID: "late", Layout: rowLayout, Version: "v1.4.0"})
		must(t, err)
		ended <- alive(t, db, "late")
	}}
	o.client, o.steps, o.pace.wait = i.options, []step{reshape(1)}, 0
	err = <-opening(t, o)
	(<-ended)()
	if err == nil || !strings.Contains(err.Error(), "late (orgd v1.4.0)") {
		t.Errorf("it does not wait: %v", err)
	}
	if d := layoutOf(t, db); d.Number != 1 || d.Next != 2 || d.Runner != nil {
		t.Errorf("the layout's document is %+v, want one that is still on its way to 2", d)
	}
}

// Two versions of one layout run side by side: the second waits for nobody, and both are on the list.
func TestVersionsOfOneLayout(t *testing.T) {
	_, db := aged(t)
	defer alive(t, db, register(t, db, "v1.4.0"))()
	other := openTest(t, Options{Database: db.main.Name(), tick: make(chan time.Time)})
	defer alive(t, other, register(t, other, "v1.5.0"))()
	list, err := db.Store().Instances.List(t.Context())
	must(t, err)
	if len(list) != 2 || list[0].Version != "v1.4.0" || list[1].Version != "v1.5.0" || list[0].Dead || list[1].Dead {
		t.Errorf("the list is %+v", list)
	}
	n, err := db.instances().coll.CountDocuments(t.Context(), bson.M{"layouts": span{1, 1}})
	if err != nil || n != 2 {
		t.Errorf("%d servers say that they read layout 1 (%v), want 2", n, err)
	}
}

// Who was stopped itself has not seen that others stood still.
func TestEldersAreNotJudgedBlindly(t *testing.T) {
	at := time.Unix(0, 0)
	pass := func(d time.Duration) time.Time { at = at.Add(d); return at }
	var e elders
	old := []instanceDoc{{ID: "a", Counter: 7}}
	looks := func(times int) (found int) {
		for range times {
			found = len(e.look(old, pass(time.Second), 7*time.Second))
		}
		return found
	}
	if n := looks(7); n != 0 {
		t.Error("dead too soon")
	}
	pass(time.Hour)
	if n := looks(7); n != 0 {
		t.Error("dead after an hour in which nobody looked")
	}
	old[0].Counter++
	if n := looks(7); n != 0 {
		t.Error("dead although its counter moved")
	}
	if n := looks(1); n != 1 {
		t.Error("not dead after seven seconds")
	}
}

package mongo

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// quick is a pace for tests: a runner that stands still is dead after a second and a half.
var quick = pace{beat: 20 * time.Millisecond, lease: time.Second, grace: time.Second / 2, tell: time.Nanosecond}

// aged makes databases at layout 1 with some documents, and returns the options to open them.
func aged(t *testing.T) (Options, *DB) {
	t.Helper()
	o := Options{Database: "orgd_t_steps_" + tenant.NewID()[24:], URI: engine(t), pace: quick, tick: make(chan time.Time)}
	db := openTest(t, o)
	for _, id := range []string{"a", "b", "c"} {
		application(t, db.main.Collection("things"), bson.D{e("_id", id), e("shape", 1)})
	}
	return o, db
}

// reshape is a step that changes documents one by one, each of them once.
func reshape(from int) step {
	return step{name: "reshape", run: func(ctx context.Context, db *DB, progress func(done, total int64)) error {
		for i, id := range []string{"a", "b", "c"} {
			_, err := db.main.Collection("things").UpdateOne(ctx, bson.M{"_id": id, "shape": from},
				bson.M{"$set": bson.M{"shape": from + 1}, "$inc": bson.M{"writes": 1}})
			if err != nil {
				return err
			}
			progress(int64(i+1), 3)
		}
		return nil
	}}
}

// blocking is a step that tells when it begins, and ends when it is let go or its context ends.
type blocking struct {
	begun chan struct{}
	end   chan struct{}
	runs  atomic.Int64
}

func newBlocking() *blocking {
	return &blocking{begun: make(chan struct{}, 9), end: make(chan struct{})}
}

func (b *blocking) step() step {
	return step{name: "block", run: func(ctx context.Context, _ *DB, _ func(done, total int64)) error {
		b.runs.Add(1)
		b.begun <- struct{}{}
		select {
		case <-b.end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

// wait returns when the step has begun.
func (b *blocking) wait(t *testing.T) {
	t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	select {
	case <-b.begun:
	case <-late.C:
		t.Fatal("the step has not begun")
	}
}

// opening opens a database in the background.
func opening(t *testing.T, o Options) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		db, err := Open(t.Context(), o)
		if err == nil {
			err = db.Close(context.WithoutCancel(t.Context()))
		}
		ended <- err
	}()
	return ended
}

// layoutOf returns the layout's document.
func layoutOf(t *testing.T, db *DB) (d layoutDoc) {
	t.Helper()
	must(t, db.main.Collection(metaCollection).FindOne(t.Context(), bson.M{"_id": theLayout}).Decode(&d))
	return d
}

// wantReshaped complains unless the databases are at the layout, and each document was changed so often.
func wantReshaped(t *testing.T, db *DB, layout, writes int) {
	t.Helper()
	if d := layoutOf(t, db); d.Number != layout {
		t.Errorf("the layout is %d, want %d", d.Number, layout)
	}
	n, err := db.main.Collection("things").CountDocuments(t.Context(), bson.M{"shape": 1 + writes, "writes": writes})
	if err != nil || n != 3 {
		t.Errorf("%d documents were changed %d times (%v), want 3", n, writes, err)
	}
}

// Steps run in order and once, are told of in the log, and a fresh database needs none. An older binary refuses what they
// made.
func TestStepsRunInOrder(t *testing.T) {
	o, db := aged(t)
	var log logbook
	o.Log, o.steps = log.logger(), []step{reshape(1), reshape(2)}
	for range 2 {
		must(t, <-opening(t, o))
	}
	wantReshaped(t, db, 3, 2)
	for _, says := range []string{"layout=2 step=reshape", "layout=3 step=reshape", "done=2 of=3", "is at a new layout", "layout=3\n"} {
		if !strings.Contains(log.String(), says) {
			t.Errorf("the log does not say %q:\n%s", says, log.String())
		}
	}
	o.steps = o.steps[:1]
	if err := <-opening(t, o); err == nil || !strings.Contains(err.Error(), "newer version of orgd (layout 3, this one knows 2)") {
		t.Errorf("an older binary says %v", err)
	}
	b := newBlocking()
	fresh := openTest(t, Options{steps: []step{b.step()}, tick: make(chan time.Time)})
	if d := layoutOf(t, fresh); d.Number != 2 || b.runs.Load() != 0 {
		t.Errorf("a fresh database is at layout %d after %d steps, want 2 after none", d.Number, b.runs.Load())
	}
}

// Servers that start at once run each step once, however long it takes: the others wait for the one that lives.
func TestStepsRunOnceAmongServers(t *testing.T) {
	o, db := aged(t)
	var log logbook
	b := newBlocking()
	o.Log, o.steps = log.logger(), []step{reshape(1), b.step(), reshape(2)}
	servers := []<-chan error{opening(t, o), opening(t, o), opening(t, o)}
	b.wait(t)
	alive := time.NewTimer(2 * (quick.lease + quick.grace))
	select {
	case <-b.begun:
		t.Error("a step was begun by a second server while the first one lived")
	case <-alive.C:
	}
	close(b.end)
	for _, server := range servers {
		must(t, <-server)
	}
	wantReshaped(t, db, 4, 2)
	if b.runs.Load() != 1 || !strings.Contains(log.String(), "this one waits for it") {
		t.Errorf("the step ran %d times, want once; the log is\n%s", b.runs.Load(), log.String())
	}
}

// A runner that was killed is taken over when its counter has stood still for long enough, and not before.
func TestStepsOfADeadServer(t *testing.T) {
	o, db := aged(t)
	layout := db.main.Collection(metaCollection)
	beat := func(counter int64) {
		_, err := layout.UpdateOne(t.Context(), bson.M{"_id": theLayout}, bson.M{"$set": bson.M{"runner": runnerDoc{"dead", counter}}})
		must(t, err)
	}
	beat(1)
	b := newBlocking()
	o.steps = []step{b.step()}
	server := opening(t, o)
	beats, began := time.NewTicker(quick.lease/2), time.Now()
	defer beats.Stop()
	for counter := int64(2); time.Since(began) < 2*(quick.lease+quick.grace); counter++ {
		select {
		case <-beats.C:
			beat(counter)
		case <-b.begun:
			t.Fatal("a server was taken over while its counter moved")
		}
	}
	b.wait(t)
	if waited := time.Since(began); waited < 3*(quick.lease+quick.grace) {
		t.Errorf("it was taken over %s after its first count", waited)
	}
	close(b.end)
	must(t, <-server)
	if d := layoutOf(t, db); d.Number != 2 || d.Runner != nil {
		t.Errorf("the layout is %d with runner %v, want 2 without", d.Number, d.Runner)
	}
}

// A server that was taken for dead stops at once, moves nothing on, and begins anew like any other.
func TestStepsOfASupersededServer(t *testing.T) {
	o, db := aged(t)
	b := newBlocking()
	o.steps = []step{b.step()}
	server := opening(t, o)
	b.wait(t)
	_, err := db.main.Collection(metaCollection).UpdateOne(t.Context(), bson.M{"_id": theLayout},
		bson.M{"$set": bson.M{"runner": runnerDoc{"another", 1}}})
	must(t, err)
	b.wait(t) // its own context has ended, and the other one stands still
	close(b.end)
	must(t, <-server)
	if d := layoutOf(t, db); d.Number != 2 || b.runs.Load() != 2 {
		t.Errorf("the layout is %d after %d runs, want 2 after 2", d.Number, b.runs.Load())
	}
	m := &migration{DB: db, meta: db.main.Collection(metaCollection), token: "late"}
	m.opts.steps = []step{b.step(), b.step()}
	for number, runner := range map[int]string{2: "another", 3: "late"} { // a doubled command of its own comes late, too
		_, err := m.meta.UpdateOne(t.Context(), bson.M{"_id": theLayout},
			bson.M{"$set": bson.M{"number": number, "runner": runnerDoc{runner, 1}}})
		must(t, err)
		if err := m.raise(t.Context(), 2); !errors.Is(err, errLost) {
			t.Errorf("a late server says %v, want that it lost", err)
		}
		if d := layoutOf(t, db); d.Number != number {
			t.Errorf("a late server moved the layout from %d to %d", number, d.Number)
		}
	}
}

// A step that fails leaves its number, says so, and gives the lock back: the next start tries again at once.
func TestStepThatFails(t *testing.T) {
	o, db := aged(t)
	broken := step{name: "break", run: func(context.Context, *DB, func(done, total int64)) error { return errors.New("no such luck") }}
	o.steps = []step{reshape(1), broken}
	err := <-opening(t, o)
	for _, says := range []string{"to layout 3 (break) failed", "stays at layout 2", "no such luck"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the failure is %v, want one that says %q", err, says)
		}
	}
	want(t, tenant.CodeUnavailable, err, "open")
	wantReshaped(t, db, 2, 1)
	if d := layoutOf(t, db); d.Runner != nil {
		t.Errorf("the lock is still held by %v", d.Runner)
	}
	o.steps = []step{reshape(1), reshape(2)}
	must(t, <-opening(t, o))
	wantReshaped(t, db, 3, 2)
}

// guillotine ends a client before it sends its n-th command: nothing of it reaches the server any more.
type guillotine struct {
	mu    sync.Mutex
	left  int
	end   context.CancelFunc
	conns []net.Conn
}

var errBeheaded = errors.New("the client is dead")

func (g *guillotine) options(c *options.ClientOptions) {
	c.SetDialer(g).SetMonitor(&event.CommandMonitor{Started: func(context.Context, *event.CommandStartedEvent) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.left--; g.left > 0 {
			return
		}
		for _, conn := range g.conns {
			_ = conn.Close()
		}
		g.end()
	}})
}

// DialContext implements options.ContextDialer.
func (g *guillotine) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left <= 0 {
		return nil, errBeheaded
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		g.conns = append(g.conns, conn)
	}
	return conn, err
}

// Killed before whichever command of a start: the next start ends where one without a kill would have ended.
func TestStepsKilledAnywhere(t *testing.T) {
	for n, whole := 1, false; !whole; n++ {
		o, db := aged(t)
		o.steps = []step{reshape(1), reshape(2)}
		o.pace.lease, o.pace.grace = 200*time.Millisecond, 50*time.Millisecond
		o.pace.beat = o.pace.lease / 2
		ctx, cancel := context.WithCancel(t.Context())
		g := guillotine{left: n, end: cancel}
		doomed := o
		doomed.client, doomed.CallTime = g.options, 300*time.Millisecond
		killed, err := Open(ctx, doomed)
		if whole = err == nil; whole {
			must(t, killed.Close(t.Context()))
		}
		cancel()
		must(t, <-opening(t, o))
		wantReshaped(t, db, 3, 2)
		if n > 99 {
			t.Fatal("no start comes to its end")
		}
	}
}

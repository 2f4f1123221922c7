package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clients is how many change things at once.
const clients = 6

// TestKill kills the server at random moments while clients create, rename, write, delete and restore, starts it again and
// asks: every organization is as it was before the act under way or as it is after it, nothing acknowledged is lost, nothing
// lies around, and each act stands in the audit log once.
//
// ORGD_KILL_ROUNDS is the number of rounds, ORGD_KILL_SEED repeats the choices of a run.
func TestKill(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		seed, rounds := number(t, "ORGD_KILL_SEED", time.Now().UnixNano()), number(t, "ORGD_KILL_ROUNDS", 10)
		t.Logf("ORGD_KILL_SEED=%d", seed)
		s := launch(t, on, append([]string{"ORGD_THROTTLE=off", "ORGD_TOKEN_TTL=24h"}, on.mortal...)...)
		all := newKilling(s, seed)
		for n := range rounds {
			all.round(int(n) + 1)
			if t.Failed() {
				t.FailNow()
			}
		}
		all.finish()
	})
}

// newKilling prepares clients whose choices are those of the seed.
func newKilling(s *server, seed int64) *killing {
	s.t.Helper()
	k := &killing{
		server: s, operator: s.operator("op@orgd.example"), book: &book{operators: 1}, hashing: newHashing(),
		rng: rand.New(rand.NewPCG(uint64(seed), 0)),
	}
	for n := range clients {
		k.clients = append(k.clients, &client{
			number: n, book: k.book, rng: rand.New(rand.NewPCG(uint64(seed), uint64(n+1))),
		})
	}
	return k
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		t.Fatalf("%s must be a number, not %q", name, text)
	}
	return n
}

// killing is the story of one folder over all rounds.
type killing struct {
	*server
	operator caller
	book     *book
	clients  []*client
	rng      *rand.Rand
	hashing  hashing
	// pool are the servers that the clients ask in turns; nil is the one alone.
	pool *pool
	// bearing says that the server goes on while its store is in trouble: a sign-in that is refused for now is repeated.
	bearing bool
	// purging says that the server retains nothing that is deleted.
	purging bool
}

// next is the server for the next request.
func (k *killing) next() *server {
	if k.pool == nil {
		return k.server
	}
	return k.pool.next()
}

func (k *killing) as(token string) caller { return k.next().as(token) }
func (k *killing) stranger() caller       { return k.next().stranger() }

// round is the time from a start to a kill.
type round struct {
	*killing
	// fire is closed when the clients have sent as many acts as the round waits for: deletions, where these purge.
	fire     chan struct{}
	sent     atomic.Int64
	fireAt   int64
	killed   atomic.Bool
	over     atomic.Bool
	acted    atomic.Int64 // acts that were answered
	wrote    atomic.Int64 // writes of documents that were answered
	writing  sync.WaitGroup
	began    time.Time
	survived time.Duration
}

// round lets the clients work, kills the server, starts it again, asks it, ends it and looks at what it left behind.
func (k *killing) round(n int) {
	k.t.Helper()
	r := k.workUntil(n, k.kill)
	k.start()
	k.settle()
	k.judge(n, r)
	k.start()
}

// workUntil lets the clients work until a kill at a random moment.
func (k *killing) workUntil(n int, kill func()) *round {
	k.t.Helper()
	r := &round{
		killing: k, fire: make(chan struct{}), fireAt: 1 + k.rng.Int64N(40), began: time.Now(),
	}
	// Much of an act's time is the hashing of a password, so some kills come early and some late after it was sent.
	late := time.Duration(k.rng.Int64N(int64(10 * time.Millisecond)))
	switch {
	case k.purging:
		r.fireAt, late = 1+k.rng.Int64N(5), time.Duration(k.rng.Int64N(int64(6*time.Millisecond)))
	case n%3 == 0:
		late = time.Duration(k.rng.Int64N(int64(300 * time.Millisecond)))
	}
	var working sync.WaitGroup
	for _, c := range k.clients {
		working.Go(func() { c.work(r) })
	}
	<-r.fire
	if k.purging {
		k.awaitTrash()
	}
	<-time.After(late)
	r.survived = time.Since(r.began)
	r.killed.Store(true)
	kill()
	r.over.Store(true)
	working.Wait()
	r.writing.Wait()
	return r
}

// judge asks the server, ends it and looks at what is left behind.
func (k *killing) judge(n int, r *round) {
	k.t.Helper()
	asked := k.book.ask(k.server, k.operator)
	k.stop()
	left := k.store.inspect(k.t, k.server)
	for _, wrong := range slices.Concat(asked.wrong, k.book.inspect(left)) {
		k.t.Errorf("round %d: %s", n, wrong)
	}
	k.t.Logf("round %d: killed after %s; answered: %d acts, %d writes; unknown acts: %s; unknown writes: %s; operations recovered: %v; %v",
		n, r.survived.Round(time.Millisecond), r.acted.Load(), r.wrote.Load(), asked.acts, asked.writes,
		recovered(k.log.take()), left.places())
}

// recovered counts the operations that a log says were recovered, by kind.
func recovered(log string) map[string]int {
	kinds := map[string]int{}
	for _, match := range recoveredLine.FindAllStringSubmatch(log, -1) {
		kinds[match[1]]++
	}
	return kinds
}

var recoveredLine = regexp.MustCompile(`msg="operation recovered".* kind=(\w+)`)

// attempt sends the act that the tale has noted, and notes its outcome. A server that is too busy is as good as one that is
// gone: nobody knows what became of the act.
func (r *round) attempt(t *tale, want int, send func() answer) (got answer, ok bool) {
	t.touched = true
	if (!r.purging || t.action == deleted) && r.sent.Add(1) == r.fireAt {
		close(r.fire)
	}
	got = send()
	switch {
	case r.failed(got), got.status == http.StatusServiceUnavailable:
	case got.was(want):
		t.took()
		r.acted.Add(1)
		return got, true
	default:
		t.refused()
	}
	return got, false
}

// failed reports whether the connection broke, for which there is no excuse before the kill.
func (r *round) failed(got answer) bool {
	if got.err != nil && !r.killed.Load() {
		r.t.Errorf("before the kill: %s", got)
	}
	return got.err != nil
}

// startWriter lets a writer loose on an organization's notes.
func (r *round) startWriter(c *client, t *tale) {
	t.touched = true
	w, me := &writer{done: make(chan struct{})}, r.as(t.token)
	t.writer = w
	rng := rand.New(rand.NewPCG(c.rng.Uint64(), 0))
	r.writing.Go(func() { t.write(r, w, me, rng) })
}

// finish brings everything back that lies in the trash, after somebody else took the names: no acknowledged document is
// missing there either.
func (k *killing) finish() {
	k.t.Helper()
	op := k.as(k.operator.token)
	reused := map[string]bool{} // by organizations that are in no tale
	for n, t := range k.book.tales {
		if t.now.life != trashed {
			continue
		}
		if len(reused) < 5 && !reused[t.now.name] && k.book.free(t.now) {
			k.stranger().create(t.now.name, fmt.Sprintf("next%d@owner.example", n), goodPassword).is(http.StatusCreated)
			reused[t.now.name] = true
		}
		op.post("/v1/organizations/"+t.id+"/restore", fields{
			"organization_name": fmt.Sprintf("Back %d", n), "email": fmt.Sprintf("back%d@owner.example", n),
		}).is(http.StatusOK)
	}
	listed := op.organizations()
	for _, t := range k.book.tales {
		if t.now.life != trashed {
			continue
		}
		least, most := t.countNotes()
		if got := listed[t.id].Usage.Documents; got < least || got > most {
			k.t.Errorf("%s came back with %d documents, want %d to %d", t.now.name, got, least, most)
		}
	}
	k.t.Logf("%d organizations in all, %d names reused, %s", len(listed), len(reused), k.book.counts())
}

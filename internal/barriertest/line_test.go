package barriertest

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// What can become of a command.
var (
	errOver            = tenant.Errorf(tenant.CodeUnavailable, "the story is over")
	errAnswerLost      = errors.New("the answer is lost")
	errNoNamespace     = errors.New("there is no such collection")
	errNamespaceExists = errors.New("a collection has that name")
	errSwapLost        = errors.New("the document changed meanwhile")
)

// callLimit is how long a command waits for its answer at most.
const callLimit = 1500 * time.Millisecond

// kind is a sort of command, for the weather.
type kind string

// The kinds.
const (
	reading   kind = "read"
	finding   kind = "find" // an organization, outside its gate
	swapping  kind = "swap"
	beating   kind = "beat"
	listing   kind = "list" // of servers
	inserting kind = "insert"
	looking   kind = "look" // which collections stand there
	moving    kind = "move" // renameCollection
	making    kind = "make" // create
)

// weather is how one kind of command fares: the chances, and the longest times.
type weather struct {
	slow      float64       // of the way there
	slowFor   time.Duration // what slow adds at most
	lazy      float64       // of the way back
	lazyFor   time.Duration
	lost      float64       // of the answer
	lateFor   time.Duration // how long a command runs at most whose answer is lost
	vanishing float64       // of a command without an answer that it never arrives
	lookBack  float64       // that the store finds out what became of it
}

// fate is what becomes of one command.
type fate struct {
	there, back       time.Duration
	lost, gone, found bool
}

// line is one server's connection to the engine. Its server may stand still or be killed, which shows at its commands: it
// sends none, and hears no answer.
type line struct {
	*engine

	name  string
	seed  uint64
	skies map[kind]weather

	mu     sync.Mutex
	dice   map[kind]*rand.Rand
	still  time.Time // until when it stands still
	killed bool
	cut    bool // its heartbeats do not arrive
	// The machine is suspended for napFor before a command of kind napBefore, after napAfter others. The clocks of its contexts
	// stand still meanwhile, so that none is over until rose.
	napBefore kind
	napAfter  int
	napFor    time.Duration
	rose      time.Time
}

// draw decides what becomes of the next command of the kind. Each kind has dice of its own, so that a story hangs little on
// which of two commands of one moment comes first.
func (l *line) draw(k kind) fate {
	l.mu.Lock()
	defer l.mu.Unlock()
	dice := l.dice[k]
	if dice == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(l.name + "/" + string(k)))
		dice = rand.New(rand.NewPCG(l.seed, h.Sum64()))
		l.dice[k] = dice
	}
	sky := l.skies[k]
	upTo := func(d time.Duration) time.Duration { return time.Duration(dice.Int64N(int64(d) + 1)) }
	chance := func(p float64) bool { return dice.Float64() < p }
	f := fate{there: 100*time.Microsecond + upTo(2*time.Millisecond), back: 100*time.Microsecond + upTo(time.Millisecond)}
	if chance(sky.slow) {
		f.there += upTo(sky.slowFor)
	}
	if chance(sky.lazy) {
		f.back += upTo(sky.lazyFor)
	}
	if chance(sky.lost) {
		f.lost, f.gone, f.found = true, chance(sky.vanishing), chance(sky.lookBack)
		f.there += upTo(sky.lateFor)
		f.back += upTo(200 * time.Millisecond)
	}
	return f
}

// awake returns when the server does not stand still any more.
func (l *line) awake() {
	for {
		l.mu.Lock()
		still, killed := time.Until(l.still), l.killed
		l.mu.Unlock()
		switch {
		case killed:
			<-l.over
			return
		case still <= 0 || !l.wait(still):
			return
		}
	}
}

// send brings a command to the engine and returns its answer: what the effect said, or errAnswerLost. A server that stands still
// may do so between its last look at the context and the sending.
func (l *line) send(ctx context.Context, k kind, tell string, effect func() error) error {
	if err := ctx.Err(); err != nil && !l.slept() {
		return tenant.Wrap(tenant.CodeUnavailable, err, "the time is over")
	}
	l.nap(k)
	l.awake()
	if l.slept() {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	f := l.stroke(l.draw(k))
	if tell != "" {
		tell = l.name + " " + tell
	}
	answer := make(chan error, 1)
	go func() {
		if !f.gone && l.wait(f.there) {
			err := l.do(tell, effect)
			if !f.lost && l.wait(f.back) {
				answer <- err
			}
		}
	}()
	err := errAnswerLost
	if f.lost {
		timer := time.NewTimer(f.back)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-l.over:
		}
	} else {
		select {
		case err = <-answer:
		case <-ctx.Done():
		case <-l.over:
		}
	}
	l.awake()
	if errors.Is(err, errAnswerLost) && tell != "" {
		l.note("(%s: the answer is lost)", tell)
	}
	select {
	case <-l.over:
		return errOver
	default:
		return err
	}
}

// ask is send for a command that changes nothing: a lost answer is CodeUnavailable.
func (l *line) ask(ctx context.Context, k kind, effect func() error) error {
	err := l.send(ctx, k, "", effect)
	if errors.Is(err, errAnswerLost) {
		return tenant.Errorf(tenant.CodeUnavailable, "no answer")
	}
	return err
}

// write is send for a command that changes something: after a lost answer it looks whether it is done, unless that is lost too.
func (l *line) write(ctx context.Context, k kind, tell string, effect func() error, done func() bool) error {
	err := l.send(ctx, k, tell, effect)
	if !errors.Is(err, errAnswerLost) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	found := false
	if l.draw(k).found {
		if l.ask(ctx, reading, func() error { found = done(); return nil }) == nil && found {
			return nil
		}
	}
	return tenant.Errorf(tenant.CodeUnknownOutcome, "nobody knows whether it is done")
}

// suspend has the machine suspended before a command of the kind, after so many others of it.
func (l *line) suspend(k kind, others int, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.napBefore, l.napAfter, l.napFor = k, others, d
}

// nap suspends the machine, if that is to be.
func (l *line) nap(k kind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k != l.napBefore {
		return
	}
	if l.napAfter--; l.napAfter < 0 {
		l.note("the machine of %s is suspended for %v", l.name, l.napFor)
		l.still = time.Now().Add(l.napFor)
		l.rose, l.napBefore = l.still.Add(time.Second), ""
	}
}

// slept reports whether the machine was suspended until a moment ago.
func (l *line) slept() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.rose)
}

// stand has the server stand still for a while.
func (l *line) stand(d time.Duration) {
	l.note("%s stands still for %v", l.name, d)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.still = time.Now().Add(d)
}

// kill ends the server.
func (l *line) kill() {
	l.note("%s is killed", l.name)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killed = true
}

// cutOff keeps the server's heartbeats from arriving from now on.
func (l *line) cutOff() {
	l.note("the heartbeats of %s do not arrive any more", l.name)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
}

func (l *line) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

package throttle_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// counters keeps the clauses of store.Throttle in memory, so that an hour of attack takes a moment. The real stores prove
// the same clauses in storetest.
type counters struct {
	mu   sync.Mutex
	rows map[string]row
	// down makes every call fail; crowded lets other goroutines in before each.
	down, crowded bool
}

type row struct {
	level     float64
	at, added time.Time
	ttl       time.Duration
}

func (c *counters) Add(_ context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	if c.crowded {
		runtime.Gosched() // others come first: what was read before is old
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return 0, tenant.Errorf(tenant.CodeUnavailable, "the store is down")
	}
	if len(key) > 64 {
		return 0, errors.New("key too long")
	}
	r, ok := c.rows[key]
	if ok && !now.Before(r.added.Add(r.ttl)) {
		r = row{}
	}
	if !r.at.IsZero() {
		r.level = math.Max(0, r.level-leak.PerSecond*now.Sub(r.at).Seconds())
	}
	r.at, r.ttl = now, leak.TTL
	r.level = math.Max(0, r.level+delta)
	if delta > 0 || r.added.IsZero() {
		r.added = now
	}
	c.rows[key] = r
	return r.level, nil
}

func mac(label string, parts ...string) string {
	sum := sha256.Sum256([]byte(label + "\x00" + strings.Join(parts, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newThrottle(change ...func(*throttle.Options)) (*throttle.Throttle, *counters) {
	c := &counters{rows: map[string]row{}}
	o := throttle.Options{Store: c, MAC: mac, Now: time.Now}
	for _, f := range change {
		f(&o)
	}
	return throttle.New(o), c
}

func ada(prefix string) throttle.Login { return throttle.Login{Account: "member:ada", Prefix: prefix} }

func mustFail(t *testing.T, th *throttle.Throttle, login throttle.Login) {
	t.Helper()
	if _, err := th.Login(t.Context(), login); err != nil {
		t.Fatalf("an attempt was refused: %v", err)
	}
}

func mustSucceed(t *testing.T, th *throttle.Throttle, login throttle.Login) {
	t.Helper()
	a, err := th.Login(t.Context(), login)
	if err == nil {
		err = a.Succeeded(t.Context())
	}
	if err != nil {
		t.Fatalf("a right password was refused: %v", err)
	}
}

// wantThrottled fails unless err is CodeThrottled, and returns when to come back.
func wantThrottled(t *testing.T, err error) (retryAfter time.Duration) {
	t.Helper()
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok || e.Code != tenant.CodeThrottled || e.RetryAfter < time.Second {
		t.Fatalf("got %v, want CodeThrottled with a time", err)
	}
	return e.RetryAfter
}

// wait lets time pass on the clock of the synctest bubble.
func wait(d time.Duration) { <-time.After(d) }

// Security rule 7: 500 prefixes attack one account for an hour; the owner at the usual address signs in at once, from a new
// one within MaxDelay, and the attackers get no more guesses than their blocks leave them.
func TestOwnerSignsInWhileFiveHundredPrefixesAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle()
		mustSucceed(t, th, ada("home"))
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		var guesses atomic.Int64
		var attackers sync.WaitGroup
		for i := range 500 {
			attackers.Go(func() {
				for ctx.Err() == nil {
					if _, err := th.Login(context.WithoutCancel(ctx), ada(fmt.Sprintf("evil-%d", i))); err == nil {
						guesses.Add(1)
					}
					select {
					case <-ctx.Done():
					case <-time.After(10 * time.Second):
					}
				}
			})
		}
		for range 50 {
			wait(time.Minute)
			began := time.Now()
			mustSucceed(t, th, ada("home"))
			if took := time.Since(began); took != 0 {
				t.Fatalf("the owner waited %v at the usual address", took)
			}
		}
		began := time.Now()
		mustSucceed(t, th, ada("hotel"))
		if took := time.Since(began); took == 0 || took > throttle.MaxDelay {
			t.Errorf("the owner waited %v at a new address, want up to %v", took, throttle.MaxDelay)
		}
		attackers.Wait()
		blocks := int64(time.Hour/throttle.PairBlock) + 1
		if got, most := guesses.Load(), 500*throttle.PairFailures*blocks; got > most || got == 0 {
			t.Errorf("%d guesses passed, want at most %d", got, most)
		}
		wait(30 * time.Minute)
		began = time.Now()
		mustSucceed(t, th, ada("another hotel"))
		if took := time.Since(began); took != 0 {
			t.Errorf("half an hour after the attack a stranger still waits %v", took)
		}
	})
}

func TestParallelGuessesDoNotAllPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, c := newThrottle()
		c.crowded = true
		pass := func(prefix func(i int) string) (atOnce, ever int64) {
			var first, all atomic.Int64
			began := time.Now()
			var guesses sync.WaitGroup
			for i := range 64 {
				guesses.Go(func() {
					if _, err := th.Login(t.Context(), ada(prefix(i))); err == nil {
						all.Add(1)
						if time.Since(began) == 0 {
							first.Add(1)
						}
					}
				})
			}
			guesses.Wait()
			return first.Load(), all.Load()
		}
		atOnce, ever := pass(func(int) string { return "one" })
		if atOnce > throttle.FreeFailures || ever > throttle.PairFailures {
			t.Errorf("from one prefix %d passed at once and %d ever, want %d and %d",
				atOnce, ever, throttle.FreeFailures, throttle.PairFailures)
		}
		wait(time.Hour)
		atOnce, ever = pass(func(i int) string { return fmt.Sprint(i) })
		if atOnce > throttle.FreeFailures || ever != 64 {
			t.Errorf("from 64 prefixes %d passed at once and %d ever, want %d and 64", atOnce, ever, throttle.FreeFailures)
		}
		wait(15 * time.Minute)
		began := time.Now()
		mustFail(t, th, ada("late"))
		if took := time.Since(began); took > time.Second {
			t.Errorf("15 minutes after 64 failures a stranger still waits %v", took)
		}
	})
}

func TestPairIsBlockedForItsTimeAndNowhereElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle()
		for range throttle.PairFailures {
			mustFail(t, th, ada("cafe"))
		}
		_, err := th.Login(t.Context(), ada("cafe"))
		wantThrottled(t, err)
		mustFail(t, th, throttle.Login{Account: "member:bob", Prefix: "cafe"})
		mustFail(t, th, ada("home"))
		// Asking again and again does not prolong the block.
		for range 14 {
			wait(time.Minute)
			_, err := th.Login(t.Context(), ada("cafe"))
			wantThrottled(t, err)
		}
		wait(time.Minute)
		mustFail(t, th, ada("cafe"))
	})
}

func TestSuccessForgivesThePairButNotThePrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle()
		// An attacker who owns mallory signs in to it between guesses at others.
		failed := 0
		for i := 0; ; i++ {
			if _, err := th.Login(t.Context(), throttle.Login{Account: fmt.Sprint("member:", i), Prefix: "evil"}); err != nil {
				wantThrottled(t, err)
				break
			}
			failed++
			if a, err := th.Login(t.Context(), throttle.Login{Account: "member:mallory", Prefix: "evil"}); err == nil {
				if err := a.Succeeded(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if failed != throttle.PrefixFailures {
			t.Errorf("%d guesses at different accounts passed, want %d", failed, throttle.PrefixFailures)
		}
		for range 5 {
			for range throttle.PairFailures - 1 {
				mustFail(t, th, ada("home"))
			}
			mustSucceed(t, th, ada("home"))
		}
	})
}

func TestRefundedAttemptsCountNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, c := newThrottle()
		for range 3 * throttle.PrefixFailures {
			a, err := th.Login(t.Context(), ada("home"))
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Refund(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for key, r := range c.rows {
			if r.level != 0 {
				t.Errorf("counter %s stands at %v after all was refunded", key, r.level)
			}
		}
	})
}

func TestUnknownAccountsShareAFixedNumberOfCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, c := newThrottle()
		const names = 2 * throttle.UnknownBuckets
		for i := range names {
			a, err := th.Login(t.Context(), throttle.Login{Account: fmt.Sprint("member:", i), Unknown: true, Prefix: "evil"})
			if err == nil {
				err = a.Refund(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		// Of each bucket: the pair, whether it is known, the account; and the one prefix.
		if got, most := len(c.rows), 3*throttle.UnknownBuckets+1; got > most {
			t.Errorf("%d counters for %d names, want at most %d", got, names, most)
		}
	})
}

func TestDelayGrowsAndEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle()
		var delays []time.Duration
		for i := range throttle.FreeFailures + 8 {
			began := time.Now()
			mustFail(t, th, ada(fmt.Sprint(i)))
			delays = append(delays, time.Since(began))
		}
		want := []time.Duration{0, 0, 0, 0, 0, 250e6, 500e6, 1e9, 2e9, 4e9, 8e9, 10e9, 10e9}
		for i := range want {
			if delays[i] != want[i] {
				t.Fatalf("delays are %v, want %v", delays, want)
			}
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := th.Login(short, ada("hurry"))
		wantThrottled(t, err)
		if time.Since(began) != 0 {
			t.Error("an attempt waited though its request could not last")
		}
		given, giveUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, giveUp)
		if _, err := th.Login(given, ada("impatient")); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("a request that was given up ended with %v", err)
		}
	})
}

func TestBucketsServeAtTheirRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle()
		served := func(n int, take func() error) (served int) {
			for range n {
				if take() == nil {
					served++
				}
			}
			return served
		}
		signUp := func() error { return th.SignUp(t.Context(), "office") }
		if got := served(400, signUp); got != 300 {
			t.Errorf("%d sign-ups at once, want 300", got)
		}
		if after := wantThrottled(t, signUp()); after > 3*time.Second {
			t.Errorf("come back after %v, want about 2 s", after)
		}
		wait(2 * time.Second)
		if got := served(10, signUp); got != 1 {
			t.Errorf("%d sign-ups after 2 s, want 1", got)
		}
		if err := th.SignUp(t.Context(), "elsewhere"); err != nil {
			t.Errorf("another prefix: %v", err)
		}
		if got := served(200, func() error { return th.Organization(t.Context(), "o") }); got != 120 {
			t.Errorf("%d changes of one organization at once, want 120", got)
		}
		probed := served(200, func() error { _, err := th.Probe(t.Context(), "prober"); return err })
		if probed != throttle.PrefixFailures {
			t.Errorf("%d probes at once, want %d", probed, throttle.PrefixFailures)
		}
	})
}

func TestOffLetsEverythingPassAndAsksNothing(t *testing.T) {
	th, c := newThrottle(func(o *throttle.Options) { o.Off = true })
	c.down = true
	for range 1000 {
		mustSucceed(t, th, ada("home"))
		mustFail(t, th, ada("home"))
		a, err := th.Probe(t.Context(), "home")
		if err := errors.Join(err, a.Refund(t.Context()), th.SignUp(t.Context(), "home"), th.Organization(t.Context(), "o")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStoreThatDoesNotAnswerLetsNothingPass(t *testing.T) {
	th, c := newThrottle()
	c.down = true
	_, login := th.Login(t.Context(), ada("home"))
	_, probe := th.Probe(t.Context(), "home")
	for what, err := range map[string]error{"login": login, "probe": probe, "sign-up": th.SignUp(t.Context(), "home")} {
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("%s: %v, want CodeUnavailable", what, err)
		}
	}
}

package throttle_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// 500 prefixes attack one account for an hour; the owner at the usual address signs in at once, from a new
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

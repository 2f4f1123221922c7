package throttle_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

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

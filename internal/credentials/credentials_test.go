package credentials_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(teststores.Each(m)) }

const password = "correct horse battery"

// world is credentials over a real store and a pool of one worker with one place in its queue.
type world struct {
	*credentials.Credentials
	t    *testing.T
	pool *passwords.Pool
}

func newWorld(t *testing.T, now func() time.Time) *world {
	t.Helper()
	s := teststores.Open(t, teststores.Options{})
	pool, err := passwords.New(passwords.Options{Cost: passwords.MinCost, Workers: 1, Queue: 1, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	mac := func(label string, parts ...string) string { return label + strings.Join(parts, "|") }
	return &world{t: t, pool: pool, Credentials: credentials.New(credentials.Options{
		Pool: pool, Policy: passwords.Policy{CheckCommon: true},
		Throttle: throttle.New(throttle.Options{Store: s.Throttle, MAC: mac, Now: time.Now}),
	})}
}

func (w *world) hash() string {
	w.t.Helper()
	hash, err := w.Hash(w.t.Context(), "body.password", "home", password, passwords.Context{})
	if err != nil {
		w.t.Fatal(err)
	}
	return hash
}

func (w *world) check(ctx context.Context, prefix, hash, password string) (credentials.Result, error) {
	return w.Check(ctx, credentials.Attempt{Account: credentials.Member("ada"), Prefix: prefix, Hash: hash, Password: password})
}

func TestCheckTellsRightFromWrongAndCountsTheWrong(t *testing.T) {
	w := newWorld(t, nil)
	hash := w.hash()
	ok := credentials.Result{OK: true}
	if got, err := w.check(t.Context(), "home", hash, password); err != nil || got != ok {
		t.Fatalf("the right password: %+v, %v", got, err)
	}
	for range throttle.PairFailures {
		if got, err := w.check(t.Context(), "home", hash, "wrong"); err != nil || got.OK {
			t.Fatalf("a wrong password: %+v, %v", got, err)
		}
	}
	if _, err := w.check(t.Context(), "home", hash, password); !tenant.IsCode(err, tenant.CodeThrottled) {
		t.Errorf("after ten wrong ones: %v", err)
	}
	for what, hash := range map[string]string{"unknown": "", "damaged": "$2a$99$x"} {
		got, err := w.Check(t.Context(), credentials.Attempt{Account: what, Prefix: "elsewhere", Hash: hash, Password: password})
		if err != nil || got.OK {
			t.Errorf("%s account: %+v, %v", what, got, err)
		}
	}
}

func TestConfirmAsksForThePassword(t *testing.T) {
	w := newWorld(t, nil)
	hash := w.hash()
	for offered, code := range map[string]tenant.Code{
		"": tenant.CodeStaleAuthentication, "wrong": tenant.CodeStaleAuthentication, password: "",
	} {
		err := w.Confirm(t.Context(), credentials.Attempt{Account: "a", Prefix: "home", Hash: hash, Password: offered})
		if tenant.CodeOf(err) != code {
			t.Errorf("%q: %v, want %q", offered, err, code)
		}
	}
}

func TestNewPasswordsMeetThePolicyAndErrorsNameTheField(t *testing.T) {
	w := newWorld(t, nil)
	for offered, rule := range map[string]string{
		"": "empty", "short": "too_short", "a\x00bcdefgh": "nul", strings.Repeat("x", 73): "too_long",
		"password123": "common", "Orgd-2026": "product_name", "AcmeCorp": "organization_name", "lovelace1": "email",
	} {
		_, err := w.Hash(t.Context(), "body.password", "home", offered, passwords.Context{
			OrganizationName: "Acme Corp", EmailLocalPart: "lovelace",
		})
		var e *tenant.Error
		if !errors.As(err, &e) || e.Code != tenant.CodeInvalid || len(e.Fields) != 1 ||
			e.Fields[0].Location != "body.password" || e.Fields[0].Code != rule {
			t.Errorf("%q: %v, want %s", offered, err, rule)
		}
		if len(offered) > 5 && err != nil && strings.Contains(err.Error(), offered) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	if hash, err := w.Rehash(t.Context(), "home", "weak"); err != nil || hash == "" {
		t.Errorf("a weak password that signed in is not hashed anew: %v", err)
	}
}

// A flood finds no place in the pool's queue: that is told with a time, and counts against nobody.
func TestAttemptWithoutAPlaceInTheQueueIsTakenBack(t *testing.T) {
	gate, atWork := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w := newWorld(t, func() time.Time {
		once.Do(func() { close(atWork) })
		<-gate
		return time.Now()
	})
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	holdPlace := func(prefix string) {
		_, err := w.check(ctx, prefix, "", password)
		for tenant.IsCode(err, tenant.CodeThrottled) { // somebody below was faster
			_, err = w.check(ctx, prefix, "", password)
		}
		ended <- err
	}
	go holdPlace("at work")
	<-atWork
	go holdPlace("in the queue")
	for busy := false; !busy; {
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := w.pool.Hash(short, "probe", password)
		cancel()
		busy = errors.Is(err, passwords.ErrBusy)
	}
	for range 3 * throttle.PairFailures {
		_, err := w.check(t.Context(), "home", "", password)
		var e *tenant.Error
		if !errors.As(err, &e) || e.Code != tenant.CodeThrottled || e.RetryAfter < time.Second || !errors.Is(err, passwords.ErrBusy) {
			t.Fatalf("got %v, want CodeThrottled of the pool, not of the throttle", err)
		}
	}
	giveUp()
	for range 2 {
		if err := <-ended; !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("a request that was given up: %v", err)
		}
	}
	close(gate)
	w.pool.Close()
	if _, err := w.check(t.Context(), "home", "", password); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("after the pool was closed: %v", err)
	}
}

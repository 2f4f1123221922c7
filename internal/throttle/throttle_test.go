package throttle_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
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

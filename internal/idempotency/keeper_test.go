package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(teststores.Each(m).Run()) }

// world is a keeper on a clock of the test's own.
type world struct {
	t      *testing.T
	store  store.Store
	keeper *idempotency.Keeper
	now    time.Time
	ids    int
	mu     sync.Mutex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: teststores.Open(t, teststores.Options{Now: time.Now}), now: time.Now()}
	w.keeper = idempotency.New(idempotency.Deps{
		Records: w.store.Idempotency,
		Guard:   access.NewGuard(access.Policy{SignupOpen: true}, func() time.Time { return w.now }),
		MAC:     func(label string, parts ...string) string { return label + "|" + strings.Join(parts, "|") },
		Now:     func() time.Time { return w.now },
		NewID: func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ids++
			return fmt.Sprint("id", w.ids)
		},
	})
	return w
}

func ada() access.Caller { return access.Caller{Kind: tenant.ActorMember, User: "ada"} }

func request(caller access.Caller, key, body string) idempotency.Request {
	return idempotency.Request{Caller: caller, Action: access.OrgCreate, Route: "POST /things", Key: key, Body: []byte(body)}
}

// do runs an act that counts itself.
func (w *world) do(r idempotency.Request, runs *int, result error) (idempotency.Plan, bool, error) {
	w.t.Helper()
	return w.keeper.Do(w.t.Context(), r, func(context.Context, idempotency.Plan) error {
		*runs++
		return result
	})
}

func wantCode(t *testing.T, err error, want tenant.Code, doing string) {
	t.Helper()
	if got := tenant.CodeOf(err); got != want {
		t.Errorf("%s: code %q, want %q (%v)", doing, got, want, err)
	}
}

func TestOnceUnderOneKey(t *testing.T) {
	w, runs := newWorld(t), 0
	first, replayed, err := w.do(request(ada(), "k", "{}"), &runs, nil)
	if err != nil || replayed || first.ResourceID == "" || first.WriteID == first.ResourceID {
		t.Fatalf("first: %+v %t %v", first, replayed, err)
	}
	again, replayed, err := w.do(request(ada(), "k", "{}"), &runs, nil)
	if err != nil || !replayed || again != first || runs != 1 {
		t.Errorf("again: %+v %t %v after %d runs", again, replayed, err, runs)
	}
	_, _, err = w.do(request(ada(), "k", `{"other":1}`), &runs, nil)
	wantCode(t, err, tenant.CodeIdempotencyMismatch, "another body")
	eve := access.Caller{Kind: tenant.ActorMember, User: "eve"}
	if other, _, err := w.do(request(eve, "k", "{}"), &runs, nil); err != nil || other == first || runs != 2 {
		t.Errorf("another caller's key: %+v %v", other, err)
	}
	w.now = w.now.Add(idempotency.TTL + time.Second)
	if later, replayed, err := w.do(request(ada(), "k", "{}"), &runs, nil); err != nil || replayed || later == first {
		t.Errorf("after a day: %+v %t %v", later, replayed, err)
	}
}

// Who lost the right since is refused, and so is who never had it, without a record.
func TestRightsCountEachTime(t *testing.T) {
	w, runs := newWorld(t), 0
	r := request(access.Caller{Kind: tenant.ActorMember, User: "ada", Org: "acme", Role: tenant.RoleOwner}, "k", "{}")
	r.Action, r.Org = access.DocWrite, "acme"
	if _, _, err := w.do(r, &runs, nil); err != nil {
		t.Fatal(err)
	}
	r.Caller.Org = "bolts"
	_, _, err := w.do(r, &runs, nil)
	wantCode(t, err, tenant.CodeNotFound, "who left the organization")
	r.Key = "other"
	_, _, err = w.do(r, &runs, nil)
	wantCode(t, err, tenant.CodeNotFound, "a stranger")
	r.Caller.Org = "acme"
	if _, replayed, err := w.do(r, &runs, nil); err != nil || replayed || runs != 2 {
		t.Errorf("a refused request has left a record: replayed %t after %d runs (%v)", replayed, runs, err)
	}
}

func TestWithoutAKeyNothingIsKept(t *testing.T) {
	w, runs := newWorld(t), 0
	for range 2 {
		if plan, _, err := w.do(request(ada(), "", "{}"), &runs, nil); err != nil || plan != (idempotency.Plan{}) {
			t.Errorf("%+v %v", plan, err)
		}
	}
	if runs != 2 {
		t.Errorf("%d runs, want 2", runs)
	}
}

// Strangers share an address and nothing else: with another body it is another stranger's key.
func TestStrangersKeysAreApart(t *testing.T) {
	w, runs := newWorld(t), 0
	stranger := access.Caller{Address: "192.0.2.1"}
	a, _, errA := w.do(request(stranger, "k", `{"a":1}`), &runs, nil)
	b, _, errB := w.do(request(stranger, "k", `{"b":1}`), &runs, nil)
	if errA != nil || errB != nil || a == b || runs != 2 {
		t.Errorf("%+v %v, %+v %v, %d runs", a, errA, b, errB, runs)
	}
}

func TestRefusedActsLeaveNoRecord(t *testing.T) {
	w, runs := newWorld(t), 0
	_, _, err := w.do(request(ada(), "k", "{}"), &runs, tenant.Errorf(tenant.CodeNameTaken, "taken"))
	wantCode(t, err, tenant.CodeNameTaken, "refused")
	if _, replayed, err := w.do(request(ada(), "k", `{"better":1}`), &runs, nil); err != nil || replayed || runs != 2 {
		t.Errorf("the better attempt: %t %v", replayed, err)
	}
}

// An act whose outcome nobody knows is repeated at once, under the same ids, to find out.
func TestUnknownOutcomesAreFoundOut(t *testing.T) {
	w, runs := newWorld(t), 0
	first, _, err := w.do(request(ada(), "k", "{}"), &runs, tenant.Errorf(tenant.CodeUnknownOutcome, "lost"))
	wantCode(t, err, tenant.CodeUnknownOutcome, "lost")
	again, _, err := w.do(request(ada(), "k", "{}"), &runs, nil)
	if err != nil || again != first || runs != 2 {
		t.Errorf("again: %+v %v after %d runs, first %+v", again, err, runs, first)
	}
	wantRuns := runs
	if _, replayed, err := w.do(request(ada(), "k", "{}"), &runs, errors.New("must not run")); err != nil || !replayed || runs != wantRuns {
		t.Errorf("after that: %t %v", replayed, err)
	}
}

func TestTheFirstRequestRuns(t *testing.T) {
	w := newWorld(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, _, err := w.keeper.Do(context.Background(), request(ada(), "k", "{}"), func(context.Context, idempotency.Plan) error {
			close(inside)
			<-leave
			return nil
		})
		done <- err
	}()
	<-inside
	runs := 0
	_, _, err := w.do(request(ada(), "k", "{}"), &runs, nil)
	wantCode(t, err, tenant.CodeIdempotencyInProgress, "while the first runs")
	close(leave)
	wantCode(t, <-done, "", "the first")
	if runs != 0 {
		t.Errorf("the act ran %d times beside the first", runs)
	}
}

// A server that died in the middle is taken over when the lease is over, by one of those who try.
func TestTakeOverAfterTheLease(t *testing.T) {
	w := newWorld(t)
	dead := request(ada(), "k", "{}")
	func() {
		defer func() { _ = recover() }() // the process dies inside the act
		_, _, _ = w.keeper.Do(t.Context(), dead, func(context.Context, idempotency.Plan) error { panic("killed") })
	}()
	runs := 0
	_, _, err := w.do(dead, &runs, nil)
	wantCode(t, err, tenant.CodeIdempotencyInProgress, "within the lease")
	w.now = w.now.Add(idempotency.Lease + time.Second)
	var ran atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, _, err := w.keeper.Do(t.Context(), dead, func(context.Context, idempotency.Plan) error {
				ran.Add(1)
				return nil
			})
			if err != nil && !tenant.IsCode(err, tenant.CodeIdempotencyInProgress) {
				t.Errorf("takeover: %v", err)
			}
		})
	}
	wg.Wait()
	if ran.Load() != 1 {
		t.Errorf("taken over by %d", ran.Load())
	}
}

// lowered lets a caller have few records in place of 1,000.
type lowered struct {
	store.Idempotency
	few int
}

func (l lowered) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int) (store.IdempotencyRecord, bool, error) {
	return l.Idempotency.Begin(ctx, record, now, perCaller-1000+l.few)
}

// One caller has 1,000 records at most; those of others are not concerned.
func TestRecordsOfOneCallerAreBounded(t *testing.T) {
	w, runs := newWorld(t), 0
	w.keeper.Records = lowered{w.store.Idempotency, 2}
	for _, key := range []string{"1", "2"} {
		_, _, err := w.do(request(ada(), key, "{}"), &runs, nil)
		wantCode(t, err, "", "key "+key)
	}
	_, _, err := w.do(request(ada(), "3", "{}"), &runs, nil)
	wantCode(t, err, tenant.CodeLimit, "one key too many")
	_, _, err = w.do(request(access.Caller{Kind: tenant.ActorMember, User: "eve"}, "3", "{}"), &runs, nil)
	wantCode(t, err, "", "another caller's")
	if runs != 3 {
		t.Errorf("%d acts ran, want 3", runs)
	}
}

func TestKeysAreBounded(t *testing.T) {
	w, runs := newWorld(t), 0
	for why, key := range map[string]string{
		"too long": strings.Repeat("k", idempotency.MaxKeyLength+1), "a blank": "a b", "a control": "a\n", "not ASCII": "ä",
	} {
		_, _, err := w.do(request(ada(), key, "{}"), &runs, nil)
		wantCode(t, err, tenant.CodeInvalid, why)
	}
	if _, _, err := w.do(request(ada(), strings.Repeat("k", idempotency.MaxKeyLength), "{}"), &runs, nil); err != nil || runs != 1 {
		t.Errorf("the longest key: %v", err)
	}
}

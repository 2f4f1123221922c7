package adoption_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/adoption"
	"github.com/orgd/orgd/internal/tenant"
)

// TestRun adopts what can be, and goes on after a refusal.
func TestRun(t *testing.T) {
	w := newWorld()
	w.org("late", "Late")
	w.org("bad", "Admin")
	w.org("last", "Last")
	_, plan := w.judge(t)
	var told []string
	err := plan.Run(t.Context(), time.Second, func(_ context.Context, c *adoption.Candidate) error {
		if c.Name == "Late" {
			return tenant.Errorf(tenant.CodeEmailTaken, "somebody was first")
		}
		return nil
	}, func(v *adoption.Verdict) { told = append(told, v.ID+" "+string(v.Status)+" "+v.Reason) })
	got := strings.Join(told, "\n")
	if err != nil || !strings.HasPrefix(got, "acme adopted \nlate refused somebody was first\nbad refused the name is reserved") || !strings.HasSuffix(got, "\nlast adopted ") {
		t.Errorf("told is\n%s\n%v", got, err)
	}
}

// TestRunWaits tries again while an earlier attempt is under way, and not for ever.
func TestRunWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		take := func(context.Context, *adoption.Candidate) error {
			if time.Since(began) < 7*time.Second {
				return tenant.Errorf(tenant.CodeOperationInProgress, "under way")
			}
			return nil
		}
		_, plan := newWorld().judge(t)
		err := plan.Run(t.Context(), 5*time.Second, take, func(*adoption.Verdict) { t.Error("told of what was not decided") })
		if !tenant.IsCode(err, tenant.CodeOperationInProgress) || !strings.Contains(err.Error(), `stopped at "Acme"; run it again`) {
			t.Errorf("after five seconds: %v", err)
		}
		told := 0
		if err := plan.Run(t.Context(), 5*time.Second, take, func(*adoption.Verdict) { told++ }); err != nil || told != 1 {
			t.Errorf("after seven: %v, told of %d", err, told)
		}
	})
}

// TestRunStops ends at a failure of the store, and with its context.
func TestRunStops(t *testing.T) {
	for _, why := range []error{tenant.Errorf(tenant.CodeUnavailable, "away"), tenant.Errorf(tenant.CodeUnknownOutcome, "lost"), errors.New("a defect")} {
		w := newWorld()
		w.org("last", "Last")
		_, plan := w.judge(t)
		calls := 0
		err := plan.Run(t.Context(), time.Second, func(context.Context, *adoption.Candidate) error { calls++; return why }, func(*adoption.Verdict) {})
		if !errors.Is(err, why) || calls != 1 || plan.Count(adoption.Adoptable) != 2 {
			t.Errorf("after %v: %v, %d calls", why, err, calls)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, plan := newWorld().judge(t)
	err := plan.Run(ctx, time.Minute, func(context.Context, *adoption.Candidate) error {
		cancel()
		return tenant.Errorf(tenant.CodeOperationInProgress, "under way")
	}, func(*adoption.Verdict) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("when interrupted: %v", err)
	}
}

package main

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestOutboxMetric asks for it while the database answers and while it does not: then all other metrics are still told.
func TestOutboxMetric(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want int
	}{"there": {nil, 1}, "lost": {errors.New("the database is lost"), 0}} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(newOutboxGauge(func(ctx context.Context) (int64, error) {
			if _, limited := ctx.Deadline(); !limited {
				t.Errorf("%s: the database is asked without a limit", name)
			}
			return 7, c.err
		}))
		found, err := registry.Gather()
		if err != nil || len(found) != c.want {
			t.Fatalf("%s: the metrics are %v, %v", name, found, err)
		}
		if c.want > 0 && (found[0].GetName() != "orgd_audit_outbox_entries" || found[0].GetMetric()[0].GetGauge().GetValue() != 7) {
			t.Errorf("%s: the metric is %v", name, found[0])
		}
	}
}

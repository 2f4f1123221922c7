package storetest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
)

func TestRecorderTellsWhatNobodyCalled(t *testing.T) {
	t.Parallel()
	var recorder storetest.Recorder
	s := recorder.Watch(store.Store{Health: well{}})
	if missed := recorder.Missed(); !slices.Equal(missed, storetest.Methods()) {
		t.Fatalf("before any call it misses %v, want all methods", missed)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Health.Ping(over)
	if !slices.Contains(recorder.Missed(), "Health.Ping") {
		t.Error("a call whose context was over counts as one")
	}
	if err := s.Health.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if missed := recorder.Missed(); slices.Contains(missed, "Health.Ping") || len(missed) != len(storetest.Methods())-1 {
		t.Errorf("after a ping it misses %v", missed)
	}
}

// well is a store that is always well.
type well struct{}

func (well) Ping(context.Context) error { return nil }

package mongo

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		// The test engine takes its time for a document of 4 MiB under the race detector.
		return openTest(t, Options{DocumentTime: 4 * time.Second}).Store()
	})
}

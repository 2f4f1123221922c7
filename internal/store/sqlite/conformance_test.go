package sqlite

import (
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return openTest(t, Options{}).Store()
	})
}

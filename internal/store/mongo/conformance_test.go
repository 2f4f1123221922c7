package mongo_test

import (
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/store/teststores"
)

// The suite runs under a monitor of every command that is sent; see teststores.
func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return teststores.MongoDB.Open(t, teststores.Options{})
	})
}

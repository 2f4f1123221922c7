package orgs_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// A restoration that is overtaken by another one, a rename and a second deletion does not give the old name back.
func TestRestoreOfWhatWasDeletedAgain(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	var overtake func()
	s := start(t, storetest.Intercept(open(t), func(_ context.Context, method string, call func() error) error {
		err := call()
		if method == "Users.Get" && armed.CompareAndSwap(true, false) {
			overtake()
		}
		return err
	}))
	org := trashed(s)
	overtake = func() {
		if _, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{}); err != nil {
			t.Error(err)
		}
		if _, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta")}); err != nil {
			t.Error(err)
		}
		if err := s.orgs.Delete(t.Context(), owner(org), org.ID, 0); err != nil {
			t.Error(err)
		}
	}
	armed.Store(true)
	_, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
	wantCode(t, err, tenant.CodeConflict, "the restoration that was overtaken")
	restored, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
	if err != nil || restored.Name != "Beta" {
		t.Errorf("then it comes back as %q (%v), want Beta", restored.Name, err)
	}
}

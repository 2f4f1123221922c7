package orgs_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/internal/access"
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

// What lies in the trash cannot be changed or deleted. Operators see it there and hear why not; to everybody else it is gone.
func TestTheTrashIsNotChanged(t *testing.T) {
	t.Parallel()
	s := start(t, open(t))
	org := trashed(s)
	stranger := owner(org)
	stranger.Org = tenant.OrgID(tenant.NewID())
	for name, c := range map[string]struct {
		caller access.Caller
		want   tenant.Code
	}{
		"operator": {operator(), tenant.CodeConflict}, "owner": {owner(org), tenant.CodeNotFound}, "stranger": {stranger, tenant.CodeNotFound},
	} {
		_, err := s.orgs.Update(t.Context(), c.caller, org.ID, orgs.Change{Name: new("Beta")})
		wantCode(t, err, c.want, "a rename by the "+name)
		wantCode(t, s.orgs.Delete(t.Context(), c.caller, org.ID, 0), c.want, "a deletion by the "+name)
	}
	_, err := s.orgs.Update(t.Context(), operator(), tenant.OrgID(tenant.NewID()), orgs.Change{Name: new("Beta")})
	wantCode(t, err, tenant.CodeNotFound, "a rename of nothing")
	if _, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{}); err != nil {
		t.Errorf("it does not come back: %v", err)
	}
}

package orgs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
)

// stuck are places that cannot move anything to the trash for the moment, and count how often somebody tried.
type stuck struct {
	store.Places
	tried atomic.Int64
	// enough is called at the hundredth time, so that a loop without rest ends.
	enough func()
}

func (s *stuck) Trash(context.Context, tenant.Place, tenant.OperationID) error {
	if s.tried.Add(1) == 100 {
		s.enough()
	}
	return tenant.Errorf(tenant.CodeUnavailable, "the disk does not answer")
}

// An operation that cannot be ended for the moment is tried again at its turn, and not in a loop without rest: each attempt
// writes to the disk and to the log.
func TestRecoveryRestsBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		places := &stuck{enough: cancel}
		s := start(t, teststores.SQLite.Open(t, teststores.Options{}), func(deps *orgs.Deps) {
			places.Places = deps.Places
			deps.Places = places
		})
		org := s.create("Acme", ada)
		wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), tenant.CodeUnknownOutcome, "delete")
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.orgs.RunRecovery(ctx, 5*time.Second)
		}()
		<-time.After(21 * time.Second) // of the bubble
		cancel()
		<-done
		if got := places.tried.Load(); got < 5 || got > 7 {
			t.Errorf("tried %d times within 21 seconds, want at once and every five", got)
		}
	})
}

// immovable are places that cannot drop the data of one organization.
type immovable struct {
	store.Places
	org tenant.OrgID
}

func (i immovable) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	if org == i.org {
		return tenant.Errorf(tenant.CodeUnavailable, "the disk does not answer")
	}
	return i.Places.Drop(ctx, org, op)
}

// An organization that cannot be purged hides none of those after it.
func TestPurgeGoesOnBehindOneThatFails(t *testing.T) {
	places := &immovable{}
	s := start(t, open(t), retention(-time.Hour), func(deps *orgs.Deps) {
		places.Places = deps.Places
		deps.Places = places
	})
	var all []tenant.Organization
	for i, name := range []string{"Acme", "Beta", "Gamma"} {
		org := s.create(name, string(rune('a'+i))+"@example.com")
		wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
		all = append(all, org)
	}
	places.org = all[0].ID
	if n, err := s.orgs.PurgeDue(t.Context(), 1); n != 1 || err == nil {
		t.Errorf("%d purged behind one that fails (%v), want 1 and its error", n, err)
	}
}

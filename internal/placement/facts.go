package placement

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/orgd/orgd/internal/tenant"
)

// fact is an organization as it was read; it is shared and never changed.
type fact struct {
	org    *tenant.Organization
	key    tenant.NameKey // of its name; folding that anew for each request costs as much as finding the fact
	readAt time.Time
}

func newFact(org *tenant.Organization, readAt time.Time) *fact {
	return &fact{org: org, key: org.Name.Key(), readAt: readAt}
}

// slot is the place of what is known of one organization. Its name and slug lead to it without a way by the id. One that the
// directory has dropped is empty and stays so, whoever still knows it.
type slot struct {
	fact atomic.Pointer[fact]
	// used says that somebody read the fact since it was last looked after.
	used atomic.Bool
}

// leaveSlot empties a slot in the same step that drops it.
func leaveSlot(e otter.DeletionEvent[tenant.OrgID, *slot]) { e.Value.fact.Store(nil) }

package documents

import (
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// alarmEvery is how often the log tells of one organization whose data is lost, however many requests find it out.
const alarmEvery = time.Minute

// maxAlarms bounds the organizations that are remembered for that.
const maxAlarms = 10_000

// alarms are the organizations of whose loss the log has told, and when.
type alarms struct {
	mu sync.Mutex
	at map[tenant.OrgID]time.Time
}

// due reports whether the log is to tell of the organization now.
func (a *alarms) due(org tenant.OrgID, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, told := a.at[org]; told && now.Sub(last) < alarmEvery {
		return false
	}
	if len(a.at) >= maxAlarms {
		clear(a.at)
	}
	a.at[org] = now
	return true
}

// lost is the error about an organization whose gate is open and whose place is not there. Its callers can do nothing about
// that, and a missing document is something else; it keeps nobody from the data of the others.
func (s *Service) lost(org *tenant.Organization, cause error) error {
	if s.alarms.due(org.ID, s.Now()) {
		s.Log.Error("an organization's data is lost: it is not where it belongs; put it back from a backup, or delete the organization",
			"organization", org.ID, "namespace", org.Placement.Namespace, "error", cause)
	}
	return tenant.Wrap(tenant.CodeUnavailable, cause, "the organization's data cannot be reached; an operator must look for it")
}

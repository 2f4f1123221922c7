package placement

import (
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// epochTTL is how long an acknowledged epoch is remembered: far longer than any read can take to return (a request ends
// within seconds), so that no fact from before a drain can be installed after it.
const epochTTL = 2 * time.Minute

type acknowledged struct {
	epoch int64
	at    time.Time
}

// epochMemory keeps the epochs that this server has acknowledged, of cached organizations or not.
type epochMemory struct {
	now    func() time.Time
	mu     sync.RWMutex
	epochs map[tenant.OrgID]acknowledged
	swept  time.Time
}

func (m *epochMemory) of(id tenant.OrgID) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.epochs[id].epoch
}

func (m *epochMemory) acknowledge(id tenant.OrgID, epoch int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if now.Sub(m.swept) > epochTTL {
		for id, ack := range m.epochs {
			if now.Sub(ack.at) > epochTTL {
				delete(m.epochs, id)
			}
		}
		m.swept = now
	}
	if m.epochs[id].epoch <= epoch {
		m.epochs[id] = acknowledged{epoch: epoch, at: now}
	}
}

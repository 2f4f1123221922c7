package mongo

import (
	"context"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

const (
	// countTime is how long the bytes that were counted are believed at least. This server adds its own writes to them;
	// those of other servers are seen at the next count.
	countTime = 5 * time.Second
	// countShare bounds what counting costs: a count that took long is believed so many times as long.
	countShare = 50
	// refusalTime is how old a count may be that refuses a write: so that whoever writes to a full place again and again does
	// not count each time.
	refusalTime = time.Second
)

// meter knows how many bytes a tenant stores, so that a write does not count them. No sum is kept in the database: a
// second document beside the one that is written would differ from it after a crash.
type meter struct {
	// writing is held shared by each write from its reservation to its end, and alone by a count, which so sees each write
	// whole or not at all.
	writing sync.RWMutex

	mu      sync.Mutex
	bytes   int64
	counted time.Time
	until   time.Time // zero while the bytes are not known
}

// errQuota is the error about bytes beyond the quota.
var errQuota = tenant.Errorf(tenant.CodeQuota,
	"the organization's documents would have more bytes than it may store; delete some, or ask for more")

// grow makes a write that adds so many bytes, or takes some away, and refuses one that adds beyond the quota (0 is none).
func (m *meter) grow(ctx context.Context, bytes, quota int64, count func(context.Context) (tenant.Usage, error),
	write func(context.Context) error,
) error {
	for {
		m.writing.RLock()
		taken, sure := m.take(bytes, quota)
		if taken {
			defer m.writing.RUnlock()
			err := write(ctx)
			if err != nil {
				m.giveBack(bytes, tenant.IsCode(err, tenant.CodeUnknownOutcome))
			}
			return err
		}
		m.writing.RUnlock()
		if sure {
			return errQuota
		}
		if err := m.count(ctx, count); err != nil {
			return err
		}
	}
}

// take reserves bytes. It is sure of a refusal if the count behind it is fresh.
func (m *meter) take(bytes, quota int64) (taken, sure bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	switch {
	case quota <= 0 || bytes <= 0:
		m.bytes += bytes
		return true, false
	case now.After(m.until):
		return false, false
	case m.bytes+bytes <= quota:
		m.bytes += bytes
		return true, false
	default:
		return false, now.Sub(m.counted) <= refusalTime
	}
}

// giveBack undoes a reservation whose write failed; where nobody knows whether it did, the next write counts.
func (m *meter) giveBack(bytes int64, unsure bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes -= bytes
	if unsure {
		m.until = time.Time{}
	}
}

// doubt makes the next write count.
func (m *meter) doubt() { m.giveBack(0, true) }

// count counts the bytes while nobody on this server writes.
func (m *meter) count(ctx context.Context, count func(context.Context) (tenant.Usage, error)) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	began := time.Now()
	usage, err := count(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.counted = usage.Bytes, time.Now()
	m.until = m.counted.Add(max(countTime, countShare*m.counted.Sub(began)))
	return nil
}

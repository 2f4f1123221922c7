package store

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Sessions keeps logins.
type Sessions interface {
	// Insert adds a session. CodeIDTaken if the id exists.
	Insert(ctx context.Context, session tenant.Session) error
	// Get returns the session, ended or not; expired ones until they are purged.
	Get(ctx context.Context, id tenant.SessionID) (tenant.Session, error)
	// End sets EndedAt to at, unless the session has ended already; that is no error.
	End(ctx context.Context, id tenant.SessionID, at time.Time) error
	// PurgeExpired removes at most limit sessions that expired before the time and returns how many.
	PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error)
}

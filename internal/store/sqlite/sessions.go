package sqlite

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// sessions keeps logins.
type sessions struct{ catalog *file }

const sessionColumns = `id, user, organization, operator, generation, created_at, auth_time, expires_at, ended_at`

func sessionArgs(l tenant.Session) []any {
	return []any{
		string(l.ID), string(l.User), string(l.Org), string(l.Operator), l.Generation,
		instant(l.CreatedAt), instant(l.AuthTime), instant(l.ExpiresAt), instant(l.EndedAt),
	}
}

// scanSession reads a row of sessionColumns.
func scanSession(scan func(dest ...any) error) (l tenant.Session, err error) {
	err = scan(&l.ID, &l.User, &l.Org, &l.Operator, &l.Generation, (*instant)(&l.CreatedAt), (*instant)(&l.AuthTime),
		(*instant)(&l.ExpiresAt), (*instant)(&l.EndedAt))
	return l, err
}

// Insert implements store.Sessions.
func (t sessions) Insert(ctx context.Context, l tenant.Session) error {
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`INSERT INTO sessions (`+sessionColumns+`) VALUES (?,?,?,?,?,?,?,?,?)`, sessionArgs(l)...)
		return idTaken(err, "session")
	})
}

// Get implements store.Sessions.
func (t sessions) Get(ctx context.Context, id tenant.SessionID) (l tenant.Session, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		l, err = scanSession(func(dest ...any) error {
			return s.get(`SELECT `+sessionColumns+` FROM sessions WHERE id = ?`, []any{string(id)}, dest...)
		})
		return missing(err, "session")
	})
	return l, err
}

// End implements store.Sessions.
func (t sessions) End(ctx context.Context, id tenant.SessionID, at time.Time) error {
	return t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE sessions SET ended_at = coalesce(ended_at, ?2) WHERE id = ?1`, string(id), instant(at))
		if err == nil && n == 0 {
			return tenant.Errorf(tenant.CodeNotFound, "there is no such session")
		}
		return err
	})
}

// PurgeExpired implements store.Sessions.
func (t sessions) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return writing(ctx, t.catalog, func(s *session) (int, error) {
		n, err := s.exec(`DELETE FROM sessions WHERE id IN
			(SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`, instant(before), limit)
		return int(n), err
	})
}

var _ store.Sessions = sessions{}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// idempotency keeps the records of requests with an Idempotency-Key.
type idempotency struct{ catalog *file }

const idempotencyColumns = `key, caller, fingerprint, resource_id, owner_id, write_id, done, lease_until, expires_at`

func recordArgs(r store.IdempotencyRecord) []any {
	return []any{
		r.Key, r.Caller, r.Fingerprint, r.ResourceID, r.OwnerID, r.WriteID, r.Done, instant(r.LeaseUntil), instant(r.ExpiresAt),
	}
}

// scanRecord reads a row of idempotencyColumns.
func scanRecord(scan func(dest ...any) error) (r store.IdempotencyRecord, err error) {
	err = scan(&r.Key, &r.Caller, &r.Fingerprint, &r.ResourceID, &r.OwnerID, &r.WriteID, &r.Done,
		(*instant)(&r.LeaseUntil), (*instant)(&r.ExpiresAt))
	return r, err
}

// Begin implements store.Idempotency.
func (t idempotency) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time, perCaller int,
) (store.IdempotencyRecord, bool, error) {
	record.LeaseUntil, record.ExpiresAt = tenant.Millis(record.LeaseUntil), tenant.Millis(record.ExpiresAt)
	known, err := writing(ctx, t.catalog, func(s *session) (*store.IdempotencyRecord, error) {
		known, err := findRecord(s, record.Key, now)
		if !errors.Is(err, sql.ErrNoRows) {
			return &known, err
		}
		return nil, insertRecord(s, record, now, perCaller)
	})
	switch {
	case err != nil:
		return store.IdempotencyRecord{}, false, err
	case known != nil:
		return *known, false, nil
	default:
		return record, true, nil
	}
}

// findRecord returns the record of a key that expires after now, or sql.ErrNoRows.
func findRecord(s *session, key string, now time.Time) (store.IdempotencyRecord, error) {
	return scanRecord(func(dest ...any) error {
		return s.get(`SELECT `+idempotencyColumns+` FROM idempotency WHERE key = ? AND expires_at > ?`, []any{key, instant(now)}, dest...)
	})
}

// insertRecord stores a record in place of an expired one, within the caller's bound.
func insertRecord(s *session, r store.IdempotencyRecord, now time.Time, perCaller int) error {
	var held int
	err := s.get(`SELECT count(*) FROM idempotency WHERE caller = ? AND expires_at > ?`, []any{r.Caller, instant(now)}, &held)
	if err != nil {
		return err
	}
	if held >= perCaller {
		return tenant.Errorf(tenant.CodeLimit, "too many requests with an Idempotency-Key are remembered; use fewer of them, or wait a day")
	}
	_, err = s.exec(`INSERT OR REPLACE INTO idempotency (`+idempotencyColumns+`) VALUES (?,?,?,?,?,?,?,?,?)`, recordArgs(r)...)
	return err
}

// TakeOver implements store.Idempotency.
func (t idempotency) TakeOver(ctx context.Context, key string, lease, next time.Time) error {
	return t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE idempotency SET lease_until = ?3 WHERE key = ?1 AND done = 0 AND lease_until IS ?2`,
			key, instant(lease), instant(next))
		if err == nil && n == 0 {
			return tenant.Errorf(tenant.CodeConflict, "the first request with this Idempotency-Key went on, or another one took it over")
		}
		return err
	})
}

// Finish implements store.Idempotency.
func (t idempotency) Finish(ctx context.Context, key string) error {
	return t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE idempotency SET done = 1 WHERE key = ?`, key)
		if err == nil && n == 0 {
			return tenant.Errorf(tenant.CodeNotFound, "there is no record of this Idempotency-Key")
		}
		return err
	})
}

// Forget implements store.Idempotency.
func (t idempotency) Forget(ctx context.Context, key string) error {
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`DELETE FROM idempotency WHERE key = ?`, key)
		return err
	})
}

// PurgeExpired implements store.Idempotency.
func (t idempotency) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return writing(ctx, t.catalog, func(s *session) (int, error) {
		n, err := s.exec(`DELETE FROM idempotency WHERE key IN
			(SELECT key FROM idempotency WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`, instant(before), limit)
		return int(n), err
	})
}

var _ store.Idempotency = idempotency{}

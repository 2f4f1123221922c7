package sqlite

import (
	"bytes"
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// keys keeps the server's secrets.
type keys struct{ catalog *file }

const keyColumns = `id, purpose, material, sealed, public, created_at, signs_from, retired_at, revoked_at, version`

func keyArgs(k tenant.Key) []any {
	return []any{
		string(k.ID), string(k.Purpose), k.Material, k.Sealed, k.Public, instant(k.CreatedAt), instant(k.SignsFrom),
		instant(k.RetiredAt), instant(k.RevokedAt), k.Version,
	}
}

// scanKey reads a row of keyColumns.
func scanKey(scan func(dest ...any) error) (k tenant.Key, err error) {
	err = scan(&k.ID, &k.Purpose, &k.Material, &k.Sealed, &k.Public, (*instant)(&k.CreatedAt), (*instant)(&k.SignsFrom),
		(*instant)(&k.RetiredAt), (*instant)(&k.RevokedAt), &k.Version)
	return k, err
}

// Insert implements store.Keys.
func (t keys) Insert(ctx context.Context, key tenant.Key, trail tenant.Trail) error {
	key = cloneKey(key)
	key.Version = 1
	trail = own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		if _, err := s.exec(`INSERT INTO keys (`+keyColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?)`, keyArgs(key)...); err != nil {
			return idTaken(err, "key")
		}
		return leave(s, trail)
	})
}

// List implements store.Keys.
func (t keys) List(ctx context.Context) (list []tenant.Key, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT `+keyColumns+` FROM keys ORDER BY id`, nil, func(scan func(dest ...any) error) error {
			k, err := scanKey(scan)
			list = append(list, k)
			return err
		})
	})
	return list, err
}

// Update implements store.Keys.
func (t keys) Update(ctx context.Context, id tenant.KeyID, trail tenant.Trail, change func(*tenant.Key) error) (tenant.Key, error) {
	return swap(func() (tenant.Key, error) { return t.update(ctx, id, trail, change) })
}

// update makes one attempt at an update; errLost if another change came first.
func (t keys) update(ctx context.Context, id tenant.KeyID, trail tenant.Trail,
	change func(*tenant.Key) error,
) (none tenant.Key, err error) {
	var old tenant.Key
	err = t.catalog.read(ctx, func(s *session) error {
		old, err = scanKey(func(dest ...any) error {
			return s.get(`SELECT `+keyColumns+` FROM keys WHERE id = ?`, []any{string(id)}, dest...)
		})
		return missing(err, "key")
	})
	if err != nil {
		return none, err
	}
	next := cloneKey(old)
	if err := change(&next); err != nil {
		return none, err
	}
	next, trail = cloneKey(next), own(trail)
	next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
	err = t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE keys SET purpose = ?2, material = ?3, sealed = ?4, public = ?5, signs_from = ?7,
			retired_at = ?8, revoked_at = ?9, version = ?10 WHERE id = ?1 AND version = ?10 - 1`, keyArgs(next)...)
		if err := swapped(n, err); err != nil {
			return err
		}
		return leave(s, trail)
	})
	if err != nil {
		return none, err
	}
	return next, nil
}

// Remove implements store.Keys.
func (t keys) Remove(ctx context.Context, id tenant.KeyID, trail tenant.Trail) error {
	trail = own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`DELETE FROM keys WHERE id = ?`, string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return tenant.Errorf(tenant.CodeNotFound, "there is no such key")
		}
		return leave(s, trail)
	})
}

// cloneKey returns a copy that shares nothing with k, its times cut as they are stored.
func cloneKey(k tenant.Key) tenant.Key {
	k.Material, k.Public = bytes.Clone(k.Material), bytes.Clone(k.Public)
	k.CreatedAt, k.SignsFrom = tenant.Millis(k.CreatedAt), tenant.Millis(k.SignsFrom)
	k.RetiredAt, k.RevokedAt = tenant.Millis(k.RetiredAt), tenant.Millis(k.RevokedAt)
	return k
}

var _ store.Keys = keys{}

package tokens

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Rotate publishes a new key, which signs [PublishAhead] later, and returns it without its secret. CodeConflict while an
// earlier new key waits for its time, so that the key set stays small. Atomic with entry, whose target becomes the new key.
func (k *Keyring) Rotate(ctx context.Context, entry tenant.AuditEntry) (tenant.Key, error) {
	set, err := k.read(ctx)
	if err != nil {
		return tenant.Key{}, err
	}
	if n := len(set.signing); n > 0 && set.signing[n-1].signsFrom.After(entry.At) {
		return tenant.Key{}, tenant.Errorf(tenant.CodeConflict, "a new key is published already and signs from %s on; rotate again after that",
			set.signing[n-1].signsFrom.UTC().Format(time.RFC3339))
	}
	key, err := k.newSigningKey(entry.At)
	if err != nil {
		return tenant.Key{}, err
	}
	key.SignsFrom = entry.At.Add(PublishAhead)
	entry.Target = string(key.ID)
	if err := k.keys.Insert(ctx, key, entry.With("signs_from", key.SignsFrom.UTC().Format(time.RFC3339))); err != nil {
		return tenant.Key{}, fmt.Errorf("store a new signing key: %w", err)
	}
	k.relearn(ctx)
	key.Material, key.Version = nil, 1
	return key, nil
}

// relearn lets this server know its own change at once. It is done in the store by then, so a read that fails is no failure
// of the act: what is known expires within [MaxAge] anyway.
func (k *Keyring) relearn(ctx context.Context) { _, _ = k.read(ctx) }

// Revoke ends every token of a signing key: at once on this server, within two seconds on the others. Where no other key
// signs, it first makes one that signs at once, under an entry of its own from successor; verifiers that hold a cached key
// set learn of it within [JWKSMaxAge]. CodeNotFound if there is no such signing key, CodeConflict if it was revoked before.
// Atomic with entry, whose target becomes the key.
func (k *Keyring) Revoke(ctx context.Context, kid tenant.KeyID, entry tenant.AuditEntry, successor Authorize) error {
	set, err := k.read(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(set.rows, func(row tenant.Key) bool { return row.ID == kid }); i < 0 {
		return revocable(tenant.Key{})
	} else if err := revocable(set.rows[i]); err != nil {
		return err
	}
	if !set.signsWithout(kid, entry.At) {
		if err := k.make(ctx, k.newSigningKey, successor); err != nil {
			return err
		}
	}
	entry.Target = string(kid)
	_, err = k.keys.Update(ctx, kid, entry, func(key *tenant.Key) error {
		if err := revocable(*key); err != nil {
			return err
		}
		key.RevokedAt = entry.At
		return nil
	})
	if err != nil {
		return fmt.Errorf("revoke key %s: %w", kid, err)
	}
	k.relearn(ctx)
	return nil
}

func revocable(key tenant.Key) error {
	switch {
	case key.Purpose != tenant.KeySigning:
		return tenant.Errorf(tenant.CodeNotFound, "there is no such signing key")
	case !key.RevokedAt.IsZero():
		return tenant.Errorf(tenant.CodeConflict, "the key was revoked already")
	default:
		return nil
	}
}

// signsWithout reports whether a key other than kid signs at the time.
func (s *keySet) signsWithout(kid tenant.KeyID, at time.Time) bool {
	return slices.ContainsFunc(s.signing, func(key *signingKey) bool { return key.id != kid && !key.signsFrom.After(at) })
}

// List returns all keys as the store has them now, without their secrets, in ascending order of id. RetiredAt is filled in:
// the moment at which the next key that was not revoked began to sign.
func (k *Keyring) List(ctx context.Context) ([]tenant.Key, error) {
	set, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	rows := slices.Clone(set.rows)
	for i := range rows {
		rows[i].RetiredAt = set.retiredAt(rows[i].ID, k.now())
	}
	return rows, nil
}

// retiredAt returns when the key stopped signing because a younger one began, as seen at a time; zero if it did not.
func (s *keySet) retiredAt(kid tenant.KeyID, at time.Time) time.Time {
	i := slices.IndexFunc(s.signing, func(key *signingKey) bool { return key.id == kid })
	if i < 0 || i+1 == len(s.signing) || s.signing[i+1].signsFrom.After(at) {
		return time.Time{}
	}
	return s.signing[i+1].signsFrom
}

// Purge removes the keys whose last token is dead, each under an entry of its own from authorize, and returns how many: a
// key that was retired or revoked longer ago than any of its tokens could live, a day at least.
func (k *Keyring) Purge(ctx context.Context, authorize Authorize) (int, error) {
	rows, err := k.List(ctx)
	if err != nil {
		return 0, err
	}
	deadline := k.now().Add(-max(k.ttl, keepAtLeast) - Leeway)
	removed := 0
	for _, row := range rows {
		ended := row.RevokedAt
		if ended.IsZero() {
			ended = row.RetiredAt
		}
		if row.Purpose != tenant.KeySigning || ended.IsZero() || ended.After(deadline) {
			continue
		}
		entry, err := authorize()
		if err != nil {
			return removed, err
		}
		entry.Target = string(row.ID)
		if err := k.keys.Remove(ctx, row.ID, entry.With("removed", "true")); err != nil && !tenant.IsCode(err, tenant.CodeNotFound) {
			return removed, fmt.Errorf("remove dead key %s: %w", row.ID, err)
		}
		removed++
	}
	return removed, nil
}

// JWKS returns the published keys as a JSON Web Key Set (RFC 7517), for anybody to see and to cache for [JWKSMaxAge]: those
// that sign, that will, and whose tokens may live; none that was revoked.
func (k *Keyring) JWKS(ctx context.Context) ([]byte, error) {
	set, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(set.jwks), nil
}

package tokens

import (
	"context"
	"fmt"

	"github.com/orgd/orgd/internal/tenant"
)

// Renew gives up the secrets that the key file in force does not open, each under an entry of its own from authorize, and returns
// which, without their secrets: a signing key is revoked, and the MAC key gets a new secret. [Keyring.Load] then makes what is
// missing. Whatever was made with a secret that is given up is worth nothing: tokens, reset links, cursors; counted attempts and
// idempotency keys are forgotten. One that was cut short is run again. CodeConflict if a key changed meanwhile.
func (k *Keyring) Renew(ctx context.Context, authorize Authorize) (given []tenant.Key, err error) {
	keys, err := k.keys.List(ctx)
	if err == nil {
		if err = k.sealAll(ctx, keys); err == nil { // what lies there from a time without key file is no secret that is lost
			keys, err = k.keys.List(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's keys: %w", err)
	}
	for _, key := range keys {
		if k.add(&keySet{byHeader: map[string]*signingKey{}}, nil, key) == nil {
			continue
		}
		if err := k.giveUp(ctx, key, authorize); err != nil {
			return given, err
		}
		key.Material = nil
		given = append(given, key)
	}
	return given, nil
}

// giveUp takes one secret out of use. The MAC key keeps its id, which is the only one that such a key may have.
func (k *Keyring) giveUp(ctx context.Context, key tenant.Key, authorize Authorize) error {
	entry, err := authorize()
	if err != nil {
		return err
	}
	fresh, err := k.newMACKey(entry.At)
	if err != nil {
		return err
	}
	entry.Target = string(key.ID)
	_, err = k.keys.Update(ctx, key.ID, entry, func(stored *tenant.Key) error {
		switch {
		case stored.Version != key.Version:
			return tenant.Errorf(tenant.CodeConflict, "the key was changed meanwhile; repeat the renewal")
		case stored.Purpose == tenant.KeyMAC:
			stored.Material, stored.Sealed, stored.SignsFrom = fresh.Material, fresh.Sealed, fresh.SignsFrom
		default:
			stored.RevokedAt = entry.At
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give up key %s: %w", key.ID, err)
	}
	return nil
}

package tokens

import (
	"fmt"

	"github.com/orgd/orgd/internal/tenant"
)

// Reseal returns a key of one store as another store may hold it: with the content of ORGD_KEY_FILE (32 bytes) every secret is
// sealed under it; with nil a secret stays as it is, and one that is sealed is refused, since nobody could use it. One that was
// sealed under another key file is refused, too, unless it was revoked and is never opened again.
func Reseal(key tenant.Key, keyFile []byte) (tenant.Key, error) {
	k, err := NewKeyring(Options{KeyFile: keyFile})
	if err != nil {
		return tenant.Key{}, err
	}
	if k.seal != nil && !key.Sealed {
		return k.seal.sealed(key), nil
	}
	if !key.RevokedAt.IsZero() {
		return key, nil
	}
	if _, err := k.open(key); err != nil {
		return tenant.Key{}, fmt.Errorf("key %s: %w", key.ID, err)
	}
	return key, nil
}

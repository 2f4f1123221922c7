// Package tokens owns the server's secrets and what they sign: signing keys, the published key set, access tokens, and the
// HMACs of everything that must not lie in clear.
package tokens

import (
	"context"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Options are what a [Keyring] needs.
type Options struct {
	Keys store.Keys
	// KeyFile is the content of ORGD_KEY_FILE, 32 bytes, or nil: then secrets lie in the store as they are.
	KeyFile []byte
	// TokenTTL is how long tokens of this server live (ORGD_TOKEN_TTL).
	TokenTTL time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Keyring holds the server's secrets as they lie in the store, read at most a second ago.
type Keyring struct{ o Options }

// Authorize yields the audit entry for one key that the keyring makes or removes by itself.
type Authorize func() (tenant.AuditEntry, error)

// NewKeyring makes an empty keyring; Load fills it.
func NewKeyring(o Options) (*Keyring, error) { return &Keyring{o: o}, nil }

// Load reads the keys and makes the first ones where there are none.
func (k *Keyring) Load(ctx context.Context, authorize Authorize) error { return nil }

// Refresh reads the keys from the store now.
func (k *Keyring) Refresh(ctx context.Context) error { return nil }

// Rotate publishes a new key that signs ten minutes later.
func (k *Keyring) Rotate(ctx context.Context, entry tenant.AuditEntry) (tenant.Key, error) {
	return tenant.Key{}, nil
}

// Revoke ends every token of a key.
func (k *Keyring) Revoke(ctx context.Context, kid tenant.KeyID, entry tenant.AuditEntry) error {
	return nil
}

// List returns the keys without their secrets.
func (k *Keyring) List(ctx context.Context) ([]tenant.Key, error) { return nil, nil }

// Purge removes keys whose last token is dead and returns how many.
func (k *Keyring) Purge(ctx context.Context, authorize Authorize) (int, error) { return 0, nil }

// MAC returns the HMAC-SHA256 of the label and parts, in base64url (43 characters), the same over restarts and on every
// server of the installation.
func (k *Keyring) MAC(label string, parts ...string) string { return "" }

// JWKSMaxAge is how long the published key set may be cached.
const JWKSMaxAge = 300 * time.Second

// JWKS returns the published keys as a JSON Web Key Set (RFC 7517).
func (k *Keyring) JWKS() ([]byte, error) { return nil, nil }

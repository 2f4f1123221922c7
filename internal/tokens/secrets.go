package tokens

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// macKeyID is the id of the one MAC key. It is fixed, so that of servers that start at once on an empty store exactly one
// makes it.
const macKeyID tenant.KeyID = "mac"

// sealer encrypts secrets under the key file.
type sealer struct{ aead cipher.AEAD }

func newSealer(keyFile []byte) (*sealer, error) {
	if len(keyFile) != 32 {
		return nil, fmt.Errorf("the key file has %d bytes instead of 32", len(keyFile))
	}
	block, err := aes.NewCipher(keyFile)
	if err != nil {
		return nil, fmt.Errorf("use the key file: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("use the key file: %w", err)
	}
	return &sealer{aead: aead}, nil
}

// sealed returns the key with its secret encrypted; the id is bound to it, so that rows cannot trade secrets.
func (s *sealer) sealed(key tenant.Key) tenant.Key {
	key.Material = s.aead.Seal(nil, nil, key.Material, []byte(key.ID)) //nolint:gosec // G407: this AEAD takes no nonce, it makes one
	key.Sealed = true
	return key
}

// open returns a key's secret. With a key file only sealed secrets count; [Keyring.Load] seals the others first.
func (k *Keyring) open(key tenant.Key) ([]byte, error) {
	switch {
	case k.seal == nil && key.Sealed:
		return nil, errors.New("the secret is encrypted: set ORGD_KEY_FILE to the file that it was encrypted with")
	case k.seal == nil:
		return key.Material, nil
	case !key.Sealed:
		return nil, errors.New("the secret was stored without the key file: restart the server to encrypt it")
	}
	material, err := k.seal.aead.Open(nil, nil, key.Material, []byte(key.ID))
	if err != nil {
		return nil, errors.New("the secret was encrypted with another key file than ORGD_KEY_FILE")
	}
	return material, nil
}

// protect seals a new key where there is a key file.
func (k *Keyring) protect(key tenant.Key) tenant.Key {
	if k.seal == nil {
		return key
	}
	return k.seal.sealed(key)
}

// sealAll encrypts the secrets that lie in the store from a time without key file. Nobody can see the difference.
func (k *Keyring) sealAll(ctx context.Context, keys []tenant.Key) error {
	if k.seal == nil {
		return nil
	}
	for _, key := range keys {
		if key.Sealed {
			continue
		}
		_, err := k.keys.Update(ctx, key.ID, tenant.Upkeep{Reason: "seal a secret under the key file"}, func(key *tenant.Key) error {
			if !key.Sealed {
				*key = k.seal.sealed(*key)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("encrypt the secret of key %s: %w", key.ID, err)
		}
	}
	return nil
}

// newMACKey makes the key of all HMACs.
func (k *Keyring) newMACKey(at time.Time) (tenant.Key, error) {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // crypto/rand.Read never fails: it ends the program first
	return k.protect(tenant.Key{ID: macKeyID, Purpose: tenant.KeyMAC, Material: secret, CreatedAt: at, SignsFrom: at}), nil
}

// newSigningKey makes a key for ES256 that signs at once.
func (k *Keyring) newSigningKey(at time.Time) (tenant.Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tenant.Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	material, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return tenant.Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return tenant.Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	return k.protect(tenant.Key{
		ID: tenant.KeyID(tenant.NewID()), Purpose: tenant.KeySigning, Material: material, Public: public,
		CreatedAt: at, SignsFrom: at,
	}), nil
}

// MAC returns the HMAC-SHA256 of label and parts, in base64url (43 characters): the same on every server of the
// installation and over restarts, worth nothing elsewhere. Each part counts with its length, so that no two lists of parts
// share a MAC, and the label keeps one use from another's. It panics before [Keyring.Load]: an HMAC under no key would hide
// nothing.
func (k *Keyring) MAC(label string, parts ...string) string {
	set := k.set.Load()
	if set == nil || len(set.mac) == 0 {
		panic("tokens: MAC before Load")
	}
	h := hmac.New(sha256.New, set.mac)
	writePart(h.Write, label)
	for _, part := range parts {
		writePart(h.Write, part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func writePart(write func([]byte) (int, error), part string) {
	var length [binary.MaxVarintLen64]byte
	_, _ = write(length[:binary.PutUvarint(length[:], uint64(len(part)))])
	_, _ = write([]byte(part))
}

package tokens

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"

	"github.com/orgd/orgd/internal/tenant"
)

// keySet is what one read of the store found. It is shared and never changed.
type keySet struct {
	readAt time.Time
	// rows are all keys, without their secrets, in ascending order of id.
	rows []tenant.Key
	// signing are the usable signing keys in the order in which they sign; byHeader finds them by a token's first part.
	signing  []*signingKey
	byHeader map[string]*signingKey
	mac      []byte
	jwks     []byte
	// unopened says why a key that is in force cannot be used; nil if all can.
	unopened error
}

// signingKey is one usable signing key. The same pointer returns in each set until the row changes.
type signingKey struct {
	id        tenant.KeyID
	version   int64
	signsFrom time.Time
	private   *ecdsa.PrivateKey
	// header is the first part of every token of the key, with the dot.
	header string
}

// signer returns the key that signs at the time: the youngest whose time has come; nil if there is none.
func (s *keySet) signer(at time.Time) *signingKey {
	var signer *signingKey
	for _, key := range s.signing {
		if !key.signsFrom.After(at) {
			signer = key
		}
	}
	return signer
}

// build makes a set of the store's rows, sharing with the old one what did not change.
func (k *Keyring) build(old *keySet, rows []tenant.Key, readAt time.Time) *keySet {
	if old != nil && slices.EqualFunc(old.rows, rows, sameRow) {
		set := *old
		set.readAt = readAt
		return &set
	}
	set := &keySet{readAt: readAt, byHeader: map[string]*signingKey{}}
	for _, row := range rows {
		if err := k.add(set, old, row); err != nil && set.unopened == nil { // the others have the same reason, as a rule
			set.unopened = fmt.Errorf("key %s: %w", row.ID, err)
		}
		row.Material = nil
		set.rows = append(set.rows, row)
	}
	slices.SortFunc(set.signing, func(a, b *signingKey) int {
		return cmp.Or(a.signsFrom.Compare(b.signsFrom), cmp.Compare(a.id, b.id))
	})
	jwks, err := marshalJWKS(set.signing)
	if err != nil {
		set.unopened = errors.Join(set.unopened, err)
	}
	set.jwks = jwks
	return set
}

func sameRow(a, b tenant.Key) bool { return a.ID == b.ID && a.Version == b.Version }

// add puts one key into the set, unless it was revoked.
func (k *Keyring) add(set, old *keySet, row tenant.Key) error {
	switch {
	case !row.RevokedAt.IsZero():
		return nil
	case row.Purpose == tenant.KeyMAC:
		mac, err := k.open(row)
		set.mac = mac
		return err
	case row.Purpose != tenant.KeySigning:
		return nil // a purpose of a later version
	}
	key := old.find(row)
	if key == nil {
		var err error
		if key, err = k.openSigning(row); err != nil {
			return err
		}
	}
	set.signing = append(set.signing, key)
	set.byHeader[key.header] = key
	return nil
}

// find returns the key that was made of the same row.
func (s *keySet) find(row tenant.Key) *signingKey {
	if s == nil {
		return nil
	}
	for _, key := range s.signing {
		if key.id == row.ID && key.version == row.Version {
			return key
		}
	}
	return nil
}

// openSigning makes a usable key of a row. The public half must belong to the private one: who can write to the store but
// does not know the key file cannot make others trust a key.
func (k *Keyring) openSigning(row tenant.Key) (*signingKey, error) {
	material, err := k.open(row)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(material)
	if err != nil {
		return nil, errors.New("the private key is not PKCS #8")
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("the private key is not one for ES256")
	}
	public, err := x509.ParsePKIXPublicKey(row.Public)
	if err != nil || !private.PublicKey.Equal(public) {
		return nil, errors.New("the public key does not belong to the private key")
	}
	header, err := headerOf(row.ID)
	if err != nil {
		return nil, err
	}
	return &signingKey{id: row.ID, version: row.Version, signsFrom: row.SignsFrom, private: private, header: header}, nil
}

// headerOf returns the first part of every token under the key, with the dot that ends it.
func headerOf(kid tenant.KeyID) (string, error) {
	text, err := json.Marshal(struct {
		Alg string       `json:"alg"`
		Kid tenant.KeyID `json:"kid"`
		Typ string       `json:"typ"`
	}{"ES256", kid, "at+jwt"})
	if err != nil {
		return "", fmt.Errorf("write a token's header: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text) + ".", nil
}

// JWKSMaxAge is how long the published key set may be cached (Cache-Control: max-age).
const JWKSMaxAge = 300 * time.Second

// marshalJWKS returns the public halves as a JSON Web Key Set (RFC 7517 section 5).
func marshalJWKS(keys []*signingKey) ([]byte, error) {
	set := jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{}}
	for _, key := range keys {
		jwk, err := jwkset.NewJWKFromKey(&key.private.PublicKey, jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{KID: string(key.id), ALG: jwkset.AlgES256, USE: jwkset.UseSig},
		})
		if err != nil {
			return nil, fmt.Errorf("publish key %s: %w", key.id, err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("write the key set: %w", err)
	}
	return text, nil
}

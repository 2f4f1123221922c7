package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"

	"github.com/orgd/orgd/internal/tenant"
)

const (
	// MaxTokenLength is the longest token that is looked at, in bytes.
	MaxTokenLength = 8 << 10
	// maxVerified bounds how many verified tokens are remembered; one takes about 600 bytes.
	maxVerified = 20_000
)

// Minter signs access tokens and verifies them. Safe for concurrent use.
type Minter struct {
	keys   *Keyring
	issuer string
	// verified remembers which key signed a token and what it says. Whether the key is still in force and the token still
	// lives is asked anew each time, so no entry needs to be dropped.
	verified *otter.Cache[[sha256.Size]byte, verified]
}

type verified struct {
	key    *signingKey
	claims Claims
}

// NewMinter makes tokens of the issuer (tenant.Installation.Issuer) with the keyring's keys.
func NewMinter(keys *Keyring, issuer string) *Minter {
	return &Minter{
		keys:     keys,
		issuer:   issuer,
		verified: otter.Must(&otter.Options[[sha256.Size]byte, verified]{MaximumSize: maxVerified}),
	}
}

// SetIssuer names the issuer for a minter that was made before it was known. Nothing may use the minter until it has returned.
func (m *Minter) SetIssuer(issuer string) { m.issuer = issuer }

// Mint signs a token with the key that signs now. CodeInternal if the claims are not complete, CodeUnavailable if the keys
// cannot be read.
func (m *Minter) Mint(ctx context.Context, claims Claims) (string, error) {
	set, err := m.keys.current(ctx)
	if err != nil {
		return "", err
	}
	key := set.signer(m.keys.now())
	if key == nil {
		return "", tenant.Wrap(tenant.CodeUnavailable, errNoKey, "the server cannot sign tokens now")
	}
	if claims.ID == "" {
		claims.ID = tenant.NewID()
	}
	wire := claims.wire(m.issuer)
	if err := wire.check(m.issuer); err != nil {
		return "", tenant.Wrap(tenant.CodeInternal, err, "the token could not be made")
	}
	payload, err := json.Marshal(wire)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	text := key.header + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodES256.Sign(text, key.private)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// Verify returns what a token says if this installation signed it with a key in force and it is good now. Otherwise the
// error is CodeUnauthenticated with one sentence for every reason, or CodeUnavailable if the keys cannot be read.
func (m *Minter) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > MaxTokenLength {
		return Claims{}, refused(errors.New("the token is too long"))
	}
	set, err := m.keys.current(ctx)
	if err != nil {
		return Claims{}, err
	}
	sum := digest(token)
	known, ok := m.verified.GetIfPresent(sum)
	if !ok || set.byHeader[known.key.header] != known.key {
		if known, err = m.verify(ctx, set, token); err != nil {
			return Claims{}, err
		}
		m.verified.Set(sum, known)
	}
	if err := known.claims.live(m.keys.now()); err != nil {
		return Claims{}, refused(err)
	}
	return known.claims, nil
}

// digest is the SHA-256 of a token, without a copy on the heap for tokens of the usual length.
func digest(token string) [sha256.Size]byte {
	var usual [1024]byte
	if len(token) > len(usual) {
		return sha256.Sum256([]byte(token))
	}
	return sha256.Sum256(usual[:copy(usual[:], token)])
}

// verify does the work that Verify remembers: header, signature, claims, in this order.
func (m *Minter) verify(ctx context.Context, set *keySet, token string) (verified, error) {
	header, payload, signature, err := split(token)
	if err != nil {
		return verified{}, refused(err)
	}
	key := set.byHeader[header]
	if key == nil {
		if set, err = m.keys.beyond(ctx, set); err != nil {
			return verified{}, err
		}
		if key = set.byHeader[header]; key == nil {
			return verified{}, refused(errors.New("the header is none of ours"))
		}
	}
	raw, err := strictBase64.DecodeString(signature)
	if err != nil {
		return verified{}, refused(errors.New("the signature is not base64url"))
	}
	if err := jwt.SigningMethodES256.Verify(token[:len(header)+len(payload)], raw, &key.private.PublicKey); err != nil {
		return verified{}, refused(errors.New("the signature is wrong"))
	}
	claims, err := m.decode(payload)
	if err != nil {
		return verified{}, refused(err)
	}
	return verified{key: key, claims: claims}, nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

// split returns the three parts of a token in compact serialization (RFC 7515 section 7.1), the header with its dot. Line
// ends are refused here, for Go's decoder skips them, even the strict one.
func split(token string) (header, payload, signature string, err error) {
	first := strings.IndexByte(token, '.') + 1
	last := strings.LastIndexByte(token, '.')
	if first == 0 || last <= first || strings.IndexByte(token[first:last], '.') >= 0 ||
		strings.ContainsAny(token, "\r\n") {
		return "", "", "", errors.New("the token does not have three parts")
	}
	return token[:first], token[first:last], token[last+1:], nil
}

// decode reads the claims, which are signed by one of our own keys by now.
func (m *Minter) decode(payload string) (Claims, error) {
	text, err := strictBase64.DecodeString(payload)
	if err != nil {
		return Claims{}, errors.New("the claims are not base64url")
	}
	var wire wireClaims
	if err := json.Unmarshal(text, &wire); err != nil {
		return Claims{}, errors.New("the claims are not those of a token of ours")
	}
	if err := wire.check(m.issuer); err != nil {
		return Claims{}, err
	}
	return wire.claims(), nil
}

// refused is the one answer to every bad token; why is for the log.
func refused(why error) error {
	return tenant.Wrap(tenant.CodeUnauthenticated, why, "the access token is not valid or has expired; sign in again")
}

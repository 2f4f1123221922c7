package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// cast is everybody who calls in the table of callers.
type cast struct {
	world    *world
	stranger *person
	operator *person
	// ofRevokedKey and ofDeleted are tokens that were good once.
	ofRevokedKey string
	ofDeleted    string
	// key is the one that signs now.
	key   tenant.Key
	count int
}

func newCast(t *testing.T, settings ...setting) *cast {
	t.Helper()
	c := &cast{world: newWorld(t, settings...)}
	w := c.world
	c.ofRevokedKey = w.found("Rita", "rita@rita.example").token
	first := c.signing(t)
	if _, err := w.authn.RotateKey(t.Context(), access.Console()); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(11 * time.Minute)
	if err := w.authn.RevokeKey(t.Context(), access.Console(), first.ID); err != nil {
		t.Fatal(err)
	}
	c.key = c.signing(t)
	gone := w.found("Gone", "gone@gone.example")
	gone.do("DELETE", gone.path(""), "").want(t, http.StatusNoContent, nil)
	c.ofDeleted = gone.token
	c.stranger, c.operator = w.found("Bolts", "bob@bolts.example"), w.operator()
	return c
}

// signing returns the key that signs now, private half included, as it lies in the store.
func (c *cast) signing(t *testing.T) tenant.Key {
	t.Helper()
	keys, err := c.world.store.Keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found tenant.Key
	for _, k := range keys {
		if k.Purpose == tenant.KeySigning && k.RevokedAt.IsZero() && !k.SignsFrom.After(c.world.clock.Now()) {
			found = k
		}
	}
	if found.ID == "" {
		t.Fatal("no key signs")
	}
	return found
}

// victim is the owner of a fresh organization with a document.
func (c *cast) victim(t *testing.T) *person {
	t.Helper()
	c.count++
	p := c.world.found(fmt.Sprintf("Victim %d", c.count), fmt.Sprintf("victim%d@victim.example", c.count))
	p.do("PUT", p.path("/documents/d"), `{"a":"`+secret+`"}`).want(t, http.StatusCreated, nil)
	return p
}

// worthless are tokens that would open everything of the victim's if one check were missing.
func (c *cast) worthless(t *testing.T, victim *person) map[string]string {
	t.Helper()
	header, claims := c.parts(t, victim.token)
	with := func(part map[string]any, name string, value any) map[string]any {
		changed := maps.Clone(part)
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
		return changed
	}
	alg := func(name string) map[string]any { return with(header, "alg", name) }
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: c.key.Public})
	signed := strings.LastIndexByte(victim.token, '.')
	exp := int64(claims["exp"].(float64)) //nolint:errcheck // ours has one
	ended := c.world.signIn(victim.email, goodPassword).AccessToken
	_, endedClaims := c.parts(t, ended)
	session := tenant.SessionID(endedClaims["sid"].(string))
	if err := c.world.store.Sessions.End(t.Context(), session, c.world.clock.Now()); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"expired":                   c.sign(t, header, with(claims, "exp", exp-7200)),
		"tampered":                  text(header, with(claims, "exp", exp+1)) + victim.token[signed:],
		"alg none":                  text(alg("none"), claims) + ".",
		"alg none, signed":          text(alg("none"), claims) + victim.token[signed:],
		"HS256 with PEM and kid":    mac(text(alg("HS256"), claims), public),
		"HS256 with DER and kid":    mac(text(alg("HS256"), claims), c.key.Public),
		"HS256 with PEM, no kid":    mac(text(with(alg("HS256"), "kid", nil), claims), public),
		"HS256 with DER, no kid":    mac(text(with(alg("HS256"), "kid", nil), claims), c.key.Public),
		"wrong typ":                 c.sign(t, with(header, "typ", "JWT"), claims),
		"no typ":                    c.sign(t, with(header, "typ", nil), claims),
		"no kid":                    c.sign(t, with(header, "kid", nil), claims),
		"key in the header":         c.sign(t, with(header, "jku", "https://evil.example/jwks.json"), claims),
		"wrong aud":                 c.sign(t, header, with(claims, "aud", "other")),
		"operator's aud":            c.sign(t, header, with(claims, "aud", "orgd:operator")),
		"two auds":                  c.sign(t, header, with(claims, "aud", []string{"orgd:org", "orgd:operator"})),
		"wrong iss":                 c.sign(t, header, with(claims, "iss", "https://evil.example")),
		"no exp":                    c.sign(t, header, with(claims, "exp", nil)),
		"another person":            c.sign(t, header, with(claims, "sub", c.stranger.org.AdminID)),
		"the session of nobody":     c.sign(t, header, with(claims, "sid", tenant.NewID())),
		"of a deleted organization": c.ofDeleted,
		"of a revoked key":          c.ofRevokedKey,
		"of an ended session":       ended,
		"too long":                  victim.token + strings.Repeat("A", 9000),
		"no token":                  "x.y.z",
	}
}

// parts decodes a token without checking it.
func (c *cast) parts(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	read := func(part string) map[string]any {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	split := strings.Split(token, ".")
	return read(split[0]), read(split[1])
}

// text is the part of a token that is signed.
func text(header, claims map[string]any) string {
	part := func(m map[string]any) string { return base64.RawURLEncoding.EncodeToString([]byte(body(m))) }
	return part(header) + "." + part(claims)
}

// sign makes a token with the server's own key (RFC 7518 section 3.4).
func (c *cast) sign(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	parsed, err := x509.ParsePKCS8PrivateKey(c.key.Material)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("the key is a %T", parsed)
	}
	signed := text(header, claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// mac signs with a secret, which here is the key that everybody knows.
func mac(signed string, key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// The forged tokens fail for the reason in their name: signed in the same way without a fault, a token opens everything.
func TestForgeryIsGood(t *testing.T) {
	c := newCast(t)
	victim := c.victim(t)
	header, claims := c.parts(t, victim.token)
	forged := &person{world: c.world, org: victim.org, token: c.sign(t, header, claims)}
	forged.get(victim.path("/documents/d")).want(t, http.StatusOK, nil)
}

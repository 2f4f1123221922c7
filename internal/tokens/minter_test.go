package tokens_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decode(tb testing.TB, part string) map[string]any {
	tb.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		tb.Fatal(err)
	}
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // so that times stay whole when they are written again
	if err := decoder.Decode(&fields); err != nil {
		tb.Fatal(err)
	}
	return fields
}

func kidOf(tb testing.TB, token string) string {
	tb.Helper()
	header, _, _ := strings.Cut(token, ".")
	return fmt.Sprint(decode(tb, header)["kid"])
}

func TestTokenSaysWhatSeedClientsAndRFC9068Expect(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	claims := h.claims()
	token := h.mint(s, claims)
	got, err := s.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID == "" {
		t.Error("the token has no jti")
	}
	claims.ID = got.ID
	if got != claims {
		t.Errorf("got %+v, want %+v", got, claims)
	}
	parts := strings.Split(token, ".")
	if header := decode(t, parts[0]); header["typ"] != "at+jwt" || header["alg"] != "ES256" || len(header) != 3 {
		t.Errorf("header %v", header)
	}
	fields := decode(t, parts[1])
	for name, want := range map[string]any{
		"iss": issuer, "aud": "orgd:org", "sub": claims.Subject, "admin_id": claims.Subject,
		"org_id": string(claims.Org), "org_name": "Acme Corp", "role": "owner", "sid": string(claims.Session),
	} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	operator := tokens.Claims{
		Audience: tokens.AudienceOperator, Subject: claims.Subject, Session: claims.Session, IssuedAt: claims.IssuedAt,
		NotBefore: claims.NotBefore, ExpiresAt: claims.ExpiresAt, AuthTime: claims.AuthTime,
	}
	fields = decode(t, strings.Split(h.mint(s, operator), ".")[1])
	for _, name := range []string{"admin_id", "org_id", "org_name", "role"} {
		if value, there := fields[name]; there {
			t.Errorf("an operator's token says %s: %v", name, value)
		}
	}
}

// Whoever verifies by the published keys and a library of their own must be able to.
func TestPublishedKeysVerifyTokensElsewhere(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	text, err := s.keys.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	key, err := jwkset.NewJWKFromMarshal(set.Keys[0], jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = jwt.Parse(h.mint(s, h.claims()), func(*jwt.Token) (any, error) { return key.Key(), nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer), jwt.WithAudience("orgd:org"),
		jwt.WithTimeFunc(h.clock.now), jwt.WithExpirationRequired())
	if err != nil {
		t.Error(err)
	}
}

func TestIncompleteClaimsAreNotSigned(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	for what, spoil := range map[string]func(*tokens.Claims){
		"no subject":            func(c *tokens.Claims) { c.Subject = "" },
		"no session":            func(c *tokens.Claims) { c.Session = "" },
		"no organization":       func(c *tokens.Claims) { c.Org = "" },
		"no role":               func(c *tokens.Claims) { c.Role = "" },
		"no expiry":             func(c *tokens.Claims) { c.ExpiresAt = time.Time{} },
		"no auth time":          func(c *tokens.Claims) { c.AuthTime = time.Time{} },
		"no audience":           func(c *tokens.Claims) { c.Audience = "" },
		"operator with members": func(c *tokens.Claims) { c.Audience = tokens.AudienceOperator },
	} {
		claims := h.claims()
		spoil(&claims)
		if token, err := s.Mint(t.Context(), claims); err == nil {
			t.Errorf("%s: signed %s", what, token)
		}
	}
}

// signed is a token with the header and claims given, signed by any key and method.
func signed(t *testing.T, method jwt.SigningMethod, key any, header, claims map[string]any) string {
	t.Helper()
	text := encode(marshal(t, header)) + "." + encode(marshal(t, claims))
	signature, err := method.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// signingKey reads the server's private key from the store, as nobody outside could: the forgeries below are worse than
// those of a real attacker.
func signingKey(t *testing.T, h *house) *ecdsa.PrivateKey {
	t.Helper()
	parsed, err := x509.ParsePKCS8PrivateKey(signingRow(t, h).Material)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		t.Fatalf("the stored key is a %T (%v)", parsed, err)
	}
	return key
}

func with(fields map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(fields)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

func TestForgedHeadersAreRefused(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	good := h.mint(s, h.claims())
	parts := strings.Split(good, ".")
	header, claims := decode(t, parts[0]), decode(t, parts[1])
	own := signingKey(t, h)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&own.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})
	jwks, err := s.keys.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	es256, none, hs256 := jwt.SigningMethodES256, jwt.SigningMethodNone, jwt.SigningMethodHS256
	allowNone := jwt.UnsafeAllowNoneSignatureType
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": encode("x"), "y": encode("y")}

	h.accepts(s, signed(t, es256, own, header, claims)) // the forger's tool makes good tokens too
	for what, token := range map[string]string{
		"alg none":                     signed(t, none, allowNone, with(header, "alg", "none"), claims),
		"alg none, no kid":             signed(t, none, allowNone, with(with(header, "alg", "none"), "kid", nil), claims),
		"alg NONE":                     signed(t, none, allowNone, with(header, "alg", "NONE"), claims),
		"ES256 without signature":      parts[0] + "." + parts[1] + ".",
		"HS256 with the SPKI":          signed(t, hs256, spki, with(header, "alg", "HS256"), claims),
		"HS256 with the PEM":           signed(t, hs256, inPEM, with(header, "alg", "HS256"), claims),
		"HS256 with the PEM, no kid":   signed(t, hs256, inPEM, with(with(header, "alg", "HS256"), "kid", nil), claims),
		"HS256 with the key set":       signed(t, hs256, jwks, with(header, "alg", "HS256"), claims),
		"HMAC under an ES256 header":   signed(t, hs256, spki, header, claims),
		"ES384":                        signed(t, es256, own, with(header, "alg", "ES384"), claims),
		"foreign key":                  signed(t, es256, stranger, header, claims),
		"foreign key and kid":          signed(t, es256, stranger, with(header, "kid", tenant.NewID()), claims),
		"no kid":                       signed(t, es256, own, with(header, "kid", nil), claims),
		"kid as a path":                signed(t, es256, own, with(header, "kid", "../../dev/null"), claims),
		"kid of the MAC key":           signed(t, hs256, []byte{}, with(header, "kid", "mac"), claims),
		"typ JWT":                      signed(t, es256, own, with(header, "typ", "JWT"), claims),
		"typ application/at+jwt":       signed(t, es256, own, with(header, "typ", "application/at+jwt"), claims),
		"no typ":                       signed(t, es256, own, with(header, "typ", nil), claims),
		"jwk":                          signed(t, es256, stranger, with(header, "jwk", jwk), claims),
		"jku":                          signed(t, es256, own, with(header, "jku", "https://evil.example/jwks"), claims),
		"x5u":                          signed(t, es256, own, with(header, "x5u", "https://evil.example/x5u"), claims),
		"x5c":                          signed(t, es256, own, with(header, "x5c", []string{"MIIB"}), claims),
		"crit":                         signed(t, es256, own, with(header, "crit", []string{"exp"}), claims),
		"unencoded payload (b64)":      signed(t, es256, own, with(header, "b64", false), claims),
		"zip":                          signed(t, es256, own, with(header, "zip", "DEF"), claims),
		"the header in another order":  encode(`{"typ":"at+jwt","alg":"ES256","kid":"`+kidOf(t, good)+`"}`) + good[len(parts[0]):],
		"a signature of zeroes":        parts[0] + "." + parts[1] + "." + encode(strings.Repeat("\x00", 64)),
		"a signature too long":         good + encode("\x00\x00\x00"),
		"a padded signature":           good + "==",
		"loose last bits":              looseBits(good),
		"two signatures":               good + "." + parts[2],
		"JSON serialization":           `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`,
		"general JSON serialization":   `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"encrypted (five parts)":       good + ".a.b",
		"two parts":                    parts[0] + "." + parts[1],
		"one part":                     parts[0],
		"nothing":                      "",
		"dots":                         "..",
		"white space":                  " " + good,
		"a line end":                   good + "\n",
		"a line end in the middle":     good[:len(good)-9] + "\r\n" + good[len(good)-9:],
		"with its scheme":              "Bearer " + good,
		"above 8 KiB":                  parts[0] + "." + strings.Repeat("a", tokens.MaxTokenLength) + "." + parts[2],
		"another claim, old signature": parts[0] + "." + encode(marshal(t, with(claims, "role", "operator"))) + "." + parts[2],
	} {
		t.Run(what, func(t *testing.T) { (&house{t: t}).refuses(s, token) })
	}
}

// looseBits spells the signature with other unused bits in its last character, which a lenient decoder takes.
func looseBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last^1:last^1+1]
}

func TestWrongClaimsAreRefusedUnderAGoodSignature(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	parts := strings.Split(h.mint(s, h.claims()), ".")
	header, claims := decode(t, parts[0]), decode(t, parts[1])
	own := signingKey(t, h)
	now := h.clock.now().Unix()
	cases := map[string]map[string]any{
		"above 8 KiB":          with(claims, "padding", strings.Repeat("a", tokens.MaxTokenLength)),
		"another issuer":       with(claims, "iss", "https://evil.example"),
		"issuer as a list":     with(claims, "iss", []string{issuer}),
		"issuer with a slash":  with(claims, "iss", issuer+"/"),
		"another audience":     with(claims, "aud", "orgd:refresh"),
		"two audiences":        with(claims, "aud", []string{"orgd:org", "orgd:operator"}),
		"audience as a list":   with(claims, "aud", []string{"orgd:org"}),
		"operator with an org": with(claims, "aud", "orgd:operator"),
		"expired now":          with(claims, "exp", now),
		"expired a second ago": with(claims, "exp", now-1),
		"exp as text":          with(claims, "exp", "2099-01-01"),
		"exp as a fraction":    with(claims, "exp", 4102444800.5),
		"exp beyond int64":     with(claims, "exp", json.Number("1e30")),
		"exp negative":         with(claims, "exp", -1),
		"from the future":      with(claims, "iat", now+31),
		"not yet good":         with(claims, "nbf", now+31),
		"another admin_id":     with(claims, "admin_id", tenant.NewID()),
		"subject as a number":  with(claims, "sub", 7),
	}
	for _, name := range []string{"iss", "aud", "sub", "exp", "iat", "nbf", "jti", "sid", "auth_time", "org_id", "admin_id", "role"} {
		cases["without "+name] = with(claims, name, nil)
	}
	for what, changed := range cases {
		t.Run(what, func(t *testing.T) {
			(&house{t: t}).refuses(s, signed(t, jwt.SigningMethodES256, own, header, changed))
		})
	}
	for what, changed := range map[string]map[string]any{
		"issued by a clock ahead": with(with(claims, "iat", now+30), "nbf", now+30),
		"a claim of a later day":  with(claims, "scope", "documents:read"),
		"of 7 KiB":                with(claims, "padding", strings.Repeat("a", 5<<10)),
	} {
		t.Run(what, func(t *testing.T) {
			(&house{t: t}).accepts(s, signed(t, jwt.SigningMethodES256, own, header, changed))
		})
	}
}

func TestExpiryHoldsForRememberedTokensToo(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	token := h.mint(s, h.claims())
	h.accepts(s, token)
	h.clock.advance(time.Hour - time.Second)
	h.accepts(s, token)
	h.clock.advance(time.Second)
	h.refuses(s, token)
}

func TestTokenOfAnotherInstallationIsRefused(t *testing.T) {
	h, other := newHouse(t), newHouse(t)
	s, stranger := h.serve(nil), other.serve(nil)
	h.refuses(s, other.mint(stranger, h.claims()))
}

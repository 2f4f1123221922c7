package examples_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// keySet publishes a server's keys and two of the test's own, so that a token can be wrong in one thing and its signature be
// good all the same.
type keySet struct {
	t   *testing.T
	url string
	// own signs ES256, strange another algorithm.
	own, strange *ecdsa.PrivateKey
	// fetched counts how often verifiers asked for it.
	fetched atomic.Int64
}

// publish serves the key set beside the server until the test ends.
func publish(t *testing.T, s server) *keySet {
	t.Helper()
	k := &keySet{t: t, own: newKey(t, elliptic.P256()), strange: newKey(t, elliptic.P384())}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.fetched.Add(1)
		set, err := fetch(r.Context(), s.url+"/.well-known/jwks.json")
		if err != nil { // a verifier that has ended meanwhile is one reason
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		set.Keys = append(set.Keys, published(t, k.own, "own", jwkset.AlgES256), published(t, k.strange, "strange", jwkset.AlgES384))
		_ = json.NewEncoder(w).Encode(set)
	}))
	t.Cleanup(front.Close)
	k.url = front.URL
	return k
}

func fetch(ctx context.Context, url string) (jwkset.JWKSMarshal, error) {
	var set jwkset.JWKSMarshal
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return set, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return set, err
	}
	defer response.Body.Close()
	return set, json.NewDecoder(response.Body).Decode(&set)
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// published is the public half of a key as a key set shows it.
func published(t *testing.T, key *ecdsa.PrivateKey, kid string, alg jwkset.ALG) jwkset.JWKMarshal {
	t.Helper()
	jwk, err := jwkset.NewJWKFromKey(&key.PublicKey, jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{KID: kid, ALG: alg, USE: jwkset.UseSig},
	})
	if err != nil {
		t.Fatal(err)
	}
	return jwk.Marshal()
}

// draft is a token before it is signed.
type draft struct {
	method jwt.SigningMethod
	key    any
	header map[string]any
	claims jwt.MapClaims
}

// forge signs a good token anew with the test's own key, after change made one thing of it different.
func (k *keySet) forge(good string, change func(*draft)) string {
	k.t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(good, jwt.MapClaims{})
	if err != nil {
		k.t.Fatal(err)
	}
	d := &draft{method: jwt.SigningMethodES256, key: k.own, header: parsed.Header, claims: parsed.Claims.(jwt.MapClaims)}
	d.header["kid"] = "own"
	change(d)
	d.header["alg"] = d.method.Alg()
	token, err := (&jwt.Token{Header: d.header, Claims: d.claims, Method: d.method}).SignedString(d.key)
	if err != nil {
		k.t.Fatal(err)
	}
	return token
}

// publicPEM is the test's own public key in the form in which a library may take it for a secret.
func (k *keySet) publicPEM() []byte {
	k.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&k.own.PublicKey)
	if err != nil {
		k.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

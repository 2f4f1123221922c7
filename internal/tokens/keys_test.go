package tokens_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

func TestFirstStartMakesKeysThatServeAtOnceAndStay(t *testing.T) {
	h := newHouse(t)
	first := h.serve(nil)
	h.accepts(first, h.mint(first, h.claims()))
	if n := h.auditLength(); n != 2 {
		t.Errorf("%d audit entries for a MAC and a signing key, want 2", n)
	}
	again := h.serve(nil)
	if n := h.auditLength(); n != 2 {
		t.Errorf("a second start wrote %d audit entries", n-2)
	}
	h.accepts(again, h.mint(first, h.claims()))
	if a, b := first.keys.MAC("x", "y"), again.keys.MAC("x", "y"); a != b || len(a) != 43 {
		t.Errorf("MACs over a restart: %q, %q", a, b)
	}
}

func TestMACTellsPartsAndLabelsApart(t *testing.T) {
	h := newHouse(t)
	keys, other := h.serve(nil).keys, newHouse(t).serve(nil).keys
	seen := map[string]string{}
	for what, mac := range map[string]string{
		"a(bc)": keys.MAC("a", "bc"), "a(b,c)": keys.MAC("a", "b", "c"), "a(bc,)": keys.MAC("a", "bc", ""),
		"ab(c)": keys.MAC("ab", "c"), "a()": keys.MAC("a"), "other a(bc)": other.MAC("a", "bc"),
	} {
		if twin := seen[mac]; twin != "" {
			t.Errorf("%s and %s share a MAC", what, twin)
		}
		seen[mac] = what
	}
	defer func() {
		if recover() == nil {
			t.Error("a MAC before Load did not panic")
		}
	}()
	h.keyring(nil).MAC("a")
}

func TestNewKeyIsPublishedBeforeItSignsAndTheOldOneVerifiesOn(t *testing.T) {
	h := newHouse(t)
	s, other := h.serve(nil), h.serve(nil)
	old := h.mint(s, h.claims())
	next, err := s.keys.Rotate(t.Context(), h.entry(access.KeyRotate))
	if err != nil {
		t.Fatal(err)
	}
	if next.Material != nil {
		t.Error("Rotate hands out the private key")
	}
	if kids := published(t, s.keys); len(kids) != 2 || kids[1] != string(next.ID) {
		t.Errorf("published at once: %v, want two with %s", kids, next.ID)
	}
	if _, err := s.keys.Rotate(t.Context(), h.entry(access.KeyRotate)); !tenant.IsCode(err, tenant.CodeConflict) {
		t.Errorf("a second new key beside the first: %v", err)
	}
	h.clock.advance(tokens.PublishAhead - time.Second)
	if kid := kidOf(t, h.mint(other, h.claims())); kid == string(next.ID) {
		t.Error("the new key signs too early")
	}
	h.clock.advance(time.Second)
	token := h.mint(other, h.claims())
	if kid := kidOf(t, token); kid != string(next.ID) {
		t.Errorf("%s signs, want the new key %s", kid, next.ID)
	}
	h.accepts(s, token)
	h.accepts(s, old)
}

func TestRevocationHoldsAtOnceHereAndWithinTwoSecondsElsewhere(t *testing.T) {
	h := newHouse(t)
	s, other := h.serve(nil), h.serve(nil)
	token := h.mint(s, h.claims())
	h.accepts(s, token)
	h.accepts(other, token)
	before := h.auditLength()
	kid := tenant.KeyID(kidOf(t, token))
	if err := s.keys.Revoke(t.Context(), kid, h.entry(access.KeyRevoke), h.authorize); err != nil {
		t.Fatal(err)
	}
	if n := h.auditLength() - before; n != 2 {
		t.Errorf("%d audit entries for a revocation and its successor, want 2", n)
	}
	h.refuses(s, token)
	h.clock.advance(tokens.MaxAge)
	h.refuses(other, token)
	if kids := published(t, other.keys); len(kids) != 1 || kids[0] == string(kid) {
		t.Errorf("published after the revocation of %s: %v", kid, kids)
	}
	h.accepts(other, h.mint(s, h.claims()))
	if err := s.keys.Revoke(t.Context(), kid, h.entry(access.KeyRevoke), h.authorize); !tenant.IsCode(err, tenant.CodeConflict) {
		t.Errorf("revoking twice: %v", err)
	}
	for _, wrong := range []tenant.KeyID{"mac", "none"} {
		if err := s.keys.Revoke(t.Context(), wrong, h.entry(access.KeyRevoke), h.authorize); !tenant.IsCode(err, tenant.CodeNotFound) {
			t.Errorf("revoking %s: %v", wrong, err)
		}
	}
}

func TestKeyOfAnotherServerIsKnownAtFirstSight(t *testing.T) {
	h := newHouse(t)
	early := h.serve(nil)
	h.accepts(early, h.mint(early, h.claims()))
	late := h.serve(nil)
	// The late server revokes and signs with the successor, which the early one has not read yet.
	kid := tenant.KeyID(kidOf(t, h.mint(late, h.claims())))
	if err := late.keys.Revoke(t.Context(), kid, h.entry(access.KeyRevoke), h.authorize); err != nil {
		t.Fatal(err)
	}
	h.accepts(early, h.mint(late, h.claims()))
}

func TestDeadKeysAreRemovedAfterTheirLastToken(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	first := tenant.KeyID(kidOf(t, h.mint(s, h.claims())))
	if _, err := s.keys.Rotate(t.Context(), h.entry(access.KeyRotate)); err != nil {
		t.Fatal(err)
	}
	purge := func() int {
		t.Helper()
		n, err := s.keys.Purge(t.Context(), h.authorize)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.clock.advance(tokens.PublishAhead + 24*time.Hour)
	if n := purge(); n != 0 {
		t.Fatalf("%d keys removed while a token may live", n)
	}
	retired := false
	keys, err := s.keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		retired = retired || key.ID == first && !key.RetiredAt.IsZero()
		if key.Material != nil {
			t.Errorf("List hands out the secret of %s", key.ID)
		}
	}
	if !retired {
		t.Error("List does not tell that the first key was retired")
	}
	before := h.auditLength()
	h.clock.advance(time.Minute)
	if n := purge(); n != 1 || h.auditLength()-before != 1 {
		t.Errorf("%d keys removed under %d entries, want 1 and 1", n, h.auditLength()-before)
	}
	h.accepts(s, h.mint(s, h.claims()))
	if n := purge(); n != 0 {
		t.Errorf("%d more keys removed", n)
	}
}

func TestKeyFileSealsSecretsAndNothingElseOpensThem(t *testing.T) {
	h := newHouse(t)
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	plain := h.serve(nil)
	mac, token := plain.keys.MAC("x"), h.mint(plain, h.claims())
	before := h.auditLength()
	sealed := h.serve(one)
	h.accepts(sealed, token)
	if sealed.keys.MAC("x") != mac || h.auditLength() != before {
		t.Error("sealing changed the secrets or left an entry")
	}
	if _, err := sealed.keys.Rotate(t.Context(), h.entry(access.KeyRotate)); err != nil {
		t.Fatal(err)
	}
	rows, err := h.store.Keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if !row.Sealed {
			t.Errorf("key %s lies unsealed beside a key file", row.ID)
		}
	}
	for what, keyFile := range map[string][]byte{"none": nil, "another": two} {
		err := h.keyring(keyFile).Load(t.Context(), h.authorize)
		if err == nil || !strings.Contains(err.Error(), "ORGD_KEY_FILE") {
			t.Errorf("%s key file opens the store: %v", what, err)
		}
	}
	if _, err := tokens.NewKeyring(tokens.Options{KeyFile: one[:31]}); err == nil {
		t.Error("a key file of 31 bytes is taken")
	}
}

// Who can write to the store but does not know the key file must not get a running server to trust a key.
func TestKeyPlantedInTheStoreIsNotTrusted(t *testing.T) {
	h, foreign := newHouse(t), newHouse(t)
	s := h.serve(bytes.Repeat([]byte{1}, 32))
	evil := foreign.serve(nil)
	rows, err := foreign.store.Keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own, err := h.store.Keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Purpose != tenant.KeySigning {
			continue
		}
		if err := h.store.Keys.Insert(t.Context(), row, tenant.Upkeep{}); err != nil {
			t.Fatal(err)
		}
		// A sealed secret of the server's own under the attacker's id and public key.
		for _, mine := range own {
			row.ID, row.Material, row.Sealed = tenant.KeyID(tenant.NewID()), mine.Material, true
			if err := h.store.Keys.Insert(t.Context(), row, tenant.Upkeep{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.clock.advance(time.Minute)
	foreign.clock.advance(h.clock.now().Sub(foreign.clock.now()))
	h.refuses(s, foreign.mint(evil, h.claims()))
	h.accepts(s, h.mint(s, h.claims()))
	if kids := published(t, s.keys); len(kids) != 1 {
		t.Errorf("published: %v, want the one key of the server", kids)
	}
}

func TestKeyWhoseHalvesDoNotMatchIsNotUsed(t *testing.T) {
	h, foreign := newHouse(t), newHouse(t)
	s := h.serve(nil)
	foreign.serve(nil)
	row, other := signingRow(t, foreign), signingRow(t, h)
	row.Public = other.Public
	if err := h.store.Keys.Insert(t.Context(), row, tenant.Upkeep{}); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(time.Minute)
	if kids := published(t, s.keys); len(kids) != 1 || kids[0] != string(other.ID) {
		t.Errorf("published: %v, want the one sound key %s", kids, other.ID)
	}
}

func signingRow(t *testing.T, h *house) tenant.Key {
	t.Helper()
	rows, err := h.store.Keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Purpose == tenant.KeySigning {
			return row
		}
	}
	t.Fatal("no signing key")
	return tenant.Key{}
}

func TestStoreThatDoesNotAnswerIsUnavailableNotStale(t *testing.T) {
	h := newHouse(t)
	s := h.serve(nil)
	token := h.mint(s, h.claims())
	h.accepts(s, token)
	h.clock.advance(tokens.MaxAge)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(over, token); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("an ended request: %v", err)
	}
}

func TestJWKSIsWhatRFC7517Says(t *testing.T) {
	h := newHouse(t)
	text, err := h.serve(nil).keys.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	key := set.Keys[0]
	for name, want := range map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig"} {
		if key[name] != want {
			t.Errorf("%s is %v, want %v", name, key[name], want)
		}
	}
	if len(key) != 7 || key["kid"] == "" || key["x"] == "" || key["y"] == "" {
		t.Errorf("the key has the members %v, want kty crv alg use kid x y and no d", key)
	}
}

func published(t *testing.T, keys *tokens.Keyring) (kids []string) {
	t.Helper()
	text, err := keys.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		kids = append(kids, key.Kid)
	}
	return kids
}

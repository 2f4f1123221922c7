package tokens_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// A lost key file ends what was made with it, and nothing else: what is left opens, and a second run finds nothing to do.
func TestRenewAfterALostKeyFile(t *testing.T) {
	h := newHouse(t)
	lost, present := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	before := h.serve(lost).keys
	mac := before.MAC("label", "part")
	if _, err := before.Rotate(t.Context(), h.entry(access.KeyRotate)); err != nil {
		t.Fatal(err)
	}
	after, err := tokens.NewKeyring(tokens.Options{Keys: h.store.Keys, KeyFile: present, Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Load(t.Context(), h.authorize); err == nil || strings.Count(err.Error(), "another key file") != 1 ||
		!strings.Contains(err.Error(), "orgd keys renew") {
		t.Errorf("without the file: %v", err)
	}
	logged := len(h.renewals())
	given, err := after.Renew(t.Context(), h.renewal)
	if err != nil || len(given) != 3 || slices.ContainsFunc(given, func(k tenant.Key) bool { return k.Material != nil }) {
		t.Fatalf("given up are %+v (%v)", given, err)
	}
	targets := h.renewals()[logged:]
	for _, key := range given {
		if !slices.Contains(targets, string(key.ID)) {
			t.Errorf("the log does not tell of key %s: %v", key.ID, targets)
		}
	}
	if err := after.Load(t.Context(), h.authorize); err != nil {
		t.Fatal(err)
	}
	if after.MAC("label", "part") == mac {
		t.Error("the MAC key is the old one")
	}
	jwks, err := after.JWKS(t.Context())
	if err != nil || strings.Count(string(jwks), `"kid"`) != 1 || strings.Contains(string(jwks), string(given[0].ID)) {
		t.Errorf("published is %s (%v)", jwks, err)
	}
	if given, err := after.Renew(t.Context(), h.renewal); err != nil || len(given) != 0 {
		t.Errorf("a second run gives up %+v (%v)", given, err)
	}
}

// Secrets from a time without key file are not lost: they are sealed, and stay.
func TestRenewKeepsWhatWasNeverSealed(t *testing.T) {
	h := newHouse(t)
	mac := h.serve(nil).keys.MAC("label", "part")
	after, err := tokens.NewKeyring(tokens.Options{Keys: h.store.Keys, KeyFile: bytes.Repeat([]byte{2}, 32), Now: h.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if given, err := after.Renew(t.Context(), h.renewal); err != nil || len(given) != 0 {
		t.Errorf("given up are %+v (%v)", given, err)
	}
	if err := after.Load(t.Context(), h.authorize); err != nil || after.MAC("label", "part") != mac {
		t.Errorf("the MAC key is another one (%v)", err)
	}
}

func (h *house) renewal() (tenant.AuditEntry, error) { return h.entry(access.KeyRenew), nil }

// renewals are the targets of the log's entries about secrets that were given up.
func (h *house) renewals() (targets []string) {
	h.t.Helper()
	entries, err := h.store.Audit.List(h.t.Context(), "", 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Action == string(access.KeyRenew) {
			targets = append(targets, entry.Target)
		}
	}
	return targets
}

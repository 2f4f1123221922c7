package authn_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/tenant"
)

func TestFailuresAreEventsBoundedAndWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	w.ada()
	evil := anyone("198.51.100.7\nforged line \u202e")
	for i := range 50 {
		_, err := w.Login(t.Context(), evil, authn.LoginRequest{
			Email: fmt.Sprintf("typed-secret-%d@acme.example", i), Password: "typed secret",
		})
		wantCode(t, "a guess", err, tenant.CodeUnauthenticated)
	}
	w.clock.advance(time.Second)
	_, err := w.Authenticate(t.Context(), "typed.secret.token", evil, false)
	wantCode(t, "a token", err, tenant.CodeUnauthenticated)
	text := w.log.String()
	for _, secret := range []string{"typed", "forged line \u202e", "\nforged"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 11 {
		t.Fatalf("%d lines, want 10 of the first second and 1 of the next:\n%s", len(lines), text)
	}
	var last map[string]any
	w.must(json.Unmarshal([]byte(lines[10]), &last))
	if last["event"] != "token_refused" || last["suppressed"] != 40.0 || last["request_id"] != "r-1" {
		t.Errorf("the last event is %v", last)
	}
}

package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestRetentionEnds deletes organizations on servers with a short retention and with none: the one's data goes by itself, without
// another request, the other's with the deletion, and neither comes back.
func TestRetentionEnds(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		for retention, purgedBy := range map[string]func(s *server){
			"0":    func(*server) {},
			"10ms": (*server).restart, // a server looks for what is due when it starts, and each minute
		} {
			t.Run("after "+retention, func(t *testing.T) {
				t.Parallel()
				s := launch(t, on, "ORGD_DELETE_RETENTION="+retention)
				ada, bob := s.found("Acme", "ada@acme.example"), s.found("Bolts", "bob@bolts.example")
				ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
				op := s.operator("op@orgd.example")
				ada.dropIt().is(http.StatusOK)
				purgedBy(s)
				op = s.as(op.token)
				eventually(t, "nobody knows the organization any more", func() bool {
					_, there := op.organizations()[ada.org.ID]
					return !there
				})
				r := s.orgd("", "org", "restore", ada.org.ID)
				if r.code != 1 {
					t.Errorf("the restoration exits with %d: %s", r.code, r.stdout)
				}
				wantOneLine(t, r.stderr, "there is no such organization")
				s.stop()
				left := s.store.inspect(t, s)
				if len(left.homes[ada.org.ID]) != 0 || len(left.homes[bob.org.ID]) != 1 || len(left.strays) != 0 {
					t.Errorf("the data lies in %v, strays are %v", left.homes, left.strays)
				}
			})
		}
	})
}

// TestIssuerIsThatOfTheFirstStart changes the public URL of an installation, or gives it one: who checks tokens goes by their
// issuer, so that stays, and the server says so.
func TestIssuerIsThatOfTheFirstStart(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		for name, first := range map[string]string{"with a URL": "https://orgs.example.com", "without one": ""} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				const warning = "tokens keep the issuer of the first start"
				s := launch(t, on, "ORGD_PUBLIC_URL="+first)
				ada := s.found("Acme", "ada@acme.example")
				issuer := issuerOf(t, ada.token)
				if issuer != first && (first != "" || !strings.HasPrefix(issuer, "urn:uuid:")) {
					t.Errorf("with the public URL %q the issuer is %s", first, issuer)
				}
				s.restart()
				s.stop()
				if strings.Contains(s.log.take(), warning) {
					t.Error("the server warns of a URL that did not change")
				}
				s.env = append(s.env, "ORGD_PUBLIC_URL=https://other.example.com")
				s.start()
				s.as(ada.token).get("/v1/me").is(http.StatusOK)
				ada.signIn(s)
				if now := issuerOf(t, ada.token); now != issuer {
					t.Errorf("the issuer was %s and is %s", issuer, now)
				}
				s.stop()
				wantContains(t, s.log.String(), warning, "issuer="+issuer, "public_url=https://other.example.com")
			})
		}
	})
}

func issuerOf(t testing.TB, token string) string {
	t.Helper()
	claims, err := payload(token)
	must(t, err)
	return text(t, claims["iss"])
}

// TestSignupRate creates one organization more than an address may.
func TestSignupRate(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_SIGNUP_RATE=2/10m")
		s.found("Acme", "ada@acme.example")
		s.found("Bolts", "bob@bolts.example")
		third := s.stranger().create("Cogs", "cleo@cogs.example", goodPassword)
		third.refused(http.StatusTooManyRequests, api.CodeThrottled)
		after, err := strconv.Atoi(third.header.Get("Retry-After"))
		if err != nil || after < 200 || after > 300 { // one is given back in five minutes, which began with the first
			t.Errorf("it may be tried again after %q seconds", third.header.Get("Retry-After"))
		}
		s.stranger().lookup("Cogs").is(http.StatusNotFound)
	})
}

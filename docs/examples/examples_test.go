package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// program is how an example is run.
type program struct {
	dir, name string
	args      []string
}

// examples are the programs that run here, each with what makes it ready.
var examples = map[string]func(t *testing.T) program{
	"Go": func(t *testing.T) program {
		binary := filepath.Join(t.TempDir(), "verify")
		run(t, "go", "go", "build", "-o", binary, ".")
		return program{name: binary}
	},
	"Node": func(t *testing.T) program {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("node")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		run(t, dir, "npm", "ci", "--no-audit", "--no-fund")
		p := program{dir: dir, name: "node", args: []string{"verify.mjs"}}
		// Node 18 is what Debian 12 and Ubuntu 24.04 install; later versions may not know the flag.
		if strings.HasPrefix(run(t, "", "node", "--version"), "v18.") {
			p.args = []string{"--experimental-global-webcrypto", "verify.mjs"}
		}
		return p
	},
}

// pause is how long the programs wait between two fetches that unknown keys cause.
const pause = 5 * time.Second

// scene is a server with an organization, and the keys that verifiers of its tokens see.
type scene struct {
	server
	keys *keySet
	// good is the token of the organization's owner, and welcome what a program prints for it.
	org, good, welcome string
}

func newScene(t *testing.T, binary string) *scene {
	t.Helper()
	s := &scene{server: startServer(t, binary)}
	s.keys = publish(t, s.server)
	org, owner := s.create("Acme", "ada@example.com")
	s.org, s.welcome, s.good = org, owner+" owner", s.login("ada@example.com")
	return s
}

// issuer is the issuer that tokens name.
func (s *scene) issuer() string {
	parsed, _, err := jwt.NewParser().ParseUnverified(s.good, jwt.MapClaims{})
	if err != nil {
		s.t.Fatal(err)
	}
	return parsed.Claims.(jwt.MapClaims)["iss"].(string)
}

// TestExamplesVerifyTokens runs each example as an application would, while tokens of all kinds come and the key is changed.
func TestExamplesVerifyTokens(t *testing.T) {
	t.Parallel()
	binary := buildServer(t)
	for name, ready := range examples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, binary)
			v := start(t, ready(t), s.issuer(), s.keys.url, s.org)
			if said := v.says(s.good); said != s.welcome {
				t.Fatalf("a good token: %q", said)
			}
			if said := v.says(s.keys.forge(s.good, func(*draft) {})); said != s.welcome {
				t.Fatalf("the same under the test's own key: %q", said)
			}
			for why, token := range s.bad() {
				if said := v.says(token); !strings.HasPrefix(said, "refused:") {
					t.Errorf("%s: %q", why, said)
				}
			}
			refusesMadeUpKeys(t, s, v)
			followsRevocation(t, s, v)
		})
	}
}

// bad returns tokens that nobody may accept, each with what is wrong with it.
func (s *scene) bad() map[string]string {
	s.create("Other", "eve@example.com")
	parts := strings.Split(s.good, ".")
	bad := map[string]string{
		"no token":                         "nonsense",
		"a member of another organization": s.login("eve@example.com"),
		"an operator":                      s.loginOperator(),
		"no signature":                     parts[0] + "." + parts[1] + ".",
		"a cut signature":                  s.good[:len(s.good)-4],
		"cut claims":                       parts[0] + "." + parts[1][:len(parts[1])/2] + "." + parts[2],
		"a claim taken out":                parts[0] + "." + edit(s.t, parts[1], func(c map[string]any) { delete(c, "sid") }) + "." + parts[2],
		"a claim changed":                  parts[0] + "." + edit(s.t, parts[1], func(c map[string]any) { c["role"] = "god" }) + "." + parts[2],
		"another token's claims":           parts[0] + "." + strings.Split(s.login("ada@example.com"), ".")[1] + "." + parts[2],
	}
	for why, change := range map[string]func(*draft){
		"another type":            func(d *draft) { d.header["typ"] = "JWT" },
		"no type":                 func(d *draft) { delete(d.header, "typ") },
		"another issuer":          func(d *draft) { d.claims["iss"] = "https://elsewhere.example" },
		"no issuer":               func(d *draft) { delete(d.claims, "iss") },
		"another audience":        func(d *draft) { d.claims["aud"] = "orgd:operator" },
		"no audience":             func(d *draft) { delete(d.claims, "aud") },
		"over":                    func(d *draft) { d.claims["exp"] = time.Now().Add(-time.Second).Unix() },
		"never over":              func(d *draft) { delete(d.claims, "exp") },
		"nobody":                  func(d *draft) { delete(d.claims, "sub") },
		"another organization":    func(d *draft) { d.claims["org_id"] = "0192f0c1-7a11-7000-8000-00000000000a" },
		"no organization":         func(d *draft) { delete(d.claims, "org_id") },
		"no algorithm":            func(d *draft) { d.method, d.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType },
		"the public key a secret": func(d *draft) { d.method, d.key = jwt.SigningMethodHS256, s.keys.publicPEM() },
		"another algorithm": func(d *draft) {
			d.method, d.key, d.header["kid"] = jwt.SigningMethodES384, s.keys.strange, "strange"
		},
		"another's key": func(d *draft) { d.key = newKey(s.t, s.keys.own.Curve) },
	} {
		bad[why] = s.keys.forge(s.good, change)
	}
	return bad
}

// edit changes the claims of a token, whose signature is not theirs any more.
func edit(t *testing.T, payload string, change func(claims map[string]any)) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	change(claims)
	if text, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// refusesMadeUpKeys sends tokens with made-up key ids: they are refused, and however many come, the key set is fetched once
// in a pause.
func refusesMadeUpKeys(t *testing.T, s *scene, v *verifier) {
	t.Helper()
	before, since := s.keys.fetched.Load(), time.Now()
	for i := range 50 {
		token := s.keys.forge(s.good, func(d *draft) { d.header["kid"] = fmt.Sprintf("made-up-%d", i) })
		if said := v.says(token); !strings.HasPrefix(said, "refused:") {
			t.Errorf("a made-up key: %q", said)
		}
	}
	if fetched, most := s.keys.fetched.Load()-before, 1+int64(time.Since(since)/pause); fetched > most {
		t.Errorf("50 tokens with made-up keys had the key set fetched %d times, want %d at most", fetched, most)
	}
}

// followsRevocation ends the server's only key: its successor signs at once, so a program learns of it by a token that it
// does not know the key of, and forgets the old one then.
func followsRevocation(t *testing.T, s *scene, v *verifier) {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(s.good, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	if said := v.says(s.good); said != s.welcome {
		t.Errorf("a good token before the revocation: %q", said)
	}
	s.orgd("", "keys", "revoke", parsed.Header["kid"].(string))
	v.eventually(s.login("ada@example.com"), s.welcome)
	if said := v.says(s.good); !strings.HasPrefix(said, "refused:") {
		t.Errorf("a token of the revoked key: %q", said)
	}
}

// TestPageShowsTheExamples compares the page with the programs, the Python one too, which does not run here.
func TestPageShowsTheExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../verify-tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	for language, name := range map[string]string{"go": "go/main.go", "js": "node/verify.mjs", "python": "python/verify.py"} {
		program, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```"+language+"\n"+string(program)+"```\n") {
			t.Errorf("docs/verify-tokens.md does not show %s as it is", name)
		}
	}
}

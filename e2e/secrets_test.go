package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretsSweep plants passwords, tokens, links, keys and documents in every place of requests where people put them, also
// where they do not belong, and looks for each of them in everything that the server keeps and says.
func TestSecretsSweep(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		for _, format := range []string{"text", "json"} {
			t.Run("log in "+format, func(t *testing.T) {
				t.Parallel()
				s := prepare(t, on, "ORGD_LOG_FORMAT="+format, "ORGD_LOG_LEVEL=debug", "ORGD_METRICS_LISTEN=127.0.0.1:0",
					"ORGD_KEY_FILE=server.key", "ORGD_BODY_LIMIT=64KiB")
				p := &planter{server: s, t: t}
				p.plantKeyFile()
				s.start()
				p.plantAccounts()
				p.plantDocuments()
				p.plantMistakes()
				p.plantGuesses()
				p.sweep()
			})
		}
	})
}

// planter plants secrets, and keeps what is said about them.
type planter struct {
	*server
	t        *testing.T
	planted  []*secret
	problems bytes.Buffer
	// ada keeps her organization, eve deletes hers.
	ada, eve *owner
	// stored is the content of documents that are there.
	stored []*secret
}

// plant makes a secret of a kind.
func (p *planter) plant(what string) string {
	value := random(strings.ReplaceAll(what, " ", "-"))
	p.remember(what, value)
	return value
}

func (p *planter) remember(what, value string) { p.planted = append(p.planted, newSecret(what, value)) }

// hear keeps an answer that is a refusal, for the search, and wants it to be one.
func (p *planter) hear(a answer) {
	p.t.Helper()
	if a.err != nil || a.status < 400 || a.status >= 500 {
		p.t.Errorf("%s, want a refusal", a)
	}
	fmt.Fprintf(&p.problems, "%v\n%s\n", a.header, a.body)
}

// plantKeyFile makes the key under which the server's own keys are encrypted.
func (p *planter) plantKeyFile() {
	p.t.Helper()
	p.does("", "keys", "file", "server.key")
	text, err := os.ReadFile(filepath.Join(p.folder, "server.key"))
	must(p.t, err)
	encoded := strings.TrimSpace(string(text))
	raw, err := base64.StdEncoding.DecodeString(encoded)
	must(p.t, err)
	p.remember("the key file's text", encoded)
	p.remember("the key file's key", string(raw))
}

// plantAccounts walks through everything that takes or gives a credential.
func (p *planter) plantAccounts() {
	p.t.Helper()
	p.ada = p.account("Acme", "ada@acme.example")
	p.eve = p.account("Eves", "eve@eve.example")
	operator := p.plant("operator password")
	p.does(operator+"\n", "operator", "add", "--email", "op@orgd.example")
	p.remember("operator token", p.signInOperator("op@orgd.example", operator).token)

	next := p.plant("next password")
	p.ada.put("/org/update", fields{"organization_name": "Acme", "new_organization_name": "Acme 2", "password": next}).is(http.StatusOK)
	p.ada.org.Name = "Acme 2"
	mine := p.plant("password by me")
	p.ada.patch("/v1/me", fields{"current_password": next, "password": mine}).is(http.StatusOK)
	unused := resetToken(p.t, p.does("", "user", "reset-link", "eve@eve.example"))
	p.remember("unused reset link", unused)
	link := resetToken(p.t, p.does("", "user", "reset-link", "ada@acme.example"))
	p.remember("reset link", link)
	p.ada.password = p.plant("password by link")
	p.stranger().post("/v1/auth/password-reset", fields{"token": link, "password": p.ada.password}).is(http.StatusNoContent)
	p.hear(p.stranger().post("/v1/auth/password-reset", fields{"token": link, "password": p.plant("password by a used link")}))
	p.ada.signIn(p.server)
	p.remember("token", p.ada.token)
}

// account creates an organization under an Idempotency-Key and signs its owner in.
func (p *planter) account(name, email string) *owner {
	p.t.Helper()
	o := &owner{email: email, password: p.plant("password")}
	o.org = p.stranger().with("Idempotency-Key", p.plant("idempotency key")).create(name, email, o.password).is(http.StatusCreated).org()
	o.signIn(p.server)
	p.remember("token", o.token)
	p.remember("signature of a token", o.token[strings.LastIndexByte(o.token, '.')+1:])
	return o
}

// plantDocuments stores documents, changes and deletes some, and brings one organization into the trash.
func (p *planter) plantDocuments() {
	p.t.Helper()
	for _, o := range []*owner{p.ada, p.eve} {
		for n, send := range []func(body any) answer{
			func(body any) answer {
				return o.with("Idempotency-Key", p.plant("key of a document")).post(documentsOf(o.org.ID), body)
			},
			func(body any) answer { return o.write("doc", body) },
			func(body any) answer { return o.write("doc", body) },
			func(body any) answer { return o.patch(documentsOf(o.org.ID, "doc"), body) },
		} {
			s := newSecret("a document", random("document"))
			s.allowed = func(place string) bool { return strings.Contains(place, o.org.ID) }
			if p.planted = append(p.planted, s); n != 1 { // that one is replaced
				p.stored = append(p.stored, s)
			}
			send(fields{fmt.Sprintf("member%d", n): s.value}).is(http.StatusCreated, http.StatusOK)
		}
	}
	p.hear(p.ada.patch(documentsOf(p.eve.org.ID, "doc"), fields{"a": p.plant("document for somebody else")}))
	p.hear(p.ada.with("If-Match", `"99"`).put(documentsOf(p.ada.org.ID, "doc"), fields{"a": p.plant("document too late")}))
	p.eve.dropIt().is(http.StatusOK)
	p.hear(p.eve.write("doc", fields{"a": p.plant("document after the end")}))
}

// plantMistakes sends secrets where they do not belong, or in requests that are wrong otherwise.
func (p *planter) plantMistakes() {
	p.t.Helper()
	s, login := p.stranger(), "/admin/login"
	plain := func(format string) string { return strings.ReplaceAll(format, "SECRET", p.plant("misplaced password")) }
	for _, body := range []string{
		`{"email":"ada@acme.example","password":"SECRET"`, `{"email":"ada@acme.example","password":SECRET}`,
		`{"email":"ada@acme.example","password":"SECRET","password":"SECRET"}`, `{"email":"ada@acme.example","PASSWORD":"SECRET"}`,
		`{"email":"ada@acme.example","password":["SECRET"]}`, `{"email":"ada@acme.example","password":{"$ne":"SECRET"}}`,
		`{"email":"SECRET","password":"SECRET"}`, `{"email":"ada@acme.example","password":"SECRET","otp":"SECRET"}`,
		`{"email":"ada@acme.example","password":"SECRET\u0000"}`, `{"email":"ada@acme.example","password":"SECRET` + strings.Repeat("x", 80) + `"}`,
		`"SECRET"`, `SECRET`, `{"email":"ada@acme.example","password":"SECRET","as":"SECRET"}`,
		`{"email":"ada@acme.example","password":"SECRET` + "\xff" + `"}`, `{"token":"SECRET","password":"SECRET"}`,
	} {
		for _, path := range []string{login, "/v1/auth/login", "/org/create", "/v1/auth/password-reset"} {
			p.hear(s.post(path, plain(body)))
		}
		p.hear(p.ada.patch("/v1/me", plain(body)))
		p.hear(p.ada.put("/org/update", plain(body)))
	}
	p.hear(s.with("Content-Type", "application/x-www-form-urlencoded").post(login, "password="+p.plant("form password")))
	p.hear(s.post(login+"?password="+p.plant("password in a query"), fields{"email": "nobody@acme.example", "password": p.plant("wrong password")}))
	p.hear(s.lookup("Nobody&password=" + p.plant("password in a name")))
	p.hear(s.with("Idempotency-Key", p.plant("refused idempotency key")).login("ada@acme.example", p.ada.password))
	p.hear(s.post("/org/create", newOrg("Big", "big@big.example", p.plant("password too large")+strings.Repeat("x", 70000))))
	p.hear(p.ada.post(documentsOf(p.ada.org.ID), `{"$set":"`+p.plant("refused document")+`"}`))
	p.hear(p.ada.post(documentsOf(p.ada.org.ID), `{"a":"`+p.plant("broken document")))
	p.hear(p.ada.put("/org/update", fields{"organization_name": "Acme 2", "email": p.plant("password for an address")}))
	p.hear(p.ada.patch("/v1/me", fields{"current_password": p.plant("wrong current password"), "password": p.plant("password not to be")}))
}

// plantGuesses sends credentials that are worth nothing.
func (p *planter) plantGuesses() {
	p.t.Helper()
	p.hear(p.stranger().login("nobody@acme.example", p.plant("password of nobody")))
	p.hear(p.stranger().post("/v1/auth/password-reset", fields{"token": p.plant("guessed link"), "password": p.plant("password by a guess")}))
	tampered := p.ada.token[:len(p.ada.token)-6] + "AAAAAA"
	p.remember("tampered token", tampered)
	for _, header := range []string{
		"Bearer " + tampered, "Bearer " + p.plant("guessed token"), "Basic " + p.plant("basic credentials"),
		p.plant("bare token"), "Bearer " + p.plant("two") + " " + p.plant("tokens"),
		"Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + p.plant("claims") + ".",
	} {
		for _, path := range []string{"/v1/me", "/v1/organizations", documentsOf(p.ada.org.ID)} {
			p.hear(p.stranger().with("Authorization", header).get(path))
		}
	}
	p.hear(p.stranger().with("Cookie", "token="+p.plant("cookie")).with("X-Api-Key", p.plant("API key")).get("/v1/me"))
	p.hear(p.eve.get("/v1/me"))
	p.orgd(p.plant("short")[:3]+"\n", "operator", "add", "--email", "op2@orgd.example")
	if r := p.orgd(p.plant("password of an operator who is there")+"\n", "operator", "add", "--email", "op@orgd.example"); r.code == 0 {
		p.t.Error("an operator was added twice")
	} else {
		p.problems.WriteString(r.stdout + r.stderr)
	}
}

// sweep looks everywhere, while the server runs and after it has ended.
func (p *planter) sweep() {
	p.t.Helper()
	metrics := p.stranger().get("/metrics").is(http.StatusOK).body
	for _, word := range []string{"acme", "eves", p.ada.org.ID, p.eve.org.ID} {
		if bytes.Contains(bytes.ToLower(metrics), []byte(word)) {
			p.t.Errorf("/metrics tells of %s", word)
		}
	}
	wantContains(p.t, p.does("", "keys", "list"), " true")
	places := renamed("running", p.store.contents(p.t, p.server))
	if p.store.folder {
		p.does("", "backup", "copy")
		places = append(places, renamed("backup", files(p.t, filepath.Join(p.folder, "copy")))...)
	}
	p.stop()
	places = append(places, renamed("ended", p.store.contents(p.t, p.server))...)
	for _, f := range append([]string{"tenants/" + p.ada.org.ID, "trash/" + p.eve.org.ID}, p.store.sees...) {
		if !holds(places, f, nil) {
			p.t.Errorf("the search does not see %s", f)
		}
	}
	for _, s := range p.stored {
		if !holds(places, "", []byte(s.value)) {
			p.t.Error("the search does not see a document where it is stored")
		}
	}
	wantContains(p.t, p.log.String(), "/admin/login")
	places = append(places, place{"/metrics", metrics}, place{"what it printed", []byte(p.out.String())},
		place{"the log", []byte(p.log.String())}, place{"answers", p.problems.Bytes()})
	for _, found := range search(p.planted, places) {
		p.t.Error("found", found)
	}
	p.t.Logf("%d secrets in %d places", len(p.planted), len(places))
}

// files are all files below a folder.
func files(t testing.TB, folder string) (places []place) {
	t.Helper()
	for name, content := range snapshot(t, folder) {
		places = append(places, place{name, []byte(content)})
	}
	return places
}

// renamed says in the names of places when they were looked at.
func renamed(when string, places []place) []place {
	for i := range places {
		places[i].name = when + ": " + places[i].name
	}
	return places
}

// holds reports whether a place of such a name holds the text.
func holds(places []place, name string, text []byte) bool {
	for _, p := range places {
		if strings.Contains(p.name, name) && bytes.Contains(p.content, text) {
			return true
		}
	}
	return false
}

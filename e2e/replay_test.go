package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// exchange is one request of a client's recorded session, and its answer. {{name}} stands for what an earlier step has saved.
type exchange struct {
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   map[string]string `json:"query"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	// Save are members of the answer that later steps use, by the name that they use.
	Save   map[string]string `json:"save"`
	Expect expectation       `json:"expect"`
	Answer recorded          `json:"answer"`
}

// expectation is what the client uses of an answer.
type expectation struct {
	Status int `json:"status"`
	// Texts are members that are texts and not empty.
	Texts []string `json:"texts"`
	// Fields are members and their values, Claims those of the access token's payload.
	Fields map[string]string `json:"fields"`
	Claims map[string]string `json:"claims"`
}

// recorded is what the old service answered.
type recorded struct {
	Status      int             `json:"status"`
	ContentType string          `json:"content_type"`
	Body        json.RawMessage `json:"body"`
}

// recordedSession reads the session of a client of the old service; testdata/fastapi/README.md tells how it was made.
func recordedSession(t testing.TB) []exchange {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "fastapi", "session.json"))
	must(t, err)
	var session struct {
		Steps []exchange `json:"steps"`
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields() // an expectation with a misspelt name would never be checked
	must(t, strict.Decode(&session))
	if len(session.Steps) == 0 {
		t.Fatal("the session has no steps")
	}
	return session.Steps
}

// player sends a session's requests as they were recorded.
type player struct {
	client *http.Client
	url    string
	known  map[string]string
}

func newPlayer(client *http.Client, url string) *player {
	return &player{client, strings.TrimSuffix(url, "/"), map[string]string{}}
}

// plays plays exchanges; the story ends at the first that is not answered as the client needs it.
func (p *player) plays(t testing.TB, steps []exchange) {
	t.Helper()
	for _, x := range steps {
		if err := p.play(t.Context(), x); err != nil {
			t.Fatalf("%s: %v", x.Name, err)
		}
	}
}

func (p *player) play(ctx context.Context, x exchange) error {
	request, err := p.request(ctx, x)
	if err != nil {
		return err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var body fields
	if err = json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("%s: %w: %.600s", response.Status, err, raw)
	}
	if err = p.check(x.Expect, response.StatusCode, body); err != nil {
		return fmt.Errorf("%w: %.600s", err, raw)
	}
	for name, member := range x.Save {
		p.known[name], _ = body[member].(string)
	}
	return nil
}

func (p *player) request(ctx context.Context, x exchange) (*http.Request, error) {
	query := url.Values{}
	for name, value := range x.Query {
		query.Set(name, p.fill(value))
	}
	target := p.url + x.Path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, x.Method, target, strings.NewReader(p.fill(string(x.Body))))
	if err != nil {
		return nil, err
	}
	for name, value := range x.Headers {
		request.Header.Set(name, p.fill(value))
	}
	return request, nil
}

// fill puts what was saved in the place of its name.
func (p *player) fill(text string) string {
	for name, value := range p.known {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

func (p *player) check(want expectation, status int, body fields) error {
	if status != want.Status {
		return fmt.Errorf("the status is %d, want %d", status, want.Status)
	}
	for _, name := range want.Texts {
		if text, _ := body[name].(string); text == "" {
			return fmt.Errorf("%s is %v, want a text", name, body[name])
		}
	}
	if err := p.compare(want.Fields, body); err != nil || want.Claims == nil {
		return err
	}
	claims, err := payload(body["access_token"])
	if err != nil {
		return err
	}
	return p.compare(want.Claims, claims)
}

func (p *player) compare(want map[string]string, got fields) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value := p.fill(want[name]); got[name] != value {
			return fmt.Errorf("%s is %v, want %s", name, got[name], value)
		}
	}
	return nil
}

// payload reads what a token says, as clients do that show whose it is.
func payload(token any) (claims fields, err error) {
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q is no JSON Web Token", text)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	return claims, json.Unmarshal(raw, &claims)
}

// tape is a server that answers as the old service did, and takes only what the client sent to that.
type tape struct {
	*httptest.Server
	t     testing.TB
	steps []exchange
	// script knows what the old service itself had told the client.
	script *player
}

func newTape(t testing.TB, steps []exchange) *tape {
	t.Helper()
	p := &tape{t: t, steps: steps}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	p.script = newPlayer(nil, p.URL)
	return p
}

func (p *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(p.steps) == 0 {
		p.t.Errorf("%s %s comes after the last step", r.Method, r.URL)
		return
	}
	x := p.steps[0]
	p.steps = p.steps[1:]
	p.compare(x, r)
	var body fields
	if err := json.Unmarshal(x.Answer.Body, &body); err != nil {
		p.t.Errorf("%s: the recorded answer: %v", x.Name, err)
	}
	for name, member := range x.Save {
		p.script.known[name], _ = body[member].(string)
	}
	w.Header().Set("Content-Type", x.Answer.ContentType)
	w.WriteHeader(x.Answer.Status)
	_, _ = w.Write(x.Answer.Body)
}

// compare wants the request of the exchange as the old service got it.
func (p *tape) compare(x exchange, got *http.Request) {
	want, err := p.script.request(got.Context(), x)
	if err != nil {
		p.t.Errorf("%s: %v", x.Name, err)
		return
	}
	if got.Method != want.Method || got.URL.RequestURI() != want.URL.RequestURI() {
		p.t.Errorf("%s: the player sends %s %s, want %s %s", x.Name, got.Method, got.URL, want.Method, want.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Header)) {
		if !reflect.DeepEqual(got.Header[name], want.Header[name]) {
			p.t.Errorf("%s: the player sends %s %q, want %q", x.Name, name, got.Header[name], want.Header[name])
		}
	}
	sent, _ := io.ReadAll(got.Body)
	if string(sent) != string(x.Body) {
		p.t.Errorf("%s: the player sends %s, want %s", x.Name, sent, x.Body)
	}
}

// TestRecordedSession plays the session to a server that answers as the old service did: what the client needs is in the
// answers that it got. ORGD_TEST_SESSION_URL names a service to play it to instead, such as the old one itself.
func TestRecordedSession(t *testing.T) {
	t.Parallel()
	steps := recordedSession(t)
	to := cmp.Or(os.Getenv("ORGD_TEST_SESSION_URL"), newTape(t, steps).URL)
	newPlayer(&http.Client{Timeout: patience}, to).plays(t, steps)
}

// TestRecordedSessionBites changes each single expectation of the session: the player must stop there.
func TestRecordedSessionBites(t *testing.T) {
	t.Parallel()
	steps := recordedSession(t)
	for i, x := range steps {
		for what, wrong := range x.Expect.twins() {
			twin := slices.Clone(steps)
			twin[i].Expect = wrong
			player := newPlayer(&http.Client{Timeout: patience}, newTape(t, twin).URL)
			for j := range i {
				if err := player.play(t.Context(), twin[j]); err != nil {
					t.Fatalf("%s, before %s is to fail: %v", twin[j].Name, x.Name, err)
				}
			}
			if err := player.play(t.Context(), twin[i]); err == nil {
				t.Errorf("%s passes although it expects %s", x.Name, what)
			}
			player.client.CloseIdleConnections()
		}
	}
}

// twins are expectations that an answer cannot fulfil if it fulfils this one, by what is wrong with them.
func (e expectation) twins() map[string]expectation {
	other := e
	other.Status++
	missing := e
	missing.Texts = append(slices.Clone(e.Texts), "nothing_of_this_name")
	all := map[string]expectation{"another status": other, "a text more": missing}
	spoil := func(of map[string]string, name string) map[string]string {
		of = maps.Clone(of)
		of[name] += "?"
		return of
	}
	for name := range e.Fields {
		twin := e
		twin.Fields = spoil(e.Fields, name)
		all["another "+name] = twin
	}
	for name := range e.Claims {
		twin := e
		twin.Claims = spoil(e.Claims, name)
		all["another claim "+name] = twin
	}
	return all
}

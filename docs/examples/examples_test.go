package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const password = "correct horse battery"

// server is an orgd that runs for one test.
type server struct {
	t   *testing.T
	url string
}

// startServer builds orgd and runs it on a folder and a port of its own.
func startServer(t *testing.T) server {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "orgd")
	run(t, "", "go", "build", "-o", binary, "../../cmd/orgd")
	env := append(os.Environ(), "ORGD_STORE=sqlite:"+filepath.Join(dir, "data"), "ORGD_BCRYPT_COST=10")
	operator := exec.CommandContext(t.Context(), binary, "operator", "add", "--email", "op@example.com")
	operator.Env, operator.Stdin = env, strings.NewReader(password+"\n")
	if out, err := operator.CombinedOutput(); err != nil {
		t.Fatalf("operator add: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary, "serve", "--listen", "127.0.0.1:0")
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if _, url, found := strings.Cut(lines.Text(), "API"); found {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return server{t: t, url: strings.TrimSpace(url)}
		}
	}
	t.Fatal("the server did not say where it listens")
	return server{}
}

// post sends a JSON body and returns the members of the answer.
func (s server) post(path string, body map[string]string) map[string]any {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := map[string]any{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode > 299 {
		s.t.Fatalf("%s: %d %v %v", path, response.StatusCode, answer, err)
	}
	return answer
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// example is a program and how it is run.
type example struct {
	name    string
	program func(t *testing.T) (dir, name string, args []string)
}

var examples = []example{
	{"Go", func(t *testing.T) (string, string, []string) {
		binary := filepath.Join(t.TempDir(), "verify")
		run(t, "go", "go", "build", "-o", binary, ".")
		return "", binary, nil
	}},
	{"Node", func(t *testing.T) (string, string, []string) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("node")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		run(t, dir, "npm", "ci", "--no-audit", "--no-fund")
		return dir, "node", []string{"verify.mjs"}
	}},
}

// TestExamplesVerifyTokens runs each example on a good token and on everything that it must refuse.
func TestExamplesVerifyTokens(t *testing.T) {
	s := startServer(t)
	acme := s.post("/org/create", map[string]string{"organization_name": "Acme", "email": "ada@example.com", "password": password})
	other := s.post("/org/create", map[string]string{"organization_name": "Other", "email": "eve@example.com", "password": password})
	org, admin := acme["id"].(string), acme["admin_id"].(string)
	token := s.login("/admin/login", map[string]string{"email": "ada@example.com", "password": password})
	operators := s.login("/v1/auth/login", map[string]string{"email": "op@example.com", "password": password, "as": "operator"})
	issuer := claim(t, token, "iss")
	unsigned := token[:strings.LastIndexByte(token, '.')+1]
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			dir, name, args := e.program(t)
			verify := func(issuer, org, token string) (string, error) {
				cmd := exec.CommandContext(t.Context(), name, append(args, issuer, s.url+"/.well-known/jwks.json", org, token)...)
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := verify(issuer, org, token); err != nil || out != admin+" owner\n" {
				t.Errorf("a good token: %q %v", out, err)
			}
			for why, in := range map[string][3]string{
				"another issuer":              {"https://elsewhere.example", org, token},
				"another organization":        {issuer, other["id"].(string), token},
				"an operator's token":         {issuer, org, operators},
				"a token with its claims cut": {issuer, org, "x" + token},
				"a token without signature":   {issuer, org, unsigned},
				"no token":                    {issuer, org, "nonsense"},
			} {
				if out, err := verify(in[0], in[1], in[2]); err == nil || !strings.Contains(out, "refused:") {
					t.Errorf("%s: %q %v", why, out, err)
				}
			}
		})
	}
}

func (s server) login(path string, body map[string]string) string {
	s.t.Helper()
	return s.post(path, body)["access_token"].(string)
}

// TestPageShowsTheExamples compares the page with the programs, and holds the Python one to its syntax as well as the
// other two to their behaviour.
func TestPageShowsTheExamples(t *testing.T) {
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

// claim reads a claim without verifying anything.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims[name].(string)
}

package examples_test

import (
	"bufio"
	"bytes"
	"context"
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
	// orgd runs a command on the server's folder.
	orgd func(stdin string, args ...string) string
}

// buildServer makes the orgd that startServer starts.
func buildServer(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "orgd")
	run(t, "", "go", "build", "-o", binary, "../../cmd/orgd")
	return binary
}

// startServer runs orgd on a folder and a port of its own, with an operator.
func startServer(t *testing.T, binary string) server {
	t.Helper()
	env := append(os.Environ(), "ORGD_STORE=sqlite:"+filepath.Join(t.TempDir(), "data"), "ORGD_BCRYPT_COST=10")
	orgd := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Env, cmd.Stdin = env, strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("orgd %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	orgd(password+"\n", "operator", "add", "--email", "op@example.com")
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
			return server{t: t, url: strings.TrimSpace(url), orgd: orgd}
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

// create makes an organization and returns its id and its owner's.
func (s server) create(name, email string) (org, owner string) {
	s.t.Helper()
	answer := s.post("/org/create", map[string]string{"organization_name": name, "email": email, "password": password})
	return answer["id"].(string), answer["admin_id"].(string)
}

// login returns the token of a member.
func (s server) login(email string) string {
	s.t.Helper()
	return s.post("/admin/login", map[string]string{"email": email, "password": password})["access_token"].(string)
}

// loginOperator returns the token of the operator.
func (s server) loginOperator() string {
	s.t.Helper()
	body := map[string]string{"email": "op@example.com", "password": password, "as": "operator"}
	return s.post("/v1/auth/login", body)["access_token"].(string)
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

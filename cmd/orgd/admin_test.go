package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/control"
)

// orgd runs a command beside the site, with the site's settings, and returns its exit code and what it wrote.
func (s *site) orgd(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, complaints bytes.Buffer
	code = run(s.t.Context(), &process{
		args: args, env: append(s.environ, "ORGD_LISTEN="+s.address), stdin: strings.NewReader("correct horse battery staple\n"),
		stdout: &out, stderr: &complaints, now: s.now,
	})
	return code, out.String(), complaints.String()
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, "orgs.example.com")
	for name, environ := range map[string][]string{
		"plain":         nil,
		"TLS":           {"ORGD_TLS_CERT=" + certFile, "ORGD_TLS_KEY=" + keyFile},
		"all addresses": {"ORGD_LISTEN=0.0.0.0:0", "ORGD_BEHIND_TLS=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch(t, environ...)
			if code, out, complaints := s.orgd("healthcheck"); code != exitDone || out != "ready\n" {
				t.Errorf("exits with %d: %q %q", code, out, complaints)
			}
			s.server.api.Drain()
			if code, out, complaints := s.orgd("healthcheck"); code != exitFailed || out != "" || !strings.HasPrefix(complaints, "orgd: not ready: ") {
				t.Errorf("of a server that is ending: exits with %d: %q %q", code, out, complaints)
			}
		})
	}
}

// TestHealthcheckByFlags takes what its help lists, alone: it is no server, so it needs neither a key nor anybody who speaks TLS.
func TestHealthcheckByFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, "orgs.example.com")
	tls := launch(t, "ORGD_LISTEN=0.0.0.0:0", "ORGD_TLS_CERT="+certFile, "ORGD_TLS_KEY="+keyFile)
	plain := launch(t, "ORGD_LISTEN=0.0.0.0:0", "ORGD_BEHIND_TLS=1")
	for name, args := range map[string][]string{
		"TLS":   {"--listen", "0.0.0.0:" + tls.port(), "--tls-cert", certFile},
		"plain": {"--listen", "0.0.0.0:" + plain.port()},
	} {
		var out, complaints bytes.Buffer
		code := run(t.Context(), &process{args: append([]string{"healthcheck"}, args...), stdout: &out, stderr: &complaints, now: time.Now})
		if code != exitDone || out.String() != "ready\n" {
			t.Errorf("%s: exits with %d: %q %q", name, code, out.String(), complaints.String())
		}
	}
}

// port is where the site listens.
func (s *site) port() string {
	_, port, _ := net.SplitHostPort(s.address)
	return port
}

func TestLocalAddress(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:8000": "127.0.0.1:8000", ":8000": "127.0.0.1:8000", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80",
		"192.0.2.7:443": "192.0.2.7:443", "localhost:8000": "localhost:8000", "[::1]:8000": "[::1]:8000",
	} {
		if got := localAddress(listen); got != want {
			t.Errorf("%s is reached at %s, want %s", listen, got, want)
		}
	}
}

// TestServerOfAnotherVersionSaysSo asks a server for what it does not know.
func TestServerOfAnotherVersionSaysSo(t *testing.T) {
	t.Parallel()
	s := launch(t)
	for name, request := range map[string]control.Request{
		"command": {Command: "org explode", Args: json.RawMessage(`{}`), Version: "v9"},
		"flag":    {Command: "org list", Args: json.RawMessage(`{"colour":"red"}`), Version: "v9"},
		"nothing": {Command: "org list", Version: "v9"},
	} {
		err := control.Call(t.Context(), s.server.app.config.Store.Dir, request, control.Output{Writer: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "does not know this command of orgd v9") {
			t.Errorf("%s: got %v, want a sentence about versions", name, err)
		}
	}
}

func TestPasswordFromStandardInputIsNeverCut(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		"secret\n": "secret", "secret": "secret", "secret\r\nmore\n": "secret", " blanks stay \n": " blanks stay ",
		"": "", "\n": "", strings.Repeat("x", maxPassword): "", strings.Repeat("x", maxPassword+100) + "\n": "",
		strings.Repeat("x", maxPassword-1): strings.Repeat("x", maxPassword-1),
	} {
		got, err := readLine(strings.NewReader(input))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%d bytes give a password of %d, %v", len(input), len(got), err)
		}
	}
}

// TestPasswordsAreNotLogged adds an operator through the server, whose log must not hold the password.
func TestPasswordsAreNotLogged(t *testing.T) {
	t.Parallel()
	s := launch(t, "ORGD_LOG_LEVEL=debug")
	if code, out, complaints := s.orgd("operator", "add", "--email", "ops@example.com"); code != exitDone {
		t.Fatalf("exits with %d: %q %q", code, out, complaints)
	}
	s.end()
	if log := s.log.String(); strings.Contains(log, "correct horse") || !strings.Contains(log, `command="operator add" outcome=done`) {
		t.Errorf("the log tells the password, or not the command:\n%s", log)
	}
}

// TestInterruptedCommandEnds has a command's first signal come while a server works on it.
func TestInterruptedCommandEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket, err := control.Listen(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 2)
	ctx, end := context.WithCancel(t.Context())
	served, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(served)
		socket.Serve(ctx, func(ctx context.Context, _ control.Request, _ control.Output) error {
			signals <- os.Interrupt
			<-ctx.Done()
			close(ended)
			return nil
		})
	}()
	var complaints bytes.Buffer
	code := run(t.Context(), &process{
		args: []string{"backup", "copy", "--store", "sqlite:" + dir}, signals: signals, kill: func(int) { t.Error("killed") },
		stdout: io.Discard, stderr: &complaints,
	})
	if code != exitFailed || complaints.String() != "orgd: interrupted\n" {
		t.Errorf("exits with %d: %q", code, &complaints)
	}
	<-ended // the server's work, too
	end()
	<-served
}

// Root gives a folder away; everybody else finds one of root's.
func TestFolderOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := checkFolder(dir, false); err != nil {
		t.Errorf("the own folder: %v", err)
	}
	owner := "belongs to user 0"
	if err := os.Chown(dir, 12345, -1); err == nil {
		owner = "belongs to user 12345"
	} else {
		dir = "/"
	}
	if err := checkFolder(dir, false); err == nil || !strings.Contains(err.Error(), owner) {
		t.Errorf("another's folder: got %v", err)
	}
}

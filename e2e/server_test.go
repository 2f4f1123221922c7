package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is orgd serving a folder. It can be ended and started again; the folder stays.
type server struct {
	t testing.TB
	// folder is where the process runs; its data lies below.
	folder string
	store  store
	// env are the settings.
	env []string
	// url is where the API is, anew at each start.
	url    string
	client *http.Client
	// out and log are what all its processes wrote.
	out, log *transcript

	process *os.Process
	exited  chan error
}

// transcript is what a process writes, kept for the story to read.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// take returns what was written so far and forgets it.
func (w *transcript) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.text.Reset()
	return w.text.String()
}

// launch starts a server on a new folder, with the cheapest password hashes that it takes.
func launch(t testing.TB, on store, settings ...string) *server {
	t.Helper()
	s := prepare(t, on, settings...)
	s.start()
	return s
}

// prepare makes a server that is not started yet.
func prepare(t testing.TB, on store, settings ...string) *server {
	t.Helper()
	folder := t.TempDir()
	s := &server{
		t: t, folder: folder, store: on, out: &transcript{}, log: &transcript{},
		env: slices.Concat([]string{"ORGD_LISTEN=127.0.0.1:0", "ORGD_BCRYPT_COST=10"}, on.settings(t, folder), settings),
		client: &http.Client{
			Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	t.Cleanup(func() {
		if s.process != nil {
			_ = s.process.Kill()
			if err := <-s.exited; err == nil {
				t.Error("the server ended by itself")
			}
		}
		s.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the server's log ends with\n%s", lastLines(s.log.String(), 40))
		}
	})
	return s
}

func lastLines(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "")
}

// data is the folder of the embedded store.
func (s *server) data() string { return filepath.Join(s.folder, "orgd-data") }

// setting is the value of one of the server's settings; the last one counts.
func (s *server) setting(name string) (value string) {
	for _, set := range s.env {
		if text, found := strings.CutPrefix(set, name+"="); found {
			value = text
		}
	}
	return value
}

// apiLine is the line of the greeting that says where the API is.
var apiLine = regexp.MustCompile(`(?m)^  API +(https?://\S+)$`)

// start begins a process and waits until it greets.
func (s *server) start() {
	s.t.Helper()
	if text, err := s.tryStart(); err != nil {
		s.t.Fatalf("the server does not start: %v\n%s%s", err, text, lastLines(s.log.String(), 20))
	}
}

// tryStart begins a process and returns what it wrote until it was ready or ended.
func (s *server) tryStart(args ...string) (string, error) {
	command := s.command(context.Background(), args...)
	greeting := &greeting{to: s.out, ready: make(chan string, 1)}
	command.Stdout, command.Stderr = greeting, s.log
	if err := command.Start(); err != nil {
		return "", err
	}
	s.process, s.exited = command.Process, make(chan error, 1)
	go func(exited chan<- error) { exited <- command.Wait() }(s.exited)
	select {
	case s.url = <-greeting.ready:
		return greeting.text.String(), nil
	case err := <-s.exited:
		s.process = nil
		return greeting.text.String(), errors.Join(errors.New("it ended"), err)
	case <-time.After(patience):
		return greeting.text.String(), errors.New("it was not ready in time")
	}
}

// greeting passes on what a server prints, and tells the address once it is there.
type greeting struct {
	to    io.Writer
	text  transcript
	ready chan string
	told  bool
}

func (g *greeting) Write(p []byte) (int, error) {
	n, err := g.to.Write(p) // first, since the story reads it once it knows the address
	if !g.told {
		_, _ = g.text.Write(p)
		if match := apiLine.FindStringSubmatch(g.text.String()); match != nil {
			g.told = true
			g.ready <- match[1]
		}
	}
	return n, err
}

// command is orgd in the server's folder and with its settings, and with nothing else of the environment.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = s.folder
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "TMPDIR=" + os.TempDir()}, s.env...)
	return command
}

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// orgd runs a command beside the server, with input as its standard input.
func (s *server) orgd(input string, args ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := s.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("orgd %s: %v", strings.Join(args, " "), err)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// does runs a command that must succeed, and returns what it printed.
func (s *server) does(input string, args ...string) string {
	s.t.Helper()
	r := s.orgd(input, args...)
	if r.code != 0 {
		s.t.Fatalf("orgd %s exits with %d: %s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// signal sends the process a signal.
func (s *server) signal(signal os.Signal) {
	s.t.Helper()
	if err := s.process.Signal(signal); err != nil {
		s.t.Fatalf("the server cannot be signalled: %v", err)
	}
}

// ended waits for the process to end and returns how.
func (s *server) ended() error {
	s.t.Helper()
	select {
	case err := <-s.exited:
		s.process = nil
		s.client.CloseIdleConnections()
		return err
	case <-time.After(patience):
		s.t.Fatal("the server does not end")
		return nil
	}
}

// stop ends the server in order.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	if err := s.ended(); err != nil {
		s.t.Fatalf("the server ends with %v\n%s", err, lastLines(s.log.String(), 20))
	}
}

// kill ends the server without a warning.
func (s *server) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	_ = s.ended() // it says that it was killed
}

// settle waits, after a kill and the next start, until nothing is under way any more of what the killed server was at.
func (s *server) settle() {
	s.t.Helper()
	if s.store.settled != nil {
		s.store.settled(s.t, s)
	}
}

// restart ends the server in order and starts it again.
func (s *server) restart() {
	s.t.Helper()
	s.stop()
	s.start()
}

// eventually waits until done says so, looking every few milliseconds: for what nothing signals.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	for !done() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

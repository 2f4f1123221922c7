package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve runs a server on the folder until the test ends, or stop is called, which waits for it.
func serve(t *testing.T, dir string, limits limits, handle Handler) (stop func()) {
	t.Helper()
	s, err := listen(dir, slog.New(slog.DiscardHandler), limits)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		s.Serve(ctx, handle)
		close(done)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// call runs a command and returns what it wrote.
func call(t *testing.T, dir string, request Request) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Call(t.Context(), dir, request, Output{Writer: &out, Progress: func(p Progress) { fmt.Fprintf(&out, "[%+v]", p) }})
	return out.String(), err
}

func echo(_ context.Context, r Request, out Output) error {
	out.Progress(Progress{Done: 1, Total: 2, What: "work"})
	_, err := fmt.Fprintf(out, "%s %s %s", r.Command, r.Args, r.Stdin)
	return err
}

func TestCommandIsCarriedOutAndItsOutputComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, dir, usualLimits, echo)
	got, err := call(t, dir, Request{Command: "org list", Args: json.RawMessage(`{"json":true}`), Stdin: "päss\xff"})
	if want := "[{Done:1 Total:2 What:work}]org list {\"json\":true} päss\ufffd"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestLongOutputComesBackWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := strings.Repeat("zeile mit ümlaut\xff\n", 100_000)
	serve(t, dir, usualLimits, func(_ context.Context, _ Request, out Output) error {
		_, err := out.Write([]byte(want))
		return err
	})
	if got, err := call(t, dir, Request{}); err != nil || got != want {
		t.Errorf("%d bytes came back with %v, want %d", len(got), err, len(want))
	}
}

func TestFailureComesBackAsItsSentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, dir, usualLimits, func(context.Context, Request, Output) error { return errors.New("there is no such key") })
	_, err := call(t, dir, Request{})
	if f, ok := errors.AsType[*CommandError](err); !ok || f.Message != "there is no such key" {
		t.Errorf("got %v, want the server's sentence", err)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := call(t, dir, Request{}); !errors.Is(err, ErrNoServer) {
		t.Errorf("without a socket: got %v", err)
	}
	if _, err := call(t, filepath.Join(dir, "none"), Request{}); !errors.Is(err, ErrNoServer) {
		t.Errorf("without a folder: got %v", err)
	}
}

// TestSocketOfACrashedServer leaves a socket behind on which nobody listens.
func TestSocketOfACrashedServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, err := Listen(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_ = old.listener.Close() // as a dying process does, without removing the file
	if _, err := call(t, dir, Request{}); !errors.Is(err, ErrNoServer) {
		t.Errorf("got %v, want that there is no server", err)
	}
	serve(t, dir, usualLimits, echo)
	if _, err := call(t, dir, Request{}); err != nil {
		t.Errorf("the next server does not answer: %v", err)
	}
}

func TestSocketIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop := serve(t, dir, usualLimits, echo)
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket has the mode %v, %v", info.Mode(), err)
	}
	stop()
	if _, err := os.Stat(filepath.Join(dir, socketName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stopped server left its socket: %v", err)
	}
}

// TestLongFolder uses folders whose plain path no socket can have.
func TestLongFolder(t *testing.T) {
	for name, here := range map[string]bool{"working directory elsewhere": false, "working directory near": true} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if here {
				t.Chdir(filepath.Dir(dir))
			} else if _, err := os.Stat(procDir); err != nil {
				// This system has no way to an open folder by path: that is said, and nothing is half there.
				if _, err := Listen(dir, slog.New(slog.DiscardHandler)); err == nil {
					t.Error("a socket with a path that is too long was made")
				}
				return
			}
			stop := serve(t, dir, usualLimits, echo)
			if _, err := call(t, dir, Request{}); err != nil {
				t.Error(err)
			}
			stop()
			if _, err := os.Stat(filepath.Join(dir, socketName)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the socket was left behind: %v", err)
			}
			if _, err := call(t, dir, Request{}); !errors.Is(err, ErrNoServer) {
				t.Errorf("got %v, want that there is no server", err)
			}
		})
	}
}

func TestCommandEndsWhenItsClientGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begun, ended := make(chan struct{}), make(chan struct{})
	serve(t, dir, usualLimits, func(ctx context.Context, _ Request, _ Output) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- Call(ctx, dir, Request{}, Output{}) }()
	<-begun
	cancel()
	<-ended
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("the client hears %v", err)
	}
}

func TestCommandEndsWhenTheServerStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begun := make(chan struct{})
	stop := serve(t, dir, usualLimits, func(ctx context.Context, _ Request, _ Output) error {
		close(begun)
		<-ctx.Done()
		return errors.New("the server is stopping")
	})
	result := make(chan error)
	go func() {
		_, err := call(t, dir, Request{})
		result <- err
	}()
	<-begun
	stop()
	if err := <-result; err == nil || err.Error() != "the server is stopping" {
		t.Errorf("the client hears %v", err)
	}
}

// raw connects without the client's manners.
func raw(t *testing.T, dir string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// lastFrame reads to the end of the conversation.
func lastFrame(t *testing.T, conn net.Conn) frame {
	t.Helper()
	var last frame
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func TestBadRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	quick := usualLimits
	quick.request = 50 * time.Millisecond
	serve(t, dir, quick, echo)
	for name, line := range map[string]string{
		"silence": "", "half a line": `{"command":`, "no JSON": "hello\n", "endless": strings.Repeat("x", maxRequest+1),
	} {
		conn := raw(t, dir)
		_, _ = conn.Write([]byte(line)) // the server may hang up before it took all
		if last := lastFrame(t, conn); last.Exit == nil || *last.Exit != 1 || last.Error == "" {
			t.Errorf("%s: the answer is %+v, want a failure", name, last)
		}
	}
}

// TestStalledClientIsGivenUp sends much to a client that takes nothing.
func TestStalledClientIsGivenUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	quick := usualLimits
	quick.frame = 50 * time.Millisecond
	failed := make(chan error)
	serve(t, dir, quick, func(_ context.Context, _ Request, out Output) error {
		_, err := out.Write(make([]byte, 64<<20))
		failed <- err
		return err
	})
	_, _ = raw(t, dir).Write([]byte("{}\n"))
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing ended with %v, want a deadline", err)
	}
}

func TestConversationsAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	few := usualLimits
	few.conversations = 1
	begun, end := make(chan struct{}), make(chan struct{})
	serve(t, dir, few, func(context.Context, Request, Output) error {
		begun <- struct{}{}
		<-end
		return nil
	})
	first := make(chan error)
	go func() {
		_, err := call(t, dir, Request{})
		first <- err
	}()
	<-begun
	if last := lastFrame(t, raw(t, dir)); !strings.Contains(last.Error, "too many") {
		t.Errorf("the second client hears %+v", last)
	}
	close(end)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a server process.
type server struct {
	addr    string
	started time.Duration // until it was ready
	cmd     *exec.Cmd
	log     *os.File
	ended   chan error
}

// startLimit is how long a server may take until it is ready.
const startLimit = 30 * time.Second

// serve starts the orgd binary on a data folder and waits until it is ready. Everything is at its default, but for what
// env says; /metrics is served. What it logs goes to a file.
func (b *bench) serve(ctx context.Context, name string, env ...string) (*server, error) {
	addr, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	env = append([]string{"ORGD_LISTEN=" + addr, "ORGD_METRICS_LISTEN=" + addr, "ORGD_STORE=sqlite:" + b.folder(name)}, env...)
	s := &server{addr: addr, ended: make(chan error, 1)}
	s.log, err = os.Create(filepath.Join(b.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, b.binary, "serve")
	s.cmd.Dir, s.cmd.Env = b.dir, append(withoutSettings(os.Environ()), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = startLimit
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	go func() { s.ended <- s.cmd.Wait() }()
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.started = time.Since(began)
	return s, nil
}

// freeAddress returns an address of loopback where nobody listens.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// withoutSettings returns the environment without orgd's own variables.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "ORGD_") })
}

// await asks until the server is ready.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		status, _, err := call(ctx, "GET", "http://"+s.addr+"/readyz", "", nil)
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the server ended (%w); its log: %s", err, s.lastLines())
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready after %v (status %d, %w)", startLimit, status, err)
		case <-time.After(500 * time.Microsecond):
		}
	}
}

func (s *server) lastLines() []byte {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-1000):])
}

// stop ends the server in order.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	var err error
	select {
	case err = <-s.ended:
	case <-time.After(startLimit):
		err = errors.Join(errors.New("the server does not end"), s.cmd.Process.Kill())
	}
	return errors.Join(err, s.log.Close())
}

// memory returns how much memory the process has now (VmRSS) or had at most (VmHWM), in bytes; see proc_pid_status(5).
func (s *server) memory(which string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(status, []byte(which))
	text, _, _ := bytes.Cut(rest, []byte("kB"))
	kilobytes, err := strconv.ParseFloat(string(bytes.TrimSpace(text)), 64)
	return kilobytes * 1024, err
}

// processorTime returns how much of the processors a process has used, to a hundredth of a second; 0 where the system does
// not tell.
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system = 11, 12 // of the fields after the name; see proc_pid_stat(5)
	var ticks int
	for _, field := range fields[user : system+1] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}

// call sends one request, with a JSON body and a token where they are given, and returns the answer.
func call(ctx context.Context, method, url, token string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Handler carries out a command. What it returns ends the command: nil, or an error whose text the client shows.
type Handler func(ctx context.Context, request Request, out Output) error

// Server listens on a folder's socket.
type Server struct {
	dir      string
	listener *net.UnixListener
	log      *slog.Logger
	limits   limits
	running  sync.WaitGroup
	places   chan struct{} // holds one for each conversation
}

// Listen makes the socket. The caller holds the folder's lock, so a socket that is there was left behind and is removed.
func Listen(dir string, log *slog.Logger) (*Server, error) { return listen(dir, log, usualLimits) }

func listen(dir string, log *slog.Logger, limits limits) (*Server, error) {
	name := filepath.Join(dir, socketName)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket that an earlier server left behind: %w", err)
	}
	s := &Server{dir: dir, log: log, limits: limits, places: make(chan struct{}, limits.conversations)}
	err := withAddress(dir, func(path string) (err error) {
		s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen for administration commands: %w", err)
	}
	s.listener.SetUnlinkOnClose(false) // the path may be one through a folder that is no longer open
	if err := os.Chmod(name, 0o600); err != nil {
		s.close()
		return nil, fmt.Errorf("keep the socket to its owner: %w", err)
	}
	return s, nil
}

// Serve answers until ctx ends, then ends the commands that run, waits for them and removes the socket.
func (s *Server) Serve(ctx context.Context, handle Handler) {
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	for {
		conn, err := s.listener.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			s.running.Wait()
			return
		case err != nil: // too many open files, for example
			s.log.Error("administration commands cannot be accepted for a moment", "error", err.Error())
			pause(ctx, time.Second)
		default:
			s.accept(ctx, conn, handle)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// accept begins a conversation if there is a place for it.
func (s *Server) accept(ctx context.Context, conn *net.UnixConn, handle Handler) {
	select {
	case s.places <- struct{}{}:
	default:
		s.newAnswer(conn).end(errors.New("too many administration commands are running; try again later"))
		_ = conn.Close()
		return
	}
	s.running.Go(func() {
		s.converse(ctx, conn, handle)
		<-s.places
	})
}

// close removes the socket before it ends Serve's waiting, so that nothing is left when Serve returns.
func (s *Server) close() {
	_ = os.Remove(filepath.Join(s.dir, socketName))
	_ = s.listener.Close()
}

// converse holds one conversation.
func (s *Server) converse(ctx context.Context, conn *net.UnixConn, handle Handler) {
	defer func() { _ = conn.Close() }()
	answer := s.newAnswer(conn)
	if err := checkPeer(conn); err != nil {
		s.log.Warn("an administration command was refused", "error", err.Error())
		answer.end(err)
		return
	}
	request, err := s.readRequest(conn)
	if err != nil {
		answer.end(err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends when the client goes away, or with the conversation
		_, _ = io.Copy(io.Discard, conn)
		cancel()
	}()
	answer.end(handle(ctx, request, Output{Writer: answer, Progress: answer.progress}))
}

func (s *Server) readRequest(conn *net.UnixConn) (Request, error) {
	if err := conn.SetReadDeadline(time.Now().Add(s.limits.request)); err != nil {
		return Request{}, err
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxRequest)).ReadBytes('\n')
	if err != nil {
		return Request{}, fmt.Errorf("read the command: %w", err)
	}
	var request Request
	if err := json.Unmarshal(line, &request); err != nil {
		return Request{}, errors.New("the command is not one line of JSON")
	}
	return request, conn.SetReadDeadline(time.Time{})
}

// answer writes frames. After one that the client did not take in time it writes no more.
type answer struct {
	mu    sync.Mutex
	conn  net.Conn
	log   *slog.Logger
	limit time.Duration
	err   error
}

func (s *Server) newAnswer(conn net.Conn) *answer {
	return &answer{conn: conn, log: s.log, limit: s.limits.frame}
}

// Write sends text.
func (a *answer) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		part := rest[:min(len(rest), maxText)]
		rest = rest[len(part):]
		if err := a.send(frame{Out: part}); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

func (a *answer) progress(p Progress) { _ = a.send(frame{Progress: &p}) } // the next Write or end fails the same way

// end sends the last frame.
func (a *answer) end(err error) {
	exit := 0
	last := frame{Exit: &exit}
	if err != nil {
		exit, last.Error = 1, err.Error()
	}
	if err := a.send(last); err != nil {
		a.log.Warn("an administration command's client did not hear how it ended", "error", err.Error())
	}
}

func (a *answer) send(f frame) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	line, err := json.Marshal(f)
	if err == nil {
		err = a.conn.SetWriteDeadline(time.Now().Add(a.limit))
	}
	if err == nil {
		_, err = a.conn.Write(append(line, '\n'))
	}
	a.err = err
	return err
}

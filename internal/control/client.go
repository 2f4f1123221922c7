package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"
)

// dialLimit is how long connecting may take: the server's backlog may be full for a moment.
const dialLimit = 2 * time.Second

// Call has the folder's server carry out a command and passes on what it says. ErrNoServer if there is none; a *[CommandError]
// if the command failed there. When ctx ends the server ends the command.
func Call(ctx context.Context, dir string, request Request, out Output) error {
	conn, err := dial(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return lost(ctx, err)
	}
	for frames := json.NewDecoder(conn); ; {
		var f frame
		if err := frames.Decode(&f); err != nil {
			return lost(ctx, err)
		}
		if f.Exit != nil {
			return f.failure()
		}
		if err := f.show(out); err != nil {
			return err
		}
	}
}

func dial(ctx context.Context, dir string) (conn net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	err = withAddress(dir, func(path string) (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, "unix", path)
		return err
	})
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errPath):
		return nil, ErrNoServer
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrPermission): // nobody can tell; who opens the folder says what is wrong
		return nil, ErrNoServer
	default:
		return nil, fmt.Errorf("reach the running server: %w", err)
	}
}

// lost explains a conversation that broke off.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the server went away before the command ended: %w", err)
}

func (f frame) failure() error {
	if *f.Exit == 0 {
		return nil
	}
	return &CommandError{Message: f.Error}
}

func (f frame) show(out Output) error {
	if f.Progress != nil {
		out.Progress(*f.Progress)
	}
	_, err := out.Write(f.Out)
	return err
}

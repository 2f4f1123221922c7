package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// file is one SQLite file in use: one writer and a few readers, each a [session] that is opened when it is first needed.
// Readers see the last committed state and never wait for the writer.
type file struct {
	path  string
	log   *slog.Logger
	db    *sql.DB
	check func(*session) error // judges each new session, before its first use

	idle chan *session // readers that nobody uses
	room chan struct{} // one token for each open reader

	jobs   chan *job     // writes that wait, see commit.go
	lead   chan struct{} // one token: who holds it runs a batch and owns the writer
	writer *session      // nil until the first write

	patience time.Duration // see commit.go

	closed chan struct{} // closed when nobody may begin anything more
}

// openFile prepares to use an existing file; it opens no connection yet.
func openFile(path string, readers int, log *slog.Logger, check func(*session) error) (*file, error) {
	db, err := sql.Open("sqlite", dsn(path, serving...))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxIdleConns(-1) // a session that is closed is gone, with whatever was open on it
	return &file{
		path: path, log: log, db: db, check: check,
		idle: make(chan *session, readers), room: make(chan struct{}, readers),
		jobs: make(chan *job, maxQueue), lead: make(chan struct{}, 1), closed: make(chan struct{}),
		patience: patience,
	}, nil
}

// session opens a connection and has it judged.
func (f *file) session(reader bool) (*session, error) {
	s, err := newSession(f.db, reader)
	if err == nil {
		if err = f.check(s); err == nil {
			return s, nil
		}
		err = errors.Join(err, s.close())
	}
	return nil, fmt.Errorf("open %s: %w", f.path, f.report(err))
}

// report writes the log line about a damaged file, and returns err.
func (f *file) report(err error) error {
	if damaged(err) {
		f.log.Error("a database file is damaged", "path", f.path, "error", err)
	}
	return err
}

// read runs fn with a reader, which it waits for until ctx ends. Errors are translated.
func (f *file) read(ctx context.Context, fn func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return overdue(err)
	}
	s, err := f.reader(ctx)
	if err != nil {
		return translate(err)
	}
	err = fn(s)
	if broken(err) {
		err = errors.Join(f.report(err), s.close())
		<-f.room
	} else {
		f.idle <- s
	}
	return translate(err)
}

// reader takes an idle reader, opens another if there is room, or waits for one.
func (f *file) reader(ctx context.Context) (*session, error) {
	select {
	case s := <-f.idle:
		return s, nil
	default:
	}
	select {
	case s := <-f.idle:
		return s, nil
	case f.room <- struct{}{}:
		s, err := f.session(true)
		if err != nil {
			<-f.room
		}
		return s, err
	case <-f.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, overdue(ctx.Err())
	}
}

// close waits for what is under way and closes all connections. The last one out writes the WAL back and removes it.
func (f *file) close() error {
	close(f.closed)
	var failed error
	for range cap(f.room) {
		select {
		case s := <-f.idle:
			failed = errors.Join(failed, s.close())
		case f.room <- struct{}{}:
		}
	}
	f.lead <- struct{}{}
	if f.writer != nil {
		failed = errors.Join(failed, f.writer.close())
	}
	return errors.Join(failed, f.db.Close())
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/bench/rooms"
)

// workCommand is the first argument of this program as a worker; its name and its task in JSON follow.
const workCommand = "work"

// task is what a worker is told. Each uses what it needs.
type task struct {
	Dir     string        `json:"dir,omitempty"`     // to work in
	Clients int           `json:"clients,omitempty"` // at once
	For     time.Duration `json:"for,omitempty"`
	Count   int           `json:"count,omitempty"` // of what is done, instead of a time
	Answer  []byte        `json:"answer,omitempty"`
	Addr    string        `json:"addr,omitempty"`
	URI     string        `json:"uri,omitempty"`      // of a MongoDB
	Base    string        `json:"database,omitempty"` // there
}

// loop is the task of repeating something.
func (t task) loop() rooms.Loop { return rooms.Loop{Clients: t.Clients, For: t.For} }

// report is what a worker answers.
type report struct {
	Rate    float64 `json:"rate,omitempty"`    // per second
	Steps   float64 `json:"steps,omitempty"`   // of the store, for each thing done
	Addr    string  `json:"addr,omitempty"`    // where it serves
	Refused float64 `json:"refused,omitempty"` // per second
}

// workers are the processes that this program starts of itself: limits, our rooms without HTTP, and the flood.
var workers = map[string]func(ctx context.Context, t task, tell func(report) error) error{
	"respond":      respond,
	"hash":         hashPasswords,
	"flood":        flood,
	"commit":       commitRows,
	"create":       create,
	"insert-bare":  insertBare,
	"insert-store": insertStored,
	"get-bare":     getBare,
	"get-store":    getStored,

	"find":          find,
	"create-mongo":  createOnMongo,
	"insert-shared": insertShared,
	"insert-mongo":  insertOnMongo,
	"insert-many":   insertMany,
}

// work is the main function of a worker. Whoever started it ends it by closing its standard input.
func work(ctx context.Context, name, text string, in io.Reader, out io.Writer) error {
	do, ok := workers[name]
	if !ok {
		return fmt.Errorf("there is no worker %q", name)
	}
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	encoder := json.NewEncoder(out)
	return do(ctx, t, func(r report) error { return encoder.Encode(r) })
}

// create runs the room that creates organizations, on the embedded store.
func create(ctx context.Context, t task, tell func(report) error) error {
	s, err := rooms.OpenSQLite(ctx, t.Dir)
	if err != nil {
		return err
	}
	rate, commits, err := rooms.Create(ctx, s, t.loop(), password)
	return errors.Join(err, s.Close(), tell(report{Rate: rate, Steps: commits}))
}

// insertStored inserts documents through the store.
func insertStored(ctx context.Context, t task, tell func(report) error) error {
	rate, err := rooms.Insert(ctx, t.Dir, t.loop(), bulk.Document)
	return errors.Join(err, tell(report{Rate: rate}))
}

// getStored reads documents through the store.
func getStored(ctx context.Context, t task, tell func(report) error) error {
	rate, err := rooms.Get(ctx, t.Dir, t.loop(), t.Count, bulk.Document)
	return errors.Join(err, tell(report{Rate: rate}))
}

// worker is a running one.
type worker struct {
	report  report // the first one
	cmd     *exec.Cmd
	in      io.WriteCloser
	reports *json.Decoder
}

// start starts a worker and waits for its first report.
func (b *bench) start(ctx context.Context, name string, t task) (*worker, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: exec.CommandContext(ctx, b.self, workCommand, name, string(text))}
	w.cmd.Dir, w.cmd.Stderr = b.dir, b.progress
	w.cmd.WaitDelay = time.Second
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	w.reports = json.NewDecoder(bufio.NewReader(out))
	if err := w.reports.Decode(&w.report); err != nil {
		return nil, errors.Join(fmt.Errorf("worker %s: %w", name, err), w.stop())
	}
	return w, nil
}

// stop ends the worker.
func (w *worker) stop() error {
	return errors.Join(w.in.Close(), w.cmd.Wait())
}

// finish ends the worker and returns its last report.
func (w *worker) finish() (report, error) {
	var last report
	err := w.in.Close()
	if err == nil {
		err = w.reports.Decode(&last)
	}
	return last, errors.Join(err, w.cmd.Wait())
}

// do has a worker do its task and returns the report.
func (b *bench) do(ctx context.Context, name string, t task) (report, error) {
	w, err := b.start(ctx, name, t)
	if err != nil {
		return report{}, err
	}
	return w.report, w.stop()
}

// fresh returns the path of a folder in b.dir that is not there yet, and what removes it.
func (b *bench) fresh(name string) (dir string, remove func() error, err error) {
	dir, err = os.MkdirTemp(b.dir, name+"-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// until yields to others until something holds.
func until(t *testing.T, holds func() bool, what string) {
	t.Helper()
	for start := time.Now(); !holds(); runtime.Gosched() {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// commits counts the transactions in a file's log.
func commits(t *testing.T, path string) int {
	t.Helper()
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	frame := 24 + int(binary.BigEndian.Uint32(log[8:])) // sqlite.org/fileformat2.html, 4.1
	n := 0
	for at := 32; at+frame <= len(log); at += frame {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 {
			n++
		}
	}
	return n
}

// put is a write of one counter.
func put(name string) func(*session) error {
	return func(s *session) error {
		_, err := s.exec("INSERT INTO counters (name, value) VALUES (?, 1)", name)
		return err
	}
}

// has reports whether a counter is there.
func has(t *testing.T, f *file, name string) bool {
	t.Helper()
	var n int
	err := f.read(t.Context(), func(s *session) error {
		return s.get("SELECT count(*) FROM counters WHERE name = ?", []any{name}, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestWritersShareATransaction(t *testing.T) {
	f := openTest(t, Options{}).catalog
	before := commits(t, f.path)
	f.lead <- struct{}{}
	var group sync.WaitGroup
	refused := errors.New("not this one")
	for i := range 64 {
		group.Go(func() {
			err := f.write(t.Context(), func(s *session) error {
				if err := put(fmt.Sprint("job ", i))(s); err != nil {
					return err
				}
				if i%2 == 1 {
					return tenant.Wrap(tenant.CodeConflict, refused, "odd")
				}
				return nil
			})
			if (i%2 == 1) != errors.Is(err, refused) {
				t.Errorf("job %d: %v", i, err)
			}
		})
	}
	until(t, func() bool { return len(f.jobs) == 64 }, "for the queue to fill")
	<-f.lead
	group.Wait()
	if n := commits(t, f.path) - before; n != 1 {
		t.Errorf("64 writers made %d transactions", n)
	}
	for i := range 64 {
		if has(t, f, fmt.Sprint("job ", i)) != (i%2 == 0) {
			t.Errorf("job %d: its own failure counts, and no other's", i)
		}
	}
}

func TestWriteThatWaitsIsTakenBackWithItsContext(t *testing.T) {
	f := openTest(t, Options{}).catalog
	f.lead <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() { answer <- f.write(ctx, put("late")) }()
	until(t, func() bool { return len(f.jobs) == 1 }, "for the job")
	cancel()
	if err := <-answer; !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("a write that was given up: %v", err)
	}
	<-f.lead
	if err := f.write(t.Context(), put("next")); err != nil {
		t.Error(err)
	}
	if has(t, f, "late") {
		t.Error("a write that was given up took place")
	}
}

// A queue full of writes that were given up must not keep out those that come after.
func TestQueueOfAbandonedWritesIsCleared(t *testing.T) {
	f := openTest(t, Options{}).catalog
	f.lead <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range maxQueue {
		group.Go(func() {
			if err := f.write(ctx, put("late")); !tenant.IsCode(err, tenant.CodeUnavailable) {
				t.Errorf("a write that was given up: %v", err)
			}
		})
	}
	until(t, func() bool { return len(f.jobs) == maxQueue }, "for the queue to fill")
	short, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if err := f.write(short, put("no room")); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("a write beyond the bound: %v", err)
	}
	cancel()
	group.Wait()
	<-f.lead
	if err := f.write(t.Context(), put("next")); err != nil {
		t.Error(err)
	}
	if has(t, f, "late") || has(t, f, "no room") || !has(t, f, "next") {
		t.Error("the wrong writes took place")
	}
}

func TestWriteThatRunsIsAwaited(t *testing.T) {
	f := openTest(t, Options{}).catalog
	ctx, cancel := context.WithCancel(t.Context())
	err := f.write(ctx, func(s *session) error {
		cancel()
		return put("running")(s)
	})
	if err != nil || !has(t, f, "running") {
		t.Errorf("a write that ran when its context ended: %v", err)
	}
}

func TestPanicInAWriteIsTheCallersAlone(t *testing.T) {
	f := openTest(t, Options{}).catalog
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		err := f.write(t.Context(), func(s *session) error {
			if err := put("half")(s); err != nil {
				return err
			}
			panic("a defect")
		})
		t.Errorf("a write that panicked returned %v", err)
	}()
	if err := f.write(t.Context(), put("next")); err != nil {
		t.Errorf("after a panic: %v", err)
	}
	if has(t, f, "half") || !has(t, f, "next") {
		t.Error("the writer did not start anew")
	}
}

// What breaks the transaction breaks it for all, also for those who had an answer of their own already.
func TestBrokenTransactionFailsAllItsJobs(t *testing.T) {
	f := openTest(t, Options{}).catalog
	f.lead <- struct{}{}
	full := func(s *session) error { // SQLITE_FULL takes the transaction with it
		if _, err := s.exec("PRAGMA max_page_count = 1"); err != nil {
			return err
		}
		_, err := s.exec("INSERT INTO counters (name, value) VALUES (hex(zeroblob(100000)), 1)")
		return err
	}
	answers := make(chan error)
	for _, job := range []func(*session) error{put("a"), func(*session) error { return errNothing }, full, put("b")} {
		before := len(f.jobs)
		go func() { answers <- f.write(t.Context(), job) }()
		until(t, func() bool { return len(f.jobs) == before+1 }, "for a job")
	}
	<-f.lead
	for range 4 {
		if err := <-answers; !tenant.IsCode(err, tenant.CodeStorageFull) {
			t.Errorf("in a full file: %v", err)
		}
	}
	if err := f.write(t.Context(), put("next")); err != nil {
		t.Errorf("with a new writer: %v", err)
	}
	if has(t, f, "a") || has(t, f, "b") {
		t.Error("a part of the transaction took place")
	}
}

func TestWriterWaitsForAnotherProgramAndGivesUp(t *testing.T) {
	f := openTest(t, Options{}).catalog
	other, err := openFile(f.path, 1, discard, func(*session) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	err = other.write(t.Context(), func(s *session) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err := f.write(ctx, put("blocked"))
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("while another program writes: %v", err)
		}
		return put("other")(s)
	})
	if err != nil {
		t.Error(err)
	}
	if err := other.close(); err != nil {
		t.Error(err)
	}
	if err := f.write(t.Context(), put("next")); err != nil {
		t.Errorf("once it is done: %v", err)
	}
}

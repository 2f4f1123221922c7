package logging_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/logging"
)

// sink remembers what was written, one string a call.
type sink struct {
	mu     sync.Mutex
	writes []string
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(p))
	return len(p), nil
}

func (s *sink) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.writes...)
}

// stuck is an output that takes nothing until it is released.
type stuck struct {
	sink

	release chan struct{}
	entered chan struct{}
	once    sync.Once
}

func newStuck() *stuck {
	return &stuck{release: make(chan struct{}), entered: make(chan struct{})}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.entered) })
	<-s.release
	return s.sink.Write(p)
}

func TestLinesAreWrittenTogetherAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		log := logging.New(logging.Options{Out: out})
		for i := range 100 {
			log.Logger().Info("line", "n", i)
		}
		<-time.After(99 * time.Millisecond) // of the bubble's clock
		synctest.Wait()
		if got := out.all(); len(got) != 0 {
			t.Errorf("%d writes before the delay was over", len(got))
		}
		<-time.After(time.Millisecond)
		synctest.Wait()
		if got := out.all(); len(got) != 1 || strings.Count(got[0], "\n") != 100 {
			t.Errorf("got %d writes, want one of 100 lines", len(got))
		}
		closeLog(t, log)
	})
}

func TestWarningsDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		log := logging.New(logging.Options{Out: out})
		log.Logger().With("a", 1).WithGroup("g").Warn("hurry", "b", 2)
		synctest.Wait() // no time passes
		if got := out.all(); len(got) != 1 || !strings.HasSuffix(got[0], "level=WARN msg=hurry a=1 g.b=2\n") {
			t.Errorf("got %q, want the warning at once", got)
		}
		closeLog(t, log)
	})
}

func TestCloseWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		log := logging.New(logging.Options{Out: out})
		log.Logger().Info("last")
		closeLog(t, log)
		if got := strings.Join(out.all(), ""); !strings.Contains(got, "msg=last\n") {
			t.Errorf("got %q, want the last line", got)
		}
		log.Logger().Info("too late")
		if log.Dropped() != 1 {
			t.Errorf("%d lines counted as dropped, want the one after Close", log.Dropped())
		}
	})
}

func TestStuckOutputBlocksNobodyAndIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newStuck()
		log := logging.New(logging.Options{Out: out, Capacity: 10_000})
		log.Logger().Warn("first")
		<-out.entered
		for range 1000 {
			log.Logger().Info("line of a good length, so that the buffer is full before the last of them is there")
		}
		dropped := log.Dropped()
		if dropped < 900 || dropped == 1000 {
			t.Errorf("%d of 1000 lines were dropped", dropped)
		}
		close(out.release)
		synctest.Wait()
		<-time.After(time.Second)
		want := fmt.Sprintf(`msg="log lines were dropped, because the output was too slow" count=%d`, dropped)
		if got := strings.Join(out.all(), ""); strings.Count(got, want) != 1 || strings.Count(got, "\n") != int(1000-dropped)+2 {
			t.Errorf("want %q once among the lines that found room, got:\n%s", want, got)
		}
		closeLog(t, log)
	})
}

func TestDroppedLinesAreReportedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newStuck()
		log := logging.New(logging.Options{Out: out, Capacity: 200})
		log.Logger().Warn("first")
		<-out.entered
		for range 10 {
			log.Logger().Info("a line, of which two have room")
		}
		go close(out.release)
		closeLog(t, log)
		if got := strings.Join(out.all(), ""); !strings.Contains(got, fmt.Sprintf("count=%d", log.Dropped())) {
			t.Errorf("want a line about %d dropped ones, got:\n%s", log.Dropped(), got)
		}
	})
}

func TestCloseGivesUpOnAStuckOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := newStuck()
		log := logging.New(logging.Options{Out: out})
		log.Logger().Error("first")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := log.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		close(out.release)
	})
}

func TestManyWritersAndNoBrokenLine(t *testing.T) {
	t.Parallel()
	out := &sink{}
	log := logging.New(logging.Options{Out: out, JSON: true, Capacity: 4 << 20, Delay: time.Millisecond})
	const writers, lines = 8, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range lines {
				log.Logger().Info("request", "writer", w, "line", i)
			}
		})
	}
	wg.Wait()
	closeLog(t, log)
	next := [writers]int{}
	decoder := json.NewDecoder(strings.NewReader(strings.Join(out.all(), "")))
	for {
		var line struct{ Writer, Line int }
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if next[line.Writer] != line.Line {
			t.Fatalf("writer %d: line %d came where %d was due", line.Writer, line.Line, next[line.Writer])
		}
		next[line.Writer]++
	}
	for w, n := range next {
		if n != lines {
			t.Errorf("writer %d: %d lines arrived, want %d", w, n, lines)
		}
	}
}

func TestLevelIsKept(t *testing.T) {
	t.Parallel()
	out := &bytes.Buffer{}
	log := logging.New(logging.Options{Out: out, Level: slog.LevelError})
	log.Logger().Warn("not asked for")
	closeLog(t, log)
	if out.Len() != 0 {
		t.Errorf("got %q below the level", out)
	}
}

func closeLog(t *testing.T, log *logging.Log) {
	t.Helper()
	if err := log.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkLine compares a line through the buffer with one that goes to the system by itself.
func BenchmarkLine(b *testing.B) {
	null := func(b *testing.B) io.Writer {
		b.Helper()
		f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = f.Close() })
		return f
	}
	line := func(b *testing.B, logger *slog.Logger) {
		b.Helper()
		for b.Loop() {
			logger.Info("request", "method", "GET", "route", "/org/get", "status", 200, "bytes", 312, "micros", 27)
		}
	}
	b.Run("buffered", func(b *testing.B) {
		log := logging.New(logging.Options{Out: null(b), JSON: true, Capacity: 64 << 20})
		line(b, log.Logger())
		_ = log.Close(b.Context())
	})
	b.Run("direct", func(b *testing.B) { line(b, slog.New(slog.NewJSONHandler(null(b), nil))) })
}

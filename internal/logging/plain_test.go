package logging_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/logging"
)

// records are lines of every sort: what is written without slog, and what only looks so.
func records() []slog.Record {
	at := time.Date(2026, 3, 4, 5, 6, 7, 80_000_000, time.UTC)
	line := func(at time.Time, level slog.Level, message string, args ...any) slog.Record {
		r := slog.NewRecord(at, level, message, 0)
		r.Add(args...)
		return r
	}
	all := []slog.Record{
		line(at, slog.LevelInfo, "request", "status", 200, "took", 35_100*time.Nanosecond, "bytes", int64(-1)),
		line(at.Add(123_456_789), slog.LevelInfo, "request", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7"),
		line(at.In(time.FixedZone("", 5400)), slog.LevelWarn, "request", "took", 26*time.Hour),
		line(at, slog.LevelInfo+2, "between levels", "n", uint64(1), "ok", true, "f", 1.5, "at", at, "err", context.Canceled),
		line(time.Time{}, slog.LevelInfo, "timeless"),
		line(at, slog.LevelInfo, "", "empty", ""),
		line(at, slog.LevelInfo, "group", slog.Group("g", "a", 1), slog.Group("", "b", 2), slog.Attr{}),
	}
	for c := range rune(0x100) {
		text := "a" + string(c) + "b"
		all = append(all, line(at, slog.LevelInfo, text), line(at, slog.LevelInfo, "m", "k", text), line(at, slog.LevelInfo, "m", text, 1))
	}
	return append(all, line(at, slog.LevelInfo, "m", "k", "\xff"), line(at, slog.LevelInfo, "m", "k", "\u2028"))
}

// TestLinesAreThoseOfSlog compares every sort of line, of every sort of logger, with what slog's own handlers write.
func TestLinesAreThoseOfSlog(t *testing.T) {
	t.Parallel()
	loggers := map[string]func(slog.Handler) slog.Handler{
		"bare": func(h slog.Handler) slog.Handler { return h },
		"attributes": func(h slog.Handler) slog.Handler {
			return h.WithAttrs([]slog.Attr{slog.String("method", "GET"), slog.Int("n", 1)})
		},
		"twice": func(h slog.Handler) slog.Handler {
			return h.WithAttrs([]slog.Attr{slog.Int("a", 1)}).WithAttrs([]slog.Attr{slog.Int("b", 2)})
		},
		"quoted":       func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.String("path", "/a b")}) },
		"group":        func(h slog.Handler) slog.Handler { return h.WithGroup("g") },
		"group within": func(h slog.Handler) slog.Handler { return h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("a", 1)}) },
		"both":         func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.Int("a", 1)}).WithGroup("g") },
	}
	for form, slogs := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		for name, logger := range loggers {
			t.Run(form+" "+name, func(t *testing.T) {
				t.Parallel()
				var got, want bytes.Buffer
				log := logging.New(logging.Options{Out: &got, JSON: form == "json"})
				ours, theirs := logger(log.Logger().Handler()), logger(slogs(&want))
				for _, r := range records() {
					if err := ours.Handle(t.Context(), r); err != nil {
						t.Fatal(err)
					}
					if err := theirs.Handle(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				closeLog(t, log)
				compareLines(t, got.Bytes(), want.Bytes())
			})
		}
	}
}

func compareLines(t *testing.T, got, want []byte) {
	t.Helper()
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	if len(g) != len(w) {
		t.Fatalf("%d lines, want %d", len(g), len(w))
	}
	for i := range g {
		if !bytes.Equal(g[i], w[i]) {
			t.Errorf("got  %q\nwant %q", g[i], w[i])
		}
	}
}

package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/access"
)

// logAccess writes one line for each request: what a person needs to follow one request or one client, and nothing that
// was sent in a query, a header or a body. The logger that the server was given buffers, so this waits for no disk.
func (s *Server) logAccess(ctx context.Context, x *exchange, r *http.Request, took time.Duration) {
	level := levelOf(x.status)
	if ctx.Err() != nil {
		level = slog.LevelInfo // the client has gone, and nobody is to blame for the answer
	}
	// Straight to the handler: the logger would look up this line's place in the source for each request.
	log, prepared := s.log.Handler(), x.route != nil && x.route.method == r.Method
	if prepared {
		log = x.route.log
	}
	if !log.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(x.start.Add(took), level, "request", 0)
	line.AddAttrs(slog.String("request_id", x.id), slog.Int("status", x.status), slog.Duration("took", took),
		slog.Int64("bytes", x.bytes), slog.String("address", x.address))
	if !prepared {
		line.AddAttrs(slog.String("method", access.CleanClientText(r.Method)))
	}
	if !prepared || !x.route.fixed() {
		line.AddAttrs(slog.String("path", access.CleanClientText(r.URL.Path)))
	}
	if !x.caller.Anonymous() {
		line.AddAttrs(slog.String("caller", string(x.caller.Kind)), slog.String("caller_id", x.caller.Actor().ID))
	}
	if x.code != "" {
		line.AddAttrs(slog.String("code", string(x.code)))
	}
	if x.failure != nil && level > slog.LevelInfo {
		line.AddAttrs(slog.String("error", access.CleanClientText(x.failure.Error())))
	}
	_ = log.Handle(ctx, line)
}

// fixed reports whether the route's path is the same for every request.
func (rt *route) fixed() bool { return !strings.Contains(rt.path, "{") }

// logTo prepares what every line about the route has in common, so that it is formatted once.
func (rt *route) logTo(handler slog.Handler) {
	common := []slog.Attr{slog.String("method", rt.method)}
	if rt.fixed() {
		common = append(common, slog.String("path", rt.path))
	}
	rt.log = handler.WithAttrs(common)
}

// levelOf tells defects from what a busy or stopping server has to say, and that from everything else.
func levelOf(status int) slog.Level {
	switch {
	case status == http.StatusInternalServerError:
		return slog.LevelError
	case status > http.StatusInternalServerError:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

package httpapi

import (
	"context"
	"log/slog"
	"net/http"
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
	if !s.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("request_id", x.id),
		slog.String("method", access.CleanClientText(r.Method)),
		slog.String("path", access.CleanClientText(r.URL.Path)),
		slog.Int("status", x.status),
		slog.Duration("took", took),
		slog.Int64("bytes", x.bytes),
		slog.String("address", x.address),
	)
	if !x.caller.Anonymous() {
		attrs = append(attrs, slog.String("caller", string(x.caller.Kind)), slog.String("caller_id", x.caller.Actor().ID))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", string(x.code)))
	}
	if x.failure != nil && level > slog.LevelInfo {
		attrs = append(attrs, slog.String("error", access.CleanClientText(x.failure.Error())))
	}
	// Straight to the handler: the logger would look up this line's place in the source for each request.
	line := slog.NewRecord(x.start.Add(took), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = s.log.Handler().Handle(ctx, line)
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

package authn

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/access"
)

// eventsPerSecond bounds the security events in the log, so that an attack fills no disk. The first line
// after a pause tells how many were left out.
const eventsPerSecond = 10

// events writes failed logins and refusals to the log. They are no entries of the audit log: strangers could fill it.
type events struct {
	log *slog.Logger
	now func() time.Time

	mu         sync.Mutex
	second     int64
	written    int
	suppressed int
}

// noDetail is for events of which nothing more may be said.
var noDetail slog.Attr

// report writes an event, unless there were too many in this second. It holds what the client chose only in the form that
// access.CleanClientText gives it, and never an address that was typed: people type passwords there.
func (e *events) report(ctx context.Context, event string, caller access.Caller, detail slog.Attr) {
	suppressed, ok := e.admit()
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.String("event", event),
		slog.String("address", access.CleanClientText(caller.Address)),
		slog.String("request_id", access.CleanClientText(caller.RequestID)),
	}
	if detail.Key != "" {
		attrs = append(attrs, detail)
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	e.log.LogAttrs(ctx, slog.LevelWarn, "security event", attrs...)
}

// admit decides whether this event is written, and tells how many were not since the last one.
func (e *events) admit() (suppressed int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if second := e.now().Unix(); second != e.second {
		e.second, e.written = second, 0
	}
	if e.written == eventsPerSecond {
		e.suppressed++
		return 0, false
	}
	e.written++
	suppressed, e.suppressed = e.suppressed, 0
	return suppressed, true
}

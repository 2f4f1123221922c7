package teststores

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/orgd/orgd/internal/store"
)

// Shared opens stores on one database of the engine, as servers have it that share one, and a monitor that watches them all. Each
// store has a function that hears of every command by its name before it is sent; while it does not return the command is not
// sent. Nil hears nothing. They are MongoDB's in every run, for nothing else is shared.
func Shared(tb testing.TB, hear ...func(command string)) []store.Store {
	tb.Helper()
	m, database, stores := newMonitor(), newDatabase(), make([]store.Store, len(hear))
	tb.Cleanup(func() { m.tell(tb) })
	for i, before := range hear {
		commands := m.commands()
		if before != nil {
			judge := commands.Started
			commands.Started = func(ctx context.Context, e *event.CommandStartedEvent) {
				before(e.CommandName)
				judge(ctx, e) // by what is there when the command is sent
			}
		}
		stores[i] = openAs(tb, database, m, commands, Options{}, func(s store.Store) store.Store { return s })
	}
	return stores
}

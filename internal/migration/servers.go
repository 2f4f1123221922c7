package migration

import (
	"context"
	"maps"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// lookEvery is the longest time between two looks at the list of servers.
const lookEvery = 250 * time.Millisecond

// wantNobody refuses a store on whose list of servers one lives. It is asked after the store was closed: who had entered the list
// before that is seen here, and who enters it later sees that the store is closed. Those whose heartbeats stand still all the
// time are declared dead, which is final: should one wake up, it finds out by its next heartbeat and has to enter the list anew.
//
// Commands are on no list. They ask whether the store is in use before they begin, and are done within a moment; commands says
// that there may be some, and waits as long for them as for a server.
func (m *mover) wantNobody(ctx context.Context, s Side, commands bool) error {
	w := watch{seen: map[tenant.InstanceID]int64{}}
	if err := w.look(ctx, s); err != nil {
		return err
	}
	if len(w.seen) == 0 && !commands {
		return nil
	}
	limit := time.NewTimer(m.Silence)
	defer limit.Stop()
	looks := time.NewTicker(min(lookEvery, m.Silence/8))
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "the wait for the servers was ended")
		case <-looks.C:
			if err := w.look(ctx, s); err != nil {
				return err
			}
		case <-limit.C:
			return w.bury(ctx, s)
		}
	}
}

// watch is what was seen of the servers of a store: the counters of their heartbeats.
type watch struct{ seen map[tenant.InstanceID]int64 }

// look refuses a store with a server whose counter has moved since the look before.
func (w watch) look(ctx context.Context, s Side) error {
	all, err := s.Instances.List(ctx)
	if err != nil {
		return err
	}
	now := make(map[tenant.InstanceID]int64, len(all))
	for _, i := range all {
		if i.Dead {
			continue
		}
		if before, known := w.seen[i.ID]; known && before != i.Counter {
			return alive(s)
		}
		now[i.ID] = i.Counter
	}
	clear(w.seen) // who has left the list is gone
	maps.Copy(w.seen, now)
	return nil
}

// bury declares those dead that are still on the list.
func (w watch) bury(ctx context.Context, s Side) error {
	if err := w.look(ctx, s); err != nil {
		return err
	}
	for id, counter := range w.seen {
		switch err := s.Instances.DeclareDead(ctx, id, counter); tenant.CodeOf(err) {
		case "", tenant.CodeNotFound:
		case tenant.CodeConflict:
			return alive(s)
		default:
			return err
		}
	}
	return nil
}

func alive(s Side) error {
	return refuse("a server works on %s; stop all that orgd instances lists, and run this again", s.Name)
}

package presence

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// page is how many unsettled organizations are read at once.
const page = 100

// look does this server's part in the operations of others, and hurries the heartbeat that tells them.
func (k *Keeper) look(ctx context.Context) {
	unsettled, err := k.unsettled(ctx)
	if err != nil {
		return // the heartbeats fail as well, and tell
	}
	changed, err := k.Gates.Follow(ctx, unsettled)
	if err != nil && ctx.Err() == nil {
		k.Log.Warn("the end of another server's operation could not be read; it is tried again", "error", err)
	}
	if changed {
		select {
		case k.acked <- struct{}{}:
		default: // one that was asked for and not sent yet tells this too
		}
	}
	for _, org := range unsettled {
		if org.Op != nil && k.watch.gone(org.Op.Server, k.Gates.Self()) {
			k.Abandoned()
			return
		}
	}
}

// unsettled returns all organizations with an operation under way.
func (k *Keeper) unsettled(ctx context.Context) (all []tenant.Organization, err error) {
	var after tenant.OrgID
	for {
		some, err := k.Orgs.List(ctx, store.OrgFilter{Unsettled: true}, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			return all, nil
		}
		after = some[len(some)-1].ID
	}
}

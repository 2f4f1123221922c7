package placement

import (
	"context"
	"errors"
	"maps"

	"github.com/orgd/orgd/internal/tenant"
)

// drains reports whether an operation in this state wants every server to let go of the organization's data.
func drains(state tenant.State) bool {
	return state == tenant.StateRenaming || state == tenant.StateDeleting
}

// Follow does for the operations of other servers what [Gates.Drain] does for one's own: it closes the gates of the
// organizations that they drain, and opens those whose operation has ended. Unsettled are all organizations with an operation
// under way, as they are now. It reports whether [Gates.Acks] has changed; an organization whose gate still has somebody inside
// is acknowledged at a later call.
func (g *Gates) Follow(ctx context.Context, unsettled []tenant.Organization) (changed bool, err error) {
	before := g.Acks()
	self, closing := g.Self(), map[tenant.OrgID]bool{}
	for _, org := range unsettled {
		if !drains(org.State) || org.Op == nil || org.Op.Server == self && self != "" {
			continue
		}
		closing[org.ID] = true
		g.follow(org)
	}
	var failed error
	for id := range g.Followed() {
		if !closing[id] {
			failed = errors.Join(failed, g.unfollow(ctx, id))
		}
	}
	return !maps.Equal(before, g.Acks()), failed
}

// follow closes one gate, and acknowledges the epoch once nobody is inside.
func (g *Gates) follow(org tenant.Organization) {
	inside, _ := g.shut(org)
	if inside == 0 { // and nobody will be: the gate is closed
		g.directory.acknowledge(org.ID, org.Epoch)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.followed[org.ID] = max(g.followed[org.ID], org.Epoch)
	if inside == 0 {
		g.acks[org.ID] = max(g.acks[org.ID], org.Epoch)
	}
}

// unfollow reads what the operation has left and opens the gate.
func (g *Gates) unfollow(ctx context.Context, id tenant.OrgID) error {
	org, err := g.directory.orgs.Get(ctx, id)
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		g.OpenRemoved(id)
	case err != nil:
		return err
	case !org.AtRest() && drains(org.State):
		return nil // the next operation; the next look sees it
	default:
		g.Open(org)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.followed, id)
	delete(g.acks, id)
	return nil
}

// Followed returns the organizations whose gates are closed for operations of other servers, with their epochs.
func (g *Gates) Followed() map[tenant.OrgID]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.followed)
}

// Acks returns what this server has drained for others.
func (g *Gates) Acks() map[tenant.OrgID]tenant.Ack {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	acks := make(map[tenant.OrgID]tenant.Ack, len(g.acks))
	for org, epoch := range g.acks {
		acks[org] = tenant.Ack{Epoch: epoch, Uncertain: g.doubts.about(org, now)}
	}
	return acks
}

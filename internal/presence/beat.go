package presence

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// beat sends a heartbeat. The lease counts from before it was sent: others count from when they see it, which is later.
func (k *Keeper) beat(ctx context.Context) {
	sent := k.Now()
	k.counter++
	err := k.Instances.Beat(ctx, k.Gates.Self(), tenant.Heartbeat{Counter: k.counter, Acks: k.Gates.Acks(), At: tenant.Millis(sent)})
	switch {
	case err == nil:
		k.Gates.Renew(sent.Add(k.Lease))
		k.tell(ctx, nil)
	case tenant.IsCode(err, tenant.CodeNotFound):
		k.rejoin(ctx)
	default:
		k.tell(ctx, err)
	}
}

// rejoin comes back as another server: the others have declared this one dead, or it was removed from the list. Nobody is
// admitted from now on until the new one is on the list and has forgotten what the old one knew. Who declared it dead may have
// moved the installation away since; so, as at a start, the store is asked whether it is in use, after the list was entered.
func (k *Keeper) rejoin(ctx context.Context) {
	k.Gates.Fence()
	old, sent := k.Gates.Self(), k.Now()
	if k.next == "" {
		k.next = tenant.InstanceID(tenant.NewID())
	}
	id := k.next
	err := register(ctx, k.Instances, id, k.Version, sent)
	if err != nil && !tenant.IsCode(err, tenant.CodeIDTaken) { // taken by an attempt whose answer was lost
		k.tell(ctx, err) // the next heartbeat finds the old one dead once more
		return
	}
	if err := k.InUse(ctx); err != nil {
		k.turnedAway(ctx, id, err)
		return
	}
	k.next = ""
	k.Gates.Reborn(id)
	k.counter = 0
	k.Gates.Renew(sent.Add(k.Lease))
	k.Log.Warn("this server was declared dead by the others, since its heartbeats did not arrive; it goes on as another one", "was", old, "is", id)
}

// turnedAway is the end of a return to a store that is not in use any more. If it could not be asked, the next heartbeat tries again.
func (k *Keeper) turnedAway(ctx context.Context, id tenant.InstanceID, why error) {
	if !tenant.IsCode(why, tenant.CodeConflict) {
		k.tell(ctx, why)
		return
	}
	k.next = ""
	if err := k.Instances.Remove(ctx, id); err != nil {
		k.Log.Warn("a server could not be taken off the list", "server", id, "error", err)
	}
	k.Ousted(why)
}

// tell logs the first of several heartbeats that did not arrive, and that they arrive again.
func (k *Keeper) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !k.failing && ctx.Err() == nil:
		k.Log.Warn("a heartbeat did not arrive; without one for the time of ORGD_LEASE this server stops serving tenants' data", "error", err)
	case err == nil && k.failing:
		k.Log.Info("heartbeats arrive again")
	}
	k.failing = err != nil
}

package barriertest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/orgd/orgd/internal/tenant"
)

// roll is the list of servers as one server reaches it.
type roll struct{ *line }

var errCut = tenant.Errorf(tenant.CodeUnavailable, "the heartbeat did not arrive")

// Register implements store.Instances.
func (r roll) Register(ctx context.Context, i tenant.Instance) error {
	return r.write(ctx, beating, "comes on the list", func() error {
		r.servers[i.ID] = i
		return nil
	}, func() bool { _, ok := r.servers[i.ID]; return ok })
}

// Beat implements store.Instances.
func (r roll) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	if r.isCut() {
		return errCut
	}
	tell := ""
	for _, org := range slices.Sorted(maps.Keys(beat.Acks)) {
		tell += fmt.Sprintf("acknowledges epoch %d", beat.Acks[org].Epoch)
		if beat.Acks[org].Uncertain {
			tell += " (uncertain)"
		}
	}
	beat.Acks = maps.Clone(beat.Acks)
	return r.write(ctx, beating, tell, func() error {
		i, ok := r.servers[id]
		switch {
		case !ok || i.Dead:
			return tenant.Errorf(tenant.CodeNotFound, "not on the list, or dead")
		case beat.Counter <= i.Counter:
			return tenant.Errorf(tenant.CodeConflict, "a later one was here")
		}
		i.Heartbeat = beat
		r.servers[id] = i
		return nil
	}, func() bool { i := r.servers[id]; return !i.Dead && i.Counter >= beat.Counter })
}

// DeclareDead implements store.Instances.
func (r roll) DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error {
	if r.isCut() {
		return errCut
	}
	return r.write(ctx, beating, "declares a server dead", func() error {
		i, ok := r.servers[id]
		switch {
		case !ok:
			return tenant.Errorf(tenant.CodeNotFound, "not on the list")
		case i.Counter != counter && !i.Dead:
			return tenant.Errorf(tenant.CodeConflict, "it lives")
		}
		i.Dead = true
		r.servers[id] = i
		return nil
	}, func() bool { return r.servers[id].Dead })
}

// List implements store.Instances.
func (r roll) List(ctx context.Context) ([]tenant.Instance, error) {
	if r.isCut() {
		return nil, errCut
	}
	var list []tenant.Instance
	err := r.ask(ctx, listing, func() error {
		list = slices.SortedFunc(maps.Values(r.servers), func(a, b tenant.Instance) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Remove implements store.Instances.
func (r roll) Remove(ctx context.Context, id tenant.InstanceID) error {
	return r.write(ctx, beating, "takes a server off the list", func() error {
		delete(r.servers, id)
		return nil
	}, func() bool { _, ok := r.servers[id]; return !ok })
}

package orgs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// recoverPage is how many unsettled organizations are read at once.
const recoverPage = 100

// Recover finishes, or takes back, every operation that nobody works on: those whose server is gone, those of commands whose
// lease is over, and those which this process began and lost. Call it before serving; [Service.RunRecovery] goes on from there. Operations that
// others work on are left alone. It returns the first error and goes on after it with the others.
func (s *Service) Recover(ctx context.Context) error {
	var first error
	keep := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	var after tenant.OrgID
	for {
		page, err := s.Orgs.List(ctx, store.OrgFilter{Unsettled: true}, after, recoverPage)
		if err != nil {
			return err
		}
		for _, org := range page {
			keep(s.recoverOne(ctx, org))
			after = org.ID
		}
		if len(page) < recoverPage {
			break
		}
	}
	keep(s.reopenAdrift(ctx))
	return first
}

// RunRecovery recovers whenever this process lost an operation, and every so often for those of others, until ctx ends.
// After a failure it waits for its next turn: what it could not recover it has lost once more, and would never rest.
func (s *Service) RunRecovery(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	wake := s.wake
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-ticker.C:
		}
		wake = s.wake
		if err := s.Recover(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("recovery of operations failed; it is tried again", "error", err)
			wake = nil
		}
	}
}

// Hurry has the running recovery look now.
func (s *Service) Hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Service) recoverOne(ctx context.Context, org tenant.Organization) error {
	stale, err := s.stale(ctx, org.Op)
	if err != nil || !stale {
		return err
	}
	seen, op := org.Op.Owner, *org.Op
	s.own(&op)
	taken, err := s.Orgs.Update(ctx, org.ID, op.Ref(), owned(seen, func(o *tenant.Organization) {
		o.Op.Server, o.Op.Owner, o.Op.LeaseUntil = op.Server, op.Owner, op.LeaseUntil
		o.Op.Unclean = o.Op.Unclean || o.Op.Step == tenant.StepPhysical // who had it may have sent something that is late
	}))
	if err != nil {
		s.stopped(op.Owner)
		if errors.Is(err, errSuperseded) || tenant.IsCode(err, tenant.CodeNotFound) {
			return nil
		}
		return err
	}
	rested, err := s.drive(ctx, taken)
	if isFault(err) {
		return err
	}
	s.Log.Info("operation recovered", "organization", org.ID, "kind", op.Kind, "state", rested.State, "refusal", err)
	return nil
}

// stale reports whether nobody works on the operation. A server that is not registered any more is gone for good: it
// registers before its first read and is removed after its last write. One that is on the list and not dead recovers what it
// lost itself; the end of the lease says nothing about it, since the clocks of two machines may differ by more than that. An
// operation without a server is that of a command beside servers, which is on no list: its lease alone tells.
func (s *Service) stale(ctx context.Context, op *tenant.Operation) (bool, error) {
	if op.Server == "" {
		return s.Now().After(op.LeaseUntil), nil
	}
	if op.Server == s.Gates.Self() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.running[op.Owner], nil
	}
	instances, err := s.Instances.List(ctx)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(instances, func(in tenant.Instance) bool { return in.ID == op.Server && !in.Dead }), nil
}

// recoverStale recovers the organization that is in somebody's way, if nobody works on it, and reports whether it did.
func (s *Service) recoverStale(ctx context.Context, id tenant.OrgID) bool {
	if id == "" {
		return false
	}
	org, err := s.Orgs.Get(ctx, id)
	if err != nil || org.AtRest() {
		return false
	}
	if stale, err := s.stale(ctx, org.Op); err != nil || !stale {
		return false
	}
	return s.recoverOne(ctx, org) == nil
}

// reopenAdrift opens the gates of organizations whose operation had ended although the store's answer was lost.
func (s *Service) reopenAdrift(ctx context.Context) error {
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.adrift))
	s.mu.Unlock()
	for _, id := range ids {
		org, err := s.Orgs.Get(ctx, id)
		switch {
		case tenant.IsCode(err, tenant.CodeNotFound):
			s.Gates.OpenRemoved(id)
		case err != nil:
			return err
		case !org.AtRest():
			continue // recovered above, or another's by now
		default:
			s.Gates.Open(org)
		}
		s.mu.Lock()
		delete(s.adrift, id)
		s.mu.Unlock()
	}
	return nil
}

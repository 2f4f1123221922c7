package migration

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// InUse returns nil for a store that servers and commands may work on, and else the line that says why not, and what to do. Who
// works on a shared store asks after it has told the list of servers of itself, or a move that began meanwhile would not see it.
func InUse(ctx context.Context, standing store.Standing, name string) error {
	s, err := standing.Get(ctx)
	if err != nil {
		return err
	}
	since := s.Since.UTC().Format(time.RFC3339)
	switch s.Phase {
	case tenant.PhaseInUse:
		return nil
	case tenant.PhaseClosed:
		return refuse("%s is closed since %s, while it is moved to %s; run orgd migrate again to go on with that, or open it again with: orgd migrate --cancel",
			name, since, s.Peer)
	case tenant.PhaseFilling:
		return refuse("%s is being filled from %s since %s and is not complete; run orgd migrate there again to go on", name, s.Peer, since)
	case tenant.PhaseRetired:
		return refuse("%s is retired since %s: the installation moved to %s, so set ORGD_STORE to that; the way back is orgd migrate from there to a new place",
			name, since, s.Peer)
	default:
		return refuse("%s is %q for a version of orgd that is newer than this one", name, s.Phase)
	}
}

// Cancel opens a source again that an unfinished move has left closed. The target stays as it is, for a later move or to be
// removed.
func Cancel(ctx context.Context, source Side) error {
	s, err := source.Transfer.Standing.Get(ctx)
	switch {
	case err != nil:
		return err
	case s.Phase == tenant.PhaseClosed:
		return source.Transfer.Standing.Swap(ctx, s, tenant.Standing{})
	case s.Phase == tenant.PhaseInUse:
		return refuse("%s is in use, so there is nothing to cancel", source.Name)
	default:
		return InUse(ctx, source.Transfer.Standing, source.Name)
	}
}

// begin takes both stores for the move. It reports true where an earlier attempt had copied everything, and finishes that one.
func (m *mover) begin(ctx context.Context) (complete bool, err error) {
	if m.source.Name == m.target.Name {
		return false, refuse("%s is both where the installation is and where it should go; name another place with --to", m.source.Name)
	}
	from, err := m.source.Transfer.Standing.Get(ctx)
	if err != nil {
		return false, err
	}
	to, err := m.target.Transfer.Standing.Get(ctx)
	if err != nil {
		return false, err
	}
	if from.Phase == tenant.PhaseRetired {
		return true, m.finish(ctx, from, to)
	}
	if err := m.judge(ctx, from, to); err != nil {
		return false, err
	}
	if err := m.closeSource(ctx, from); err != nil {
		return false, m.undone(ctx, err)
	}
	if err := m.fillTarget(ctx, to); err != nil {
		return false, m.undone(ctx, err)
	}
	return false, nil
}

// judge refuses stores that this move is not for, before anything is written.
func (m *mover) judge(ctx context.Context, from, to tenant.Standing) error {
	switch there, err := served(ctx, m.source); {
	case err != nil:
		return err
	case from.Phase != tenant.PhaseInUse && from.Phase != tenant.PhaseClosed:
		return InUse(ctx, m.source.Transfer.Standing, m.source.Name)
	case !there:
		return refuse("%s holds nothing to move: no orgd was ever started there", m.source.Name)
	}
	var err error
	m.installation, err = m.source.Installation.Found(ctx, tenant.Installation{ID: tenant.NewID(), CreatedAt: tenant.Millis(m.Now())})
	if err != nil {
		return err
	}
	if err := m.sealKeys(ctx); err != nil {
		return err
	}
	if from.Phase == tenant.PhaseClosed && from.Peer != m.target.Name {
		return refuse("%s is closed for a move to %s; run orgd migrate to there again, or open it with: orgd migrate --cancel", m.source.Name, from.Peer)
	}
	switch to.Phase {
	case tenant.PhaseFilling:
		if to.Installation != m.installation.ID {
			return refuse("%s is being filled with another installation, from %s; name another place, or remove what lies there", m.target.Name, to.Peer)
		}
		return nil
	case tenant.PhaseInUse:
		return m.wantEmpty(ctx)
	default:
		return InUse(ctx, m.target.Transfer.Standing, m.target.Name)
	}
}

// wantEmpty refuses a target in which anything lies.
func (m *mover) wantEmpty(ctx context.Context) error {
	there, err := served(ctx, m.target)
	if err != nil {
		return err
	}
	homes, err := m.target.Transfer.Homes.All(ctx)
	if err != nil {
		return err
	}
	if there || len(homes) > 0 {
		return refuse("%s holds an installation already, which stays as it is; name an empty folder or database", m.target.Name)
	}
	return nil
}

// closeSource keeps servers and commands out of the source, and sees that nobody is inside and nothing half done. A store that is
// not shared is closed by its lock, and nothing in it changes. One that an earlier run has closed is closed anew: that run may
// still go on somewhere, and can retire the source no more.
func (m *mover) closeSource(ctx context.Context, from tenant.Standing) error {
	m.closed = from
	if m.source.Shared {
		m.closed = m.standing(tenant.PhaseClosed, m.target.Name, from)
		m.began = from.Phase == tenant.PhaseInUse // whatever becomes of the answer
		if err := m.source.Transfer.Standing.Swap(ctx, from, m.closed); err != nil {
			return m.lost(ctx, err)
		}
		if err := m.wantNobody(ctx, m.source, true); err != nil {
			return err
		}
	}
	return m.wantRest(ctx)
}

// fillTarget takes the target for this run. An earlier run that still goes on somewhere finds that out; see [mover.still]. Should it be
// past its last look, it fails when it would retire the source, which this run has closed anew.
func (m *mover) fillTarget(ctx context.Context, to tenant.Standing) error {
	m.filling = m.standing(tenant.PhaseFilling, m.source.Name, to)
	if err := m.target.Transfer.Standing.Swap(ctx, to, m.filling); err != nil {
		return m.lost(ctx, err)
	}
	err := m.takeTarget(ctx, to)
	if err != nil && to.Phase == tenant.PhaseInUse {
		ctx, cancel := aside(ctx)
		defer cancel()
		_ = m.target.Transfer.Standing.Swap(ctx, m.filling, to) // else the next attempt finds it filling, which is as well
	}
	return err
}

func (m *mover) takeTarget(ctx context.Context, to tenant.Standing) error {
	if m.target.Shared {
		if err := m.wantNobody(ctx, m.target, false); err != nil {
			return err
		}
	}
	if to.Phase == tenant.PhaseInUse { // who began to use it before the swap has left something by now
		if err := m.wantEmpty(ctx); err != nil {
			return err
		}
	}
	found, err := m.target.Installation.Found(ctx, m.installation)
	if err == nil && found.ID != m.installation.ID {
		err = refuse("%s belongs to another installation; name an empty folder or database", m.target.Name)
	}
	if err == nil && found.Issuer != m.installation.Issuer { // the source was not served yet when a move to here was given up
		_, err = m.target.Installation.SetIssuer(ctx, m.installation.Issuer)
	}
	return err
}

// undone takes the closing of the source back, if it was this run's, since nothing has been copied yet.
func (m *mover) undone(ctx context.Context, why error) error {
	if m.began {
		ctx, cancel := aside(ctx)
		defer cancel()
		_ = m.source.Transfer.Standing.Swap(ctx, m.closed, tenant.Standing{}) // else it stays closed, and says what to do
	}
	return why
}

// end gives the installation over: first the source is retired, then the target is in use. Both name the moment at which this run found the
// target complete, so that nobody takes what a later run left there for that.
func (m *mover) end(ctx context.Context) error {
	complete := m.standing(tenant.PhaseFilling, m.source.Name, m.filling)
	if err := m.target.Transfer.Standing.Swap(ctx, m.filling, complete); err != nil {
		if tenant.IsCode(err, tenant.CodeConflict) {
			return ErrTakenOver
		}
		return err
	}
	m.filling = complete
	retired := tenant.Standing{Phase: tenant.PhaseRetired, Peer: m.target.Name, Installation: m.installation.ID, Since: complete.Since}
	if err := m.source.Transfer.Standing.Swap(ctx, m.closed, retired); err != nil {
		return m.lost(ctx, err)
	}
	return m.target.Transfer.Standing.Swap(ctx, m.filling, tenant.Standing{})
}

// finish ends a move whose source is retired already: its target is complete and verified. Any other one is not, also where an
// earlier move of the same installation, or a later one of a copy of the source, has left it half filled.
func (m *mover) finish(ctx context.Context, from, to tenant.Standing) error {
	elsewhere := InUse(ctx, m.source.Transfer.Standing, m.source.Name)
	if from.Peer != m.target.Name {
		return elsewhere
	}
	switch to.Phase {
	case tenant.PhaseFilling:
		if to.Installation != from.Installation || !to.Since.Equal(from.Since) {
			return elsewhere
		}
		return m.target.Transfer.Standing.Swap(ctx, to, tenant.Standing{})
	case tenant.PhaseInUse:
		there, err := served(ctx, m.target)
		if err != nil {
			return err
		}
		if !there {
			return elsewhere
		}
		found, err := m.target.Installation.Found(ctx, tenant.Installation{ID: tenant.NewID(), CreatedAt: tenant.Millis(m.Now())})
		if err != nil || found.ID == from.Installation {
			return err
		}
		return elsewhere
	default:
		return elsewhere
	}
}

// ErrTakenOver is the end of a run whose move another one has taken over, and goes on with.
var ErrTakenOver = refuse("another orgd migrate goes on with this move; let that one finish")

// still fails if another run has taken the target meanwhile. Where a lock keeps others from it there is none.
func (m *mover) still(ctx context.Context) error {
	if !m.target.Shared {
		return nil
	}
	now, err := m.target.Transfer.Standing.Get(ctx)
	if err == nil && !same(now, m.filling) {
		err = ErrTakenOver
	}
	return err
}

// lost returns ErrTakenOver for a swap that failed since another run has closed the source, and any other error as it is.
func (m *mover) lost(ctx context.Context, why error) error {
	if !tenant.IsCode(why, tenant.CodeConflict) {
		return why
	}
	now, err := m.source.Transfer.Standing.Get(ctx)
	if err == nil && now.Phase == tenant.PhaseClosed && !same(now, m.closed) {
		return ErrTakenOver
	}
	return why
}

// standing returns a standing of this move that is later than the one it replaces, so that the two never are one.
func (m *mover) standing(phase tenant.Phase, peer string, old tenant.Standing) tenant.Standing {
	next := tenant.Standing{Phase: phase, Peer: peer, Installation: m.installation.ID, Since: tenant.Millis(m.Now())}
	if !next.Since.After(old.Since) {
		next.Since = old.Since.Add(time.Millisecond)
	}
	return next
}

// same reports whether two standings are one.
func same(a, b tenant.Standing) bool {
	moment := a.Since.Equal(b.Since)
	a.Since, b.Since = time.Time{}, time.Time{}
	return moment && a == b
}

// served reports whether anything lies in a store's catalog: a first start leaves keys there.
func served(ctx context.Context, s Side) (there bool, err error) {
	for _, look := range []func() (bool, error){
		func() (bool, error) { return hasAny(ctx, s.Transfer.Keys) },
		func() (bool, error) { return hasAny(ctx, s.Transfer.Orgs) },
		func() (bool, error) { return hasAny(ctx, s.Transfer.Users) },
		func() (bool, error) { return hasAny(ctx, s.Transfer.Operators) },
		func() (bool, error) { return hasAny(ctx, s.Transfer.Audit) },
	} {
		if there, err = look(); there || err != nil {
			return there, err
		}
	}
	return false, nil
}

func hasAny[T any](ctx context.Context, t store.Table[T]) (bool, error) {
	first, err := t.Scan(ctx, nil, 1)
	return len(first) > 0, err
}

// asideTime is how long tidying up may take once the move has failed.
const asideTime = 5 * time.Second

// aside is a context for tidying up, also where ctx is over.
func aside(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), asideTime)
}

// refuse is the error of a move that cannot begin.
func refuse(format string, args ...any) error {
	return tenant.Errorf(tenant.CodeConflict, format, args...)
}

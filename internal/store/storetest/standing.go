package storetest

import (
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// standingCases look at what the whole store is for, so each has one of its own.
func standingCases() []Case {
	return about("Transfer.Standing",
		clause{name: "InUseAtFirst", alone: true, check: standingInUseAtFirst},
		clause{name: "SwapComparesEveryField", alone: true, check: standingSwapCompares},
		clause{name: "SwapsHaveOneWinner", alone: true, check: standingSwapsHaveOneWinner},
	)
}

// newStanding returns a standing with every field set.
func newStanding(phase tenant.Phase) tenant.Standing {
	return tenant.Standing{Phase: phase, Peer: "sqlite:/var/lib/" + token() + " (日本)", Installation: tenant.NewID(), Since: noon}
}

// stands complains unless the store's standing is this one.
func (d *desk) stands(want tenant.Standing, what string) {
	d.Helper()
	got, err := d.Transfer.Standing.Get(d.Context())
	d.need(err, "get")
	d.same(got, cut(want), "the standing %s", what)
}

func standingInUseAtFirst(d *desk) {
	d.stands(tenant.Standing{}, "of a new store")
	closed := newStanding(tenant.PhaseClosed)
	d.want(tenant.CodeConflict, d.Transfer.Standing.Swap(d.Context(), closed, tenant.Standing{}), "swap of one that it never had")
	d.stands(tenant.Standing{}, "after a swap that was refused")
	d.putOrg(nil)
	d.stands(tenant.Standing{}, "of a store in use")
}

func standingSwapCompares(d *desk) {
	for _, path := range blanks(newStanding(tenant.PhaseClosed)) {
		d.Errorf("the case leaves %s empty: a field of the vocabulary is not tested", path)
	}
	present := tenant.Standing{}
	for _, next := range []tenant.Standing{
		newStanding(tenant.PhaseClosed), newStanding(tenant.PhaseClosed), newStanding(tenant.PhaseFilling),
		{Phase: tenant.PhaseRetired},
		{},
		{Phase: tenant.PhaseFilling, Since: time.UnixMilli(0)},
		maximal(newStanding(tenant.PhaseRetired)),
	} {
		for path, other := range variations(present) {
			err := d.Transfer.Standing.Swap(d.Context(), other, newStanding(tenant.PhaseRetired))
			d.want(tenant.CodeConflict, err, "swap of one that differs in %s", path)
		}
		d.stands(present, "after swaps that were refused")
		d.need(d.Transfer.Standing.Swap(d.Context(), present, next), "swap")
		d.stands(next, "after the swap")
		d.want(tenant.CodeConflict, d.Transfer.Standing.Swap(d.Context(), present, next), "the same swap again")
		present = next
	}
	d.need(d.Transfer.Standing.Swap(d.Context(), present, present), "swap for the same")
	d.stands(present, "after a swap for the same")
}

func standingSwapsHaveOneWinner(d *desk) {
	rivals := make([]tenant.Standing, crowd)
	for i := range rivals {
		rivals[i] = newStanding(tenant.PhaseFilling)
	}
	errs := together(crowd, func(i int) error { return d.Transfer.Standing.Swap(d.Context(), tenant.Standing{}, rivals[i]) })
	d.stands(rivals[d.winner(errs, tenant.CodeConflict, "swaps of one standing")], "after many swaps at once")
}

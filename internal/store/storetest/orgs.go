package storetest

import (
	"errors"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func orgCases() []Case {
	return append(about("Orgs",
		clause{name: "GetInWhateverState", check: orgInWhateverState},
		clause{name: "FindByAnyClaim", check: orgByAnyClaim},
		clause{name: "FindComparesByBytes", check: orgFindComparesByBytes},
		clause{name: "VersionsOfThoseThatExist", check: orgVersions},
		clause{name: "InsertTakesEveryClaimOrNone", check: orgInsertTakesEveryClaimOrNone},
		clause{name: "InsertAgainIsAnIDTaken", check: orgInsertAgain},
		clause{name: "ClaimErrorTellsHolderAndPending", check: orgClaimErrorTellsHolder},
		clause{name: "InsertsWithACommonClaimHaveOneWinner", check: orgInsertsWithACommonClaim},
		clause{name: "InsertsWithAllClaimsInCommonHaveOneWinner", check: orgInsertsWithAllClaims},
		clause{name: "UpdateTakesAndFreesClaims", check: orgUpdateTakesAndFreesClaims},
		clause{name: "UpdateThatMissesAClaimChangesNothing", check: orgUpdateThatMissesAClaim},
		clause{name: "UpdatesToACommonClaimHaveOneWinner", check: orgUpdatesToACommonClaim},
		clause{name: "RemoveFreesClaims", check: orgRemoveFreesClaims},
		clause{name: "RemoveOfAnotherVersion", check: orgRemoveOfAnotherVersion},
		clause{name: "RemoveHasOneWinner", check: orgRemoveHasOneWinner},
		clause{name: "RemoveOrUpdateWins", check: orgRemoveOrUpdateWins},
		clause{name: "CountIsOutsideTheTrash", alone: true, check: orgCount},
	), orgListCases()...)
}

// putOrg inserts an organization, changed beforehand, and returns it as it is stored.
func (d *desk) putOrg(edit func(*tenant.Organization)) tenant.Organization {
	d.Helper()
	org := newOrg()
	if edit != nil {
		edit(&org)
	}
	return put(d, orgKind(d), org)
}

// holder complains unless the organization with the id holds the claim; "" for none.
func (d *desk) holder(claim tenant.Claim, id tenant.OrgID) {
	d.Helper()
	got, err := d.Orgs.Find(d.Context(), claim)
	if id == "" {
		d.want(tenant.CodeNotFound, err, "find %q", claim)
		return
	}
	if err != nil || got.ID != id {
		d.Errorf("find %q: got %q, %s, want %q", claim, got.ID, told(err), id)
	}
}

// claimError complains unless err is a *store.ClaimError with these fields that wraps the code of its claim.
func (d *desk) claimError(err error, want store.ClaimError, what string) {
	d.Helper()
	var got *store.ClaimError
	if !errors.As(err, &got) {
		d.Errorf("%s: got %s, want a *store.ClaimError", what, told(err))
		return
	}
	d.same(*got, want, "%s", what)
	d.want(want.Claim.TakenCode(), err, "%s", what)
}

func orgInWhateverState(d *desk) {
	for _, state := range []tenant.State{
		tenant.StateCreating, tenant.StateActive, tenant.StateRenaming, tenant.StateDeleting,
		tenant.StateTrashed, tenant.StateRestoring, tenant.StatePurging, tenant.StatePurged,
	} {
		org := d.putOrg(func(o *tenant.Organization) { o.State = state })
		d.same(org.State, state, "the state that get returns")
		d.holder(org.Claims[0], org.ID)
	}
}

func orgByAnyClaim(d *desk) {
	org := d.putOrg(nil)
	for _, claim := range org.Claims {
		d.holder(claim, org.ID)
	}
	got, err := d.Orgs.Find(d.Context(), org.Claims[1])
	d.need(err, "find")
	d.same(got, org, "what find returns")
}

// Two claims are the same if their bytes are: neither case, nor accents, nor blanks, nor normal forms are folded, and no
// character stands for others.
func orgFindComparesByBytes(d *desk) {
	word := token()
	claim := func(text string) tenant.Claim { return tenant.Claim("name:" + word + text) }
	spellings := []string{
		"straße", "strasse", "STRASSE", "Straße", "cafe", "café", "cafe\u0301", "a b", "a  b", "a b ", "a_b", "a%b", "a*b", "İ", "i̇",
		"a\\b", "a.b", "a'b", "\U0001F600", "\uFF21", "A",
	}
	ids := map[string]tenant.OrgID{}
	for _, text := range spellings {
		ids[text] = d.putOrg(func(o *tenant.Organization) { o.Claims = []tenant.Claim{claim(text)} }).ID
	}
	for text, id := range ids {
		d.holder(claim(text), id)
	}
	for _, text := range []string{"caf_", "caf%", "Cafe", "a b  x", "^a", ".*", ""} {
		d.holder(claim(text), "")
	}
}

// A claim of whatever kind keeps an insert out, and nothing of the refused organization is left, not even its free claims.
func orgInsertTakesEveryClaimOrNone(d *desk) {
	first := newOrg()
	d.need(d.Orgs.Insert(d.Context(), first, upkeep), "insert")
	for i := range first.Claims {
		second := newOrg()
		second.Claims[i] = first.Claims[i]
		err := d.Orgs.Insert(d.Context(), second, upkeep)
		d.claimError(err, store.ClaimError{Claim: first.Claims[i], Holder: first.ID}, "insert with a claim that is taken")
		_, err = d.Orgs.Get(d.Context(), second.ID)
		d.want(tenant.CodeNotFound, err, "get of the organization that was refused")
		for j, claim := range second.Claims {
			if j != i {
				d.holder(claim, "")
			}
		}
		d.holder(first.Claims[i], first.ID)
	}
}

// An insert that is repeated finds its own id in the way, not its own claims: those are no other organization's.
func orgInsertAgain(d *desk) {
	org := d.putOrg(nil)
	d.want(tenant.CodeIDTaken, d.Orgs.Insert(d.Context(), org, upkeep), "the same insert again")
}

func orgClaimErrorTellsHolder(d *desk) {
	for _, op := range []*tenant.Operation{nil, newOperation()} {
		first := d.putOrg(func(o *tenant.Organization) { o.Op = op })
		for i, claim := range first.Claims {
			want := store.ClaimError{Claim: claim, Holder: first.ID, Pending: op != nil}
			second := newOrg()
			second.Claims[i] = claim
			d.claimError(d.Orgs.Insert(d.Context(), second, upkeep), want, "insert")
			third := d.putOrg(nil)
			_, err := d.Orgs.Update(d.Context(), third.ID, upkeep, func(o *tenant.Organization) error {
				o.Claims = append(o.Claims, claim)
				return nil
			})
			d.claimError(err, want, "update")
		}
	}
}

func orgInsertsWithACommonClaim(d *desk) {
	for i := range newOrg().Claims {
		rivals := make([]tenant.Organization, crowd)
		for n := range rivals {
			rivals[n] = newOrg()
			rivals[n].Claims[i] = rivals[0].Claims[i]
		}
		claim := rivals[0].Claims[i]
		errs := together(crowd, func(n int) error { return d.Orgs.Insert(d.Context(), rivals[n], upkeep) })
		won := d.winner(errs, claim.TakenCode(), "inserts with a common claim")
		d.holder(claim, rivals[won].ID)
		for n, err := range errs {
			if n != won {
				d.claimError(err, store.ClaimError{Claim: claim, Holder: rivals[won].ID}, "an insert that lost")
			}
		}
	}
}

// Rivals that want the same claims in another order must not keep each other out, so that none gets them.
func orgInsertsWithAllClaims(d *desk) {
	rivals := make([]tenant.Organization, crowd)
	claims := newOrg().Claims
	for n := range rivals {
		rivals[n] = newOrg()
		first := n % len(claims)
		rivals[n].Claims = slices.Concat(claims[first:], claims[:first])
	}
	errs := together(crowd, func(n int) error { return d.Orgs.Insert(d.Context(), rivals[n], upkeep) })
	count := 0
	for n, err := range errs {
		if err == nil {
			count++
			d.holder(claims[0], rivals[n].ID)
			continue
		}
		d.wantOneOf([]tenant.Code{tenant.CodeNameTaken, tenant.CodeSlugTaken}, err, "an insert that lost")
	}
	d.same(count, 1, "how many of %d inserts with the same claims succeeded", crowd)
}

// rename is the update that ends a rename: it frees the old claims and takes new ones.
func (d *desk) rename(org tenant.Organization, claims []tenant.Claim, trail tenant.Trail) error {
	_, err := d.Orgs.Update(d.Context(), org.ID, trail, func(o *tenant.Organization) error {
		o.Claims = claims
		return nil
	})
	return err
}

func orgUpdateTakesAndFreesClaims(d *desk) {
	org, next := d.putOrg(nil), newOrg()
	both := append(next.Claims[:2:2], org.Claims...)
	d.need(d.rename(org, both, upkeep), "take claims beside the old ones")
	for _, claim := range both {
		d.holder(claim, org.ID)
	}
	d.need(d.rename(org, next.Claims[:2], upkeep), "free the old claims")
	for _, claim := range org.Claims {
		d.holder(claim, "")
	}
	d.holder(next.Claims[0], org.ID)
	d.need(d.Orgs.Insert(d.Context(), named(org, newOrg()), upkeep), "insert another one with the claims that are free")
	d.want(tenant.CodeNameTaken, d.rename(org, org.Claims, upkeep), "rename back to what another one holds now")
	d.need(d.rename(org, nil, upkeep), "free all claims")
	d.holder(next.Claims[1], "")
}

func orgUpdateThatMissesAClaim(d *desk) {
	holder, org, next := d.putOrg(nil), d.putOrg(nil), newOrg()
	for i, claim := range holder.Claims {
		claims := []tenant.Claim{next.Claims[0], claim, next.Claims[1]}
		d.claimError(d.rename(org, claims, upkeep), store.ClaimError{Claim: claim, Holder: holder.ID}, "rename to a taken claim")
		d.holder(holder.Claims[i], holder.ID)
	}
	for i := range 2 {
		d.holder(next.Claims[i], "")
		d.holder(org.Claims[i], org.ID)
	}
	got, err := d.Orgs.Get(d.Context(), org.ID)
	d.need(err, "get")
	d.same(got, org, "the organization whose update was refused")
}

func orgUpdatesToACommonClaim(d *desk) {
	const rivals = 16
	ids := make([]tenant.OrgID, rivals)
	for i := range ids {
		ids[i] = d.putOrg(nil).ID
	}
	claim := newOrg().Claims[1]
	errs := together(rivals, func(i int) error {
		_, err := d.Orgs.Update(d.Context(), ids[i], upkeep, func(o *tenant.Organization) error {
			o.Claims = append(o.Claims, claim)
			return nil
		})
		return err
	})
	d.holder(claim, ids[d.winner(errs, tenant.CodeSlugTaken, "updates to a common claim")])
}

func orgRemoveFreesClaims(d *desk) {
	org := d.putOrg(nil)
	d.need(d.Orgs.Remove(d.Context(), org.ID, 1, upkeep), "remove")
	_, err := d.Orgs.Get(d.Context(), org.ID)
	d.want(tenant.CodeNotFound, err, "get of what was removed")
	for _, claim := range org.Claims {
		d.holder(claim, "")
	}
	listed, err := d.Orgs.List(d.Context(), store.OrgFilter{NamePrefix: org.Name.Key()}, "", 2)
	d.need(err, "list")
	d.same(len(listed), 0, "the organizations in the list after the removal")
	d.want(tenant.CodeNotFound, d.Orgs.Remove(d.Context(), org.ID, 1, upkeep), "remove again")
	d.want(tenant.CodeNotFound, errOf(d.Orgs.Update(d.Context(), org.ID, upkeep,
		func(*tenant.Organization) error { return nil })), "update of what was removed")
	d.need(d.Orgs.Insert(d.Context(), named(org, newOrg()), upkeep), "insert another one with the claims that are free")
}

func orgRemoveOfAnotherVersion(d *desk) {
	org := d.putOrg(nil)
	d.need(d.rename(org, org.Claims, upkeep), "change it to version 2")
	for _, version := range []int64{0, 1, 3} {
		d.want(tenant.CodeConflict, d.Orgs.Remove(d.Context(), org.ID, version, upkeep), "remove of version %d", version)
	}
	d.holder(org.Claims[0], org.ID)
	d.need(d.Orgs.Remove(d.Context(), org.ID, 2, upkeep), "remove of version 2")
}

func orgRemoveHasOneWinner(d *desk) {
	org := d.putOrg(nil)
	errs := together(crowd, func(int) error { return d.Orgs.Remove(d.Context(), org.ID, 1, upkeep) })
	d.winner(errs, tenant.CodeNotFound, "removals of one organization")
}

// An update and a removal of version 1 at the same moment: one of them comes first, and the other one is told.
func orgRemoveOrUpdateWins(d *desk) {
	for range 8 {
		org := d.putOrg(nil)
		errs := together(2, func(i int) error {
			if i == 0 {
				return d.Orgs.Remove(d.Context(), org.ID, 1, upkeep)
			}
			return d.rename(org, nil, upkeep)
		})
		_, err := d.Orgs.Get(d.Context(), org.ID)
		if errs[0] == nil {
			d.want(tenant.CodeNotFound, errs[1], "the update after the removal")
			d.want(tenant.CodeNotFound, err, "get after the removal")
			continue
		}
		d.want(tenant.CodeConflict, errs[0], "the removal after the update")
		d.need(errs[1], "the update that came first")
		d.need(err, "get after the update")
	}
}

func orgCount(d *desk) {
	count := func(want int64, what string) {
		got, err := d.Orgs.Count(d.Context())
		d.need(err, "count")
		d.same(got, want, "the count %s", what)
	}
	count(0, "of an empty store")
	var last tenant.Organization
	for _, state := range []tenant.State{tenant.StateCreating, tenant.StateRenaming, tenant.StateActive} {
		last = d.putOrg(func(o *tenant.Organization) { o.State = state })
	}
	d.putOrg(func(o *tenant.Organization) { o.State = tenant.StateTrashed })
	count(3, "of three outside the trash")
	purged := d.putOrg(func(o *tenant.Organization) { o.State = tenant.StatePurging })
	count(4, "with one that is being purged")
	_, err := d.Orgs.Update(d.Context(), purged.ID, upkeep, func(o *tenant.Organization) error {
		o.State = tenant.StatePurged
		return nil
	})
	d.need(err, "purge it")
	count(3, "after one was purged and keeps names")
	d.want(tenant.CodeIDTaken, d.Orgs.Insert(d.Context(), last, upkeep), "insert again")
	count(3, "after an insert that was refused")
	_, err = d.Orgs.Update(d.Context(), last.ID, upkeep, func(o *tenant.Organization) error {
		o.State = tenant.StateTrashed
		return nil
	})
	d.need(err, "move one to the trash")
	count(2, "after one went to the trash")
	d.need(d.Orgs.Remove(d.Context(), last.ID, 2, upkeep), "remove the one in the trash")
	count(2, "after one left the trash for good")
}

package storetest

import (
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func userCases() []Case {
	return about("Users",
		clause{name: "FindByEveryAddressClaimed", check: userByEveryAddressClaimed},
		clause{name: "FindByEmailComparesByBytes", check: userByEmailComparesByBytes},
		clause{name: "InTheTrashIsThereAndHasNoAddress", check: userInTheTrash},
		clause{name: "InsertWithATakenAddress", check: userInsertWithATakenAddress},
		clause{name: "InsertsWithACommonAddressHaveOneWinner", check: userInsertsWithACommonAddress},
		clause{name: "UpdateTakesAndFreesAddresses", check: userUpdateTakesAndFreesAddresses},
		clause{name: "UpdatesToACommonAddressHaveOneWinner", check: userUpdatesToACommonAddress},
		clause{name: "MembersInOrderOfID", check: userMembersInOrder},
		clause{name: "MembersFollowsUpdates", check: userMembersFollowsUpdates},
		clause{name: "RemoveFreesTheAddress", check: userRemoveFreesTheAddress},
		clause{name: "RemoveHasOneWinner", check: userRemoveHasOneWinner},
	)
}

// userID is the key by which members are listed.
func userID(u tenant.User) tenant.UserID { return u.ID }

// putUser inserts a person, changed beforehand, and returns it as it is stored.
func (d *desk) putUser(edit func(*tenant.User)) tenant.User {
	d.Helper()
	user := newUser()
	if edit != nil {
		edit(&user)
	}
	return put(d, userKind(d), user)
}

// changeUser updates a person without a trail.
func (d *desk) changeUser(id tenant.UserID, change func(*tenant.User)) error {
	_, err := d.Users.Update(d.Context(), id, upkeep, func(u *tenant.User) error {
		change(u)
		return nil
	})
	return err
}

// claimant complains unless the person with the id holds the claim on the address; "" for none.
func (d *desk) claimant(email tenant.Email, id tenant.UserID) {
	d.Helper()
	got, err := d.Users.FindByEmail(d.Context(), email)
	if id == "" {
		d.want(tenant.CodeNotFound, err, "find by %q", email)
		return
	}
	if err != nil || got.ID != id {
		d.Errorf("find by %q: got %q, %s, want %q", email, got.ID, told(err), id)
	}
}

// newAddress returns a fresh address and the claim on it.
func newAddress() (tenant.Email, tenant.Claim) {
	email := tenant.Email(token() + "@example.com")
	return email, tenant.EmailClaim(email)
}

func userByEveryAddressClaimed(d *desk) {
	next, claim := newAddress()
	user := d.putUser(func(u *tenant.User) { u.Claims = append(u.Claims, claim) })
	d.claimant(user.Email, user.ID)
	d.claimant(next, user.ID)
	got, err := d.Users.FindByEmail(d.Context(), next)
	d.need(err, "find by the next address")
	d.same(got, user, "who is found by the next address while the old one is still theirs")
}

func userByEmailComparesByBytes(d *desk) {
	user := d.putUser(func(u *tenant.User) {
		u.Email = tenant.Email("a.b_c+d" + string(u.Email))
		u.Claims = []tenant.Claim{tenant.EmailClaim(u.Email)}
	})
	email := string(user.Email)
	for _, other := range []string{
		strings.ToUpper(email), strings.Replace(email, "a.b", "axb", 1), strings.Replace(email, "_", "x", 1),
		strings.Replace(email, "+d", "", 1), email + " ", "%" + email, "%", ".*", "",
	} {
		d.claimant(tenant.Email(other), "")
	}
	d.claimant(user.Email, user.ID)
}

// A person in the trash keeps their document, and their address is anybody's.
func userInTheTrash(d *desk) {
	gone := d.putUser(func(u *tenant.User) { u.Claims = nil })
	d.claimant(gone.Email, "")
	next := d.putUser(func(u *tenant.User) {
		u.Email = gone.Email
		u.Claims = []tenant.Claim{tenant.EmailClaim(gone.Email)}
	})
	d.claimant(gone.Email, next.ID)
	err := d.changeUser(gone.ID, func(u *tenant.User) { u.Settle(u.Email) })
	d.claimError(err, store.ClaimError{Claim: next.Claims[0]}, "bring the person back while another has the address")
	got, err := d.Users.Get(d.Context(), gone.ID)
	d.need(err, "get the person in the trash")
	d.same(got, gone, "the person in the trash")
}

func userInsertWithATakenAddress(d *desk) {
	for _, pending := range []bool{false, true} {
		holder := d.putUser(func(u *tenant.User) {
			if _, claim := newAddress(); pending {
				u.Claims = append(u.Claims, claim)
			}
		})
		for _, claim := range holder.Claims {
			_, free := newAddress()
			late := newUser()
			late.Claims = []tenant.Claim{free, claim}
			err := d.Users.Insert(d.Context(), late, upkeep)
			d.claimError(err, store.ClaimError{Claim: claim, Pending: pending}, "insert with a taken address")
			d.want(tenant.CodeNotFound, errOf(d.Users.Get(d.Context(), late.ID)), "get of the person who was refused")
			d.claimant(late.Email, "")
		}
	}
}

func userInsertsWithACommonAddress(d *desk) {
	rivals := make([]tenant.User, crowd)
	for i := range rivals {
		rivals[i] = newUser()
		rivals[i].Email, rivals[i].Claims = rivals[0].Email, rivals[0].Claims
	}
	errs := together(crowd, func(i int) error { return d.Users.Insert(d.Context(), rivals[i], upkeep) })
	won := d.winner(errs, tenant.CodeEmailTaken, "inserts with a common address")
	d.claimant(rivals[0].Email, rivals[won].ID)
}

func userUpdateTakesAndFreesAddresses(d *desk) {
	user, other := d.putUser(nil), d.putUser(nil)
	next, claim := newAddress()
	d.need(d.changeUser(user.ID, func(u *tenant.User) { u.Claims = append(u.Claims, claim) }), "reserve the next address")
	d.claimant(user.Email, user.ID)
	d.claimant(next, user.ID)
	d.need(d.changeUser(user.ID, func(u *tenant.User) { u.Settle(next) }), "settle at the next address")
	d.claimant(user.Email, "")
	d.claimant(next, user.ID)
	err := d.changeUser(user.ID, func(u *tenant.User) { u.Settle(other.Email) })
	d.claimError(err, store.ClaimError{Claim: other.Claims[0]}, "settle at another's address")
	d.claimant(next, user.ID)
	d.need(d.changeUser(other.ID, func(u *tenant.User) { u.Settle(user.Email) }), "give another the address that is free")
	d.claimant(user.Email, other.ID)
}

func userUpdatesToACommonAddress(d *desk) {
	const rivals = 16
	ids := make([]tenant.UserID, rivals)
	for i := range ids {
		ids[i] = d.putUser(nil).ID
	}
	next, _ := newAddress()
	errs := together(rivals, func(i int) error { return d.changeUser(ids[i], func(u *tenant.User) { u.Settle(next) }) })
	d.claimant(next, ids[d.winner(errs, tenant.CodeEmailTaken, "updates to a common address")])
}

// members complains unless the organization has exactly these, read by pages of two and in one.
func (d *desk) members(org tenant.OrgID, want []tenant.UserID, what string) {
	d.Helper()
	all := pages(d, userID, func(after tenant.UserID, limit int) ([]tenant.User, error) {
		return d.Users.Members(d.Context(), org, after, limit)
	})
	d.same(keys(all, userID, want), want, "%s, by pages", what)
	d.same(len(all), len(want), "%s, how many", what)
	whole, err := d.Users.Members(d.Context(), org, "", len(want)+1)
	d.need(err, "members")
	d.same(keys(whole, userID, want), want, "%s, in one page", what)
}

func userMembersInOrder(d *desk) {
	orgs, ids := fresh[tenant.OrgID](3), fresh[tenant.UserID](5)
	for i, id := range shuffled(ids) {
		d.putUser(func(u *tenant.User) {
			u.ID = id
			u.Memberships = newUser(orgs[0], orgs[1]).Memberships
			u.Memberships[i%2].Trashed = true // in the one or the other
		})
	}
	elsewhere := d.putUser(func(u *tenant.User) { u.Memberships = newUser(orgs[1]).Memberships })
	d.putUser(nil)
	d.members(orgs[0], ids, "members, living or trashed")
	d.members(orgs[1], append(ids, elsewhere.ID), "members of the second organization")
	d.members(orgs[2], nil, "members of an organization that has none")
	d.members("%", nil, "members of every organization")
	page, err := d.Users.Members(d.Context(), orgs[1], ids[1], 2)
	d.need(err, "members after the second")
	d.same(keys(page, userID, ids), ids[2:4], "members after the second")
	whole, err := d.Users.Get(d.Context(), ids[2])
	d.need(err, "get")
	d.same(page[0], whole, "the row of a list")
}

func userMembersFollowsUpdates(d *desk) {
	orgs := fresh[tenant.OrgID](2)
	user := d.putUser(func(u *tenant.User) { u.Memberships = newUser(orgs[0]).Memberships })
	d.need(d.changeUser(user.ID, func(u *tenant.User) { u.Memberships = newUser(orgs...).Memberships }), "join the second")
	d.members(orgs[0], []tenant.UserID{user.ID}, "members of the first")
	d.members(orgs[1], []tenant.UserID{user.ID}, "members of the second")
	d.need(d.changeUser(user.ID, func(u *tenant.User) { u.Memberships = u.Memberships[1:] }), "leave the first")
	d.members(orgs[0], nil, "members of the first after the person left")
	d.members(orgs[1], []tenant.UserID{user.ID}, "members of the second after that")
	d.need(d.Users.Remove(d.Context(), user.ID, upkeep), "remove the person")
	d.members(orgs[1], nil, "members of the second after the person was removed")
}

func userRemoveFreesTheAddress(d *desk) {
	user := d.putUser(nil)
	d.need(d.Users.Remove(d.Context(), user.ID, upkeep), "remove")
	d.want(tenant.CodeNotFound, errOf(d.Users.Get(d.Context(), user.ID)), "get of who was removed")
	d.claimant(user.Email, "")
	d.want(tenant.CodeNotFound, d.Users.Remove(d.Context(), user.ID, upkeep), "remove again")
	d.want(tenant.CodeNotFound, d.changeUser(user.ID, func(*tenant.User) {}), "update of who was removed")
	next := d.putUser(func(u *tenant.User) { u.Email, u.Claims = user.Email, user.Claims })
	d.claimant(user.Email, next.ID)
}

func userRemoveHasOneWinner(d *desk) {
	user := d.putUser(nil)
	errs := together(crowd, func(int) error { return d.Users.Remove(d.Context(), user.ID, upkeep) })
	d.winner(errs, tenant.CodeNotFound, "removals of one person")
}

package storetest

import (
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

func operatorCases() []Case {
	return about("Operators",
		clause{name: "FindByEmailComparesByBytes", check: operatorByEmail},
		clause{name: "AreApartFromUsers", check: operatorsAreApartFromUsers},
		clause{name: "InsertsWithACommonAddressHaveOneWinner", check: operatorInsertsWithACommonAddress},
		clause{name: "UpdateMovesToAnotherAddress", check: operatorUpdateMovesAddress},
		clause{name: "UpdatesToACommonAddressHaveOneWinner", check: operatorUpdatesToACommonAddress},
		clause{name: "ListIsInOrderOfID", check: operatorListIsInOrder},
	)
}

// putOperator inserts an operator, changed beforehand, and returns it as it is stored.
func (d *desk) putOperator(edit func(*tenant.Operator)) tenant.Operator {
	d.Helper()
	operator := newOperator()
	if edit != nil {
		edit(&operator)
	}
	return put(d, operatorKind(d), operator)
}

// addressee complains unless the operator with the id has the address; "" for none.
func (d *desk) addressee(email tenant.Email, id tenant.OperatorID) {
	d.Helper()
	got, err := d.Operators.FindByEmail(d.Context(), email)
	if id == "" {
		d.want(tenant.CodeNotFound, err, "find by %q", email)
		return
	}
	if err != nil || got.ID != id {
		d.Errorf("find by %q: got %q, %s, want %q", email, got.ID, told(err), id)
	}
}

// readdress moves an operator to another address.
func (d *desk) readdress(id tenant.OperatorID, email tenant.Email) error {
	_, err := d.Operators.Update(d.Context(), id, upkeep, func(o *tenant.Operator) error {
		o.Email = email
		return nil
	})
	return err
}

func operatorByEmail(d *desk) {
	operator := d.putOperator(func(o *tenant.Operator) { o.Email = "a.b_c" + o.Email })
	email := string(operator.Email)
	for _, other := range []string{strings.ToUpper(email), strings.Replace(email, "_", "x", 1), email + " ", "%" + email, "%", ""} {
		d.addressee(tenant.Email(other), "")
	}
	got, err := d.Operators.FindByEmail(d.Context(), operator.Email)
	d.need(err, "find by the address")
	d.same(got, operator, "who is found by the address")
}

// One address may be a user's and an operator's, and neither is found as the other.
func operatorsAreApartFromUsers(d *desk) {
	user := d.putUser(nil)
	d.addressee(user.Email, "")
	operator := d.putOperator(func(o *tenant.Operator) { o.Email = user.Email })
	d.addressee(user.Email, operator.ID)
	d.claimant(user.Email, user.ID)
	other := d.putOperator(nil)
	d.claimant(other.Email, "")
	d.putUser(func(u *tenant.User) { u.Settle(other.Email) })
}

func operatorInsertsWithACommonAddress(d *desk) {
	rivals := make([]tenant.Operator, crowd)
	for i := range rivals {
		rivals[i] = newOperator()
		rivals[i].Email = rivals[0].Email
	}
	errs := together(crowd, func(i int) error { return d.Operators.Insert(d.Context(), rivals[i], upkeep) })
	won := d.winner(errs, tenant.CodeEmailTaken, "inserts with a common address")
	d.addressee(rivals[0].Email, rivals[won].ID)
	for i, rival := range rivals {
		if i != won {
			_, err := d.Operators.Get(d.Context(), rival.ID)
			d.want(tenant.CodeNotFound, err, "get of an operator who was refused")
		}
	}
}

func operatorUpdateMovesAddress(d *desk) {
	operator, other := d.putOperator(nil), d.putOperator(nil)
	next, _ := newAddress()
	d.need(d.readdress(operator.ID, next), "move to the next address")
	d.addressee(next, operator.ID)
	d.addressee(operator.Email, "")
	d.want(tenant.CodeEmailTaken, d.readdress(operator.ID, other.Email), "move to another's address")
	d.addressee(next, operator.ID)
	d.need(d.readdress(other.ID, operator.Email), "give another the address that is free")
	d.addressee(operator.Email, other.ID)
	d.need(d.readdress(other.ID, operator.Email), "move to the address that one has")
}

func operatorUpdatesToACommonAddress(d *desk) {
	const rivals = 16
	ids := make([]tenant.OperatorID, rivals)
	for i := range ids {
		ids[i] = d.putOperator(nil).ID
	}
	next, _ := newAddress()
	errs := together(rivals, func(i int) error { return d.readdress(ids[i], next) })
	d.addressee(next, ids[d.winner(errs, tenant.CodeEmailTaken, "updates to a common address")])
}

func operatorListIsInOrder(d *desk) {
	ids := fresh[tenant.OperatorID](5)
	for _, id := range shuffled(ids) {
		d.putOperator(func(o *tenant.Operator) { o.ID = id })
	}
	operatorID := func(o tenant.Operator) tenant.OperatorID { return o.ID }
	all := pages(d, operatorID, func(after tenant.OperatorID, limit int) ([]tenant.Operator, error) {
		return d.Operators.List(d.Context(), after, limit)
	})
	d.same(keys(all, operatorID, ids), ids, "the case's operators, by pages")
	page, err := d.Operators.List(d.Context(), ids[0], 1)
	d.need(err, "list after the first")
	whole, err := d.Operators.Get(d.Context(), page[0].ID)
	d.need(err, "get")
	d.same(page, []tenant.Operator{whole}, "the row of a list")
}

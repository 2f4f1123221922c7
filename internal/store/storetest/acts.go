package storetest

import (
	"github.com/orgd/orgd/internal/tenant"
)

// write is one write to the catalog, on something of its own.
type write func(d *desk, trail tenant.Trail) error

// act is one method that writes to the catalog.
type act struct {
	method string
	// do succeeds, refused fail.
	do      write
	refused []write
}

// errRefused is what the change functions of refused updates return.
var errRefused = tenant.Errorf(tenant.CodeForbidden, "the case refuses the change")

// acts are all methods that take a trail.
var acts = []act{
	{"Orgs.Insert", insertOrg(func(*desk, *tenant.Organization) {}), []write{
		insertOrg(func(d *desk, org *tenant.Organization) { org.ID = d.putOrg(nil).ID }),
		insertOrg(func(d *desk, org *tenant.Organization) { org.Claims = d.putOrg(nil).Claims }),
	}},
	{"Users.Insert", insertUser(func(*desk, *tenant.User) {}), []write{
		insertUser(func(d *desk, user *tenant.User) { user.ID = d.putUser(nil).ID }),
		insertUser(func(d *desk, user *tenant.User) { user.Claims = d.putUser(nil).Claims }),
	}},
	{"Operators.Insert", insertOperator(func(*desk, *tenant.Operator) {}), []write{
		insertOperator(func(d *desk, operator *tenant.Operator) { operator.ID = d.putOperator(nil).ID }),
		insertOperator(func(d *desk, operator *tenant.Operator) { operator.Email = d.putOperator(nil).Email }),
	}},
	{"Keys.Insert", insertKey(func(*desk, *tenant.Key) {}), []write{
		insertKey(func(d *desk, key *tenant.Key) { key.ID = put(d, keyKind(d), newKey()).ID }),
	}},
	updateAct("Orgs.Update", orgKind, updateOrg, func(d *desk, org *tenant.Organization) { org.Claims = d.putOrg(nil).Claims }),
	updateAct("Users.Update", userKind, updateUser, func(d *desk, user *tenant.User) { user.Claims = d.putUser(nil).Claims }),
	updateAct("Operators.Update", operatorKind, updateOperator, func(d *desk, o *tenant.Operator) { o.Email = d.putOperator(nil).Email }),
	updateAct("Keys.Update", keyKind, updateKey, nil),
	{"Orgs.Remove", removeOrg(0), []write{
		removeOrg(1),
		func(d *desk, trail tenant.Trail) error { return d.Orgs.Remove(d.Context(), newOrg().ID, 1, trail) },
	}},
	{"Users.Remove", func(d *desk, trail tenant.Trail) error {
		return d.Users.Remove(d.Context(), d.putUser(nil).ID, trail)
	}, []write{
		func(d *desk, trail tenant.Trail) error { return d.Users.Remove(d.Context(), newUser().ID, trail) },
	}},
	{"Keys.Remove", func(d *desk, trail tenant.Trail) error {
		return d.Keys.Remove(d.Context(), put(d, keyKind(d), newKey()).ID, trail)
	}, []write{
		func(d *desk, trail tenant.Trail) error { return d.Keys.Remove(d.Context(), newKey().ID, trail) },
	}},
}

func insertOrg(edit func(*desk, *tenant.Organization)) write {
	return func(d *desk, trail tenant.Trail) error {
		org := newOrg()
		edit(d, &org)
		return d.Orgs.Insert(d.Context(), org, trail)
	}
}

func insertUser(edit func(*desk, *tenant.User)) write {
	return func(d *desk, trail tenant.Trail) error {
		user := newUser()
		edit(d, &user)
		return d.Users.Insert(d.Context(), user, trail)
	}
}

func insertOperator(edit func(*desk, *tenant.Operator)) write {
	return func(d *desk, trail tenant.Trail) error {
		operator := newOperator()
		edit(d, &operator)
		return d.Operators.Insert(d.Context(), operator, trail)
	}
}

func insertKey(edit func(*desk, *tenant.Key)) write {
	return func(d *desk, trail tenant.Trail) error {
		key := newKey()
		edit(d, &key)
		return d.Keys.Insert(d.Context(), key, trail)
	}
}

// removeOrg removes an organization at its version plus a difference.
func removeOrg(difference int64) write {
	return func(d *desk, trail tenant.Trail) error {
		return d.Orgs.Remove(d.Context(), d.putOrg(nil).ID, 1+difference, trail)
	}
}

// updateOf is a noun's Update.
type updateOf[V any] func(d *desk, v V, trail tenant.Trail, change func(*V) error) error

func updateOrg(d *desk, v tenant.Organization, trail tenant.Trail, change func(*tenant.Organization) error) error {
	return errOf(d.Orgs.Update(d.Context(), v.ID, trail, change))
}

func updateUser(d *desk, v tenant.User, trail tenant.Trail, change func(*tenant.User) error) error {
	return errOf(d.Users.Update(d.Context(), v.ID, trail, change))
}

func updateOperator(d *desk, v tenant.Operator, trail tenant.Trail, change func(*tenant.Operator) error) error {
	return errOf(d.Operators.Update(d.Context(), v.ID, trail, change))
}

func updateKey(d *desk, v tenant.Key, trail tenant.Trail, change func(*tenant.Key) error) error {
	return errOf(d.Keys.Update(d.Context(), v.ID, trail, change))
}

// updateAct is the act of an Update, which fails on nothing, by its function's error, and where the change wants what another
// one has (nil where there is nothing to want).
func updateAct[V any](method string, of func(*desk) kind[V], update updateOf[V], steal func(*desk, *V)) act {
	a := act{method: method}
	a.do = func(d *desk, trail tenant.Trail) error {
		return update(d, put(d, of(d), of(d).bare()), trail, func(*V) error { return nil })
	}
	a.refused = []write{
		func(d *desk, trail tenant.Trail) error {
			return update(d, of(d).bare(), trail, func(*V) error { return nil })
		},
		func(d *desk, trail tenant.Trail) error {
			return update(d, put(d, of(d), of(d).bare()), trail, func(*V) error { return errRefused })
		},
	}
	if steal != nil {
		a.refused = append(a.refused, func(d *desk, trail tenant.Trail) error {
			var loot V
			steal(d, &loot)
			return update(d, put(d, of(d), of(d).bare()), trail, func(v *V) error {
				*v = loot
				return nil
			})
		})
	}
	return a
}

package storetest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

// valueCases prove what holds for every kind of row that goes into the store and comes back.
func valueCases() []Case {
	return slices.Concat(valuesOf("Orgs", orgKind), valuesOf("Users", userKind), valuesOf("Operators", operatorKind),
		valuesOf("Sessions", sessionKind), valuesOf("Keys", keyKind), valuesOf("Instances", instanceKind),
		valuesOf("Documents", documentKind))
}

func valuesOf[V any](noun string, of func(d *desk) kind[V]) []Case {
	on := func(check func(d *desk, k kind[V])) func(d *desk) { return func(d *desk) { check(d, of(d)) } }
	return about(noun,
		clause{name: "InsertKeepsEveryField", check: on(insertKeepsEveryField[V])},
		clause{name: "InsertOfATakenID", check: on(insertOfATakenID[V])},
		clause{name: "InsertsOfOneIDHaveOneWinner", check: on(insertsOfOneIDHaveOneWinner[V])},
		clause{name: "ValuesShareNothing", check: on(valuesShareNothing[V])},
		clause{name: "IDsAreComparedByBytes", check: on(idsAreComparedByBytes[V])},
		clause{name: "GetOfNothing", check: on(getOfNothing[V])},
	)
}

// mayBeBlank are the fields that a full value leaves empty: the store sets the first three, and an empty detail is one.
var mayBeBlank = []string{".Version", ".Op.Entry.Seq", ".Op.Entry.PrevHash", ".Op.Entry.Detail[empty]"}

func insertKeepsEveryField[V any](d *desk, k kind[V]) {
	full := k.full()
	for _, path := range blanks(full) {
		if !slices.Contains(mayBeBlank, path) {
			d.Errorf("the case leaves %s empty: a field of the vocabulary is not tested", path)
		}
	}
	for _, v := range []V{full, k.bare()} {
		if version := field(&v, "Version"); version.IsValid() && version.CanInt() {
			version.SetInt(7) // an insert does not take it
		}
		d.same(put(d, k, v), settled(v), "what comes back after the insert")
	}
}

func insertOfATakenID[V any](d *desk, k kind[V]) {
	first := put(d, k, k.full())
	d.want(tenant.CodeIDTaken, k.insert(d.Context(), named(k.full(), first)), "insert under an id that is taken")
	stored, err := k.get(d.Context(), first)
	d.need(err, "get")
	d.same(stored, first, "the first row after the insert that was refused")
}

func insertsOfOneIDHaveOneWinner[V any](d *desk, k kind[V]) {
	rivals := make([]V, crowd)
	for i := range rivals {
		rivals[i] = k.full()
		rivals[i] = named(rivals[i], rivals[0])
	}
	errs := together(crowd, func(i int) error { return k.insert(d.Context(), rivals[i]) })
	won := d.winner(errs, tenant.CodeIDTaken, "inserts under one id")
	stored, err := k.get(d.Context(), rivals[0])
	d.need(err, "get")
	d.same(stored, settled(rivals[won]), "the row after many inserts under one id")
}

func valuesShareNothing[V any](d *desk, k kind[V]) {
	given := k.full()
	want := settled(given)
	got := put(d, k, given)
	id := named(k.bare(), want)
	scribble(reflect.ValueOf(&given))
	scribble(reflect.ValueOf(&got))
	stored, err := k.get(d.Context(), id)
	d.need(err, "get")
	d.same(stored, want, "the row after what went in and what came back were overwritten")
}

func idsAreComparedByBytes[V any](d *desk, k kind[V]) {
	first := put(d, k, k.full())
	for _, id := range []string{strings.ToUpper(idOf(first)), idOf(first) + " ", "%", strings.Repeat("_", len(idOf(first)))} {
		other := k.bare()
		field(&other, "ID").SetString(id)
		_, err := k.get(d.Context(), other)
		d.want(tenant.CodeNotFound, err, "get of %q where %q is", id, idOf(first))
	}
}

func getOfNothing[V any](d *desk, k kind[V]) {
	_, err := k.get(d.Context(), k.full())
	d.want(tenant.CodeNotFound, err, "get of what was never there")
}

// idOf returns a row's id as text.
func idOf[V any](v V) string { return field(&v, "ID").String() }

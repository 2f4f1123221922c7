package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// updateCases prove what holds for Update whatever it changes.
func updateCases() []Case {
	return slices.Concat(updatesOf("Orgs", orgKind), updatesOf("Users", userKind), updatesOf("Operators", operatorKind),
		updatesOf("Keys", keyKind), updatesOf("Documents", documentKind))
}

func updatesOf[V any](noun string, of func(d *desk) kind[V]) []Case {
	on := func(check func(d *desk, k kind[V])) func(d *desk) { return func(d *desk) { check(d, of(d)) } }
	return about(noun,
		clause{name: "UpdateWritesEveryField", check: on(updateWritesEveryField[V])},
		clause{name: "UpdateClearsFields", check: on(updateClearsFields[V])},
		clause{name: "UpdateWithoutChangeRaisesTheVersion", check: on(updateWithoutChangeRaisesTheVersion[V])},
		clause{name: "UpdateGivesTheErrorBack", check: on(updateGivesTheErrorBack[V])},
		clause{name: "UpdateOfNothing", check: on(updateOfNothing[V])},
		clause{name: "UpdatesAreNotLost", check: on(updatesAreNotLost[V])},
		clause{name: "UpdateSharesNothing", check: on(updateSharesNothing[V])},
		clause{name: "UpdateCutShortTellsTheTruth", check: on(updateCutShortTellsTheTruth[V])},
	)
}

// put inserts a value and returns it as it is stored.
func put[V any](d *desk, k kind[V], v V) V {
	d.Helper()
	d.need(k.insert(d.Context(), v), "insert")
	stored, err := k.get(d.Context(), v)
	d.need(err, "get what was inserted")
	return stored
}

// updated returns what a row must be after an update to next: id and moment of creation stay, the version rises by one.
func updated[V any](old, next V) V {
	next = named(settled(next), old)
	for _, name := range []string{"CreatedAt", "Version"} {
		if field(&next, name).IsValid() {
			field(&next, name).Set(field(&old, name))
		}
	}
	field(&next, "Version").SetInt(field(&old, "Version").Int() + 1)
	return next
}

// updateBecomes lets an update replace everything in the copy and looks at what becomes of the row.
func updateBecomes[V any](d *desk, k kind[V], old, next V) {
	d.Helper()
	field(&next, "Version").SetInt(77)
	field(&next, "CreatedAt").Set(reflect.ValueOf(noon.Add(9 * time.Hour)))
	got, err := k.update(d.Context(), old, func(v *V) error {
		d.same(*v, old, "what the function gets")
		*v = copyOf(next)
		return nil
	})
	d.need(err, "update")
	d.same(got, updated(old, next), "what the update returns")
	stored, err := k.get(d.Context(), old)
	d.need(err, "get what was updated")
	d.same(stored, got, "what is stored after the update")
}

func updateWritesEveryField[V any](d *desk, k kind[V]) {
	updateBecomes(d, k, put(d, k, k.bare()), k.full())
}

func updateClearsFields[V any](d *desk, k kind[V]) {
	updateBecomes(d, k, put(d, k, k.full()), k.bare())
}

func updateWithoutChangeRaisesTheVersion[V any](d *desk, k kind[V]) {
	old := put(d, k, k.full())
	for range 2 {
		got, err := k.update(d.Context(), old, func(*V) error { return nil })
		d.need(err, "update")
		d.same(got, updated(old, old), "the row after an update that changes nothing")
		old = got
	}
}

func updateGivesTheErrorBack[V any](d *desk, k kind[V]) {
	old := put(d, k, k.full())
	for _, refusal := range []error{errors.New("not today"), tenant.Errorf(tenant.CodeForbidden, "not you")} {
		_, err := k.update(d.Context(), old, func(v *V) error {
			k.mark(v, "refused")
			return refusal
		})
		if err != refusal { //nolint:errorlint // the clause says: as it is, not wrapped
			d.Errorf("the update returns %v, want the function's error %v as it is", err, refusal)
		}
	}
	stored, err := k.get(d.Context(), old)
	d.need(err, "get")
	d.same(stored, old, "the row after updates that were refused")
}

func updateOfNothing[V any](d *desk, k kind[V]) {
	_, err := k.update(d.Context(), k.full(), func(*V) error {
		d.Errorf("the function is called though there is nothing to change")
		return nil
	})
	d.want(tenant.CodeNotFound, err, "update of what was never there")
}

func updatesAreNotLost[V any](d *desk, k kind[V]) {
	const callers = 16
	old := put(d, k, k.bare())
	versions := together(callers, func(i int) int64 {
		got, err := k.update(d.Context(), old, func(v *V) error {
			k.mark(v, fmt.Sprintf("<%d>", i))
			return nil
		})
		if err != nil {
			d.Errorf("caller %d: %v", i, err)
			return 0
		}
		return field(&got, "Version").Int()
	})
	stored, err := k.get(d.Context(), old)
	d.need(err, "get")
	slices.Sort(versions)
	for i := range callers {
		if n := strings.Count(k.marks(stored), fmt.Sprintf("<%d>", i)); n != 1 {
			d.Errorf("the change of caller %d is there %d times: %s", i, n, k.marks(stored))
		}
		if versions[i] != int64(i)+2 {
			d.Errorf("the updates returned the versions %v, want 2 to %d", versions, callers+1)
			break
		}
	}
	d.same(field(&stored, "Version").Int(), int64(callers+1), "the version in the end")
}

func updateSharesNothing[V any](d *desk, k kind[V]) {
	old := put(d, k, k.full())
	var kept *V
	got, err := k.update(d.Context(), old, func(v *V) error {
		k.mark(v, "kept")
		kept = v
		return nil
	})
	d.need(err, "update")
	want := copyOf(got)
	scribble(reflect.ValueOf(kept))
	scribble(reflect.ValueOf(&got))
	stored, err := k.get(d.Context(), old)
	d.need(err, "get")
	d.same(stored, want, "the row after its copies were overwritten")
}

func updateCutShortTellsTheTruth[V any](d *desk, k kind[V]) {
	old := put(d, k, k.full())
	ctx, cancel := context.WithCancel(d.Context())
	defer cancel()
	_, err := k.update(ctx, old, func(v *V) error {
		k.mark(v, "late")
		cancel()
		return nil
	})
	stored, getErr := k.get(d.Context(), old)
	d.need(getErr, "get")
	switch written := strings.HasSuffix(k.marks(stored), "late"); {
	case err == nil && !written:
		d.Errorf("the update says that it is done, and nothing is written")
	case tenant.IsCode(err, tenant.CodeUnavailable) && written:
		d.Errorf("the update says that it was not done, and it is written")
	case err != nil:
		d.wantOneOf([]tenant.Code{tenant.CodeUnavailable, tenant.CodeUnknownOutcome}, err, "update whose context ended on the way")
	}
}

package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// transferCases prove the store as it is: what holds for each noun, and what is each one's own.
func transferCases() []Case {
	return slices.Concat(
		tableCases("Transfer.Orgs", orgRecords), tableCases("Transfer.Users", userRecords),
		tableCases("Transfer.Operators", operatorRecords), tableCases("Transfer.Sessions", sessionRecords),
		tableCases("Transfer.Keys", keyRecords), tableCases("Transfer.Idempotency", idempotencyRecords),
		tableCases("Transfer.Audit", entryRecords),
		transferredCases(), clearCases(), homeCases(), loadCases(), standingCases(),
	)
}

func tableCases[T any](noun string, of func(d *desk) records[T]) []Case {
	on := func(check func(d *desk, r records[T])) func(d *desk) { return func(d *desk) { check(d, of(d)) } }
	return about(noun,
		clause{name: "AddKeepsEveryField", check: on(addKeepsEveryField[T])},
		clause{name: "AddAgainIsFine", check: on(addAgainIsFine[T])},
		clause{name: "AddThatDiffersIsAConflict", check: on(addThatDiffers[T])},
		clause{name: "AddOfAClaimThatIsTaken", check: on(addOfATakenClaim[T])},
		clause{name: "AddSharesNothing", check: on(addSharesNothing[T])},
		clause{name: "ScanGoesByKey", check: on(scanGoesByKey[T])},
		clause{name: "ScanTellsWhatOthersWrote", check: on(scanTellsWhatOthersWrote[T])},
	)
}

// scan reads a page of records.
func (r records[T]) scan(d *desk, after *T, limit int) []T {
	d.Helper()
	page, err := r.table.Scan(d.Context(), after, limit)
	d.need(err, "scan")
	if len(page) > limit {
		d.Errorf("a page has %d records, want at most %d", len(page), limit)
	}
	return page
}

// look returns the record with the key of v, if there is one.
func (r records[T]) look(d *desk, v T) (T, bool) {
	d.Helper()
	below := r.below(v)
	for _, found := range r.scan(d, &below, 1) {
		if r.compare(found, v) == 0 {
			return found, true
		}
	}
	return v, false
}

// holds complains unless the record is there as it is.
func (r records[T]) holds(d *desk, v T, what string) {
	d.Helper()
	found, ok := r.look(d, v)
	if !ok {
		d.Errorf("%s: the record is not there", what)
		return
	}
	d.same(found, cut(v), "%s", what)
}

// lacks complains if there is a record with the key of v.
func (r records[T]) lacks(d *desk, v T, what string) {
	d.Helper()
	if _, ok := r.look(d, v); ok {
		d.Errorf("%s: the record is there", what)
	}
}

// asStored returns a full record as one lies in a store: changed often.
func (r records[T]) asStored() T {
	v := r.full()
	if version := field(&v, "Version"); version.IsValid() {
		version.SetInt(41)
	}
	return v
}

func addKeepsEveryField[T any](d *desk, r records[T]) {
	for _, path := range blanks(r.asStored()) {
		if !slices.Contains(mayBeBlank, path) && path != ".Detail[empty]" {
			d.Errorf("the case leaves %s empty: a field of the vocabulary is not tested", path)
		}
	}
	moment := func(at time.Time) func(time.Time) time.Time { return func(time.Time) time.Time { return at } }
	for what, v := range map[string]T{
		"a full record": r.asStored(), "a bare one": r.bare(), "the largest one": maximal(r.asStored()),
		"one of 1970":        withTimes(r.asStored(), moment(time.UnixMilli(0))),
		"one of before 1970": withTimes(r.asStored(), moment(time.UnixMilli(-1))),
		"one of the year 1":  withTimes(r.asStored(), moment(time.Time{}.Add(time.Millisecond))),
	} {
		d.need(r.table.Add(d.Context(), []T{v}), "add %s", what)
		r.holds(d, v, what)
	}
	v := r.asStored()
	d.need(r.table.Add(d.Context(), []T{v}), "add")
	got, err := r.get(v)
	d.need(err, "read what was added, as everybody does")
	d.same(got, cut(v), "what everybody reads of a record that was added")
}

func addAgainIsFine[T any](d *desk, r records[T]) {
	d.need(r.table.Add(d.Context(), nil), "add nothing")
	all := []T{r.asStored(), r.bare(), r.asStored(), maximal(r.asStored())}
	d.need(r.table.Add(d.Context(), all[1:3]), "add two")
	d.need(r.table.Add(d.Context(), all), "add those and two more")
	d.twice(func() error { return r.table.Add(d.Context(), shuffled(all)) }, "add all again")
	for i, v := range all {
		r.holds(d, v, fmt.Sprintf("record %d after all", i))
		again, _ := r.look(d, v)
		d.need(r.table.Add(d.Context(), []T{again}), "add record %d as it was read", i)
		d.need(r.table.Add(d.Context(), []T{alike(v)}), "add record %d, put down in another way", i)
	}
}

func addThatDiffers[T any](d *desk, r records[T]) {
	for _, v := range []T{r.asStored(), r.bare()} {
		d.need(r.table.Add(d.Context(), []T{v}), "add")
		compared := 0
		for path, other := range variations(v) {
			if r.compare(v, other) != 0 {
				continue // another record
			}
			compared++
			d.want(tenant.CodeConflict, r.table.Add(d.Context(), []T{other}), "add of one that differs in %s", path)
		}
		if compared == 0 {
			d.Errorf("the case knows no difference")
		}
		r.holds(d, v, "the record after all that differ were refused")
		r.removeParts(d, v)
	}
}

// removeParts complains unless a record that has less than the one that is there is refused as well.
func (r records[T]) removeParts(d *desk, v T) {
	d.Helper()
	for i := range reflect.TypeFor[T]().NumField() {
		less := copyOf(v)
		part := reflect.ValueOf(&less).Elem().Field(i)
		part.SetZero()
		if r.compare(v, less) == 0 && !equal(v, less) {
			name := reflect.TypeFor[T]().Field(i).Name
			d.want(tenant.CodeConflict, r.table.Add(d.Context(), []T{less}), "add of one without %s", name)
		}
	}
	r.holds(d, v, "the record after all that have less were refused")
}

func addOfATakenClaim[T any](d *desk, r records[T]) {
	owner := r.asStored()
	d.need(r.table.Add(d.Context(), []T{owner}), "add the owner")
	v := r.asStored()
	thieves := r.thieves(v, owner)
	for i, thief := range thieves {
		bystander := r.asStored()
		err := r.table.Add(d.Context(), []T{bystander, thief})
		d.want(tenant.CodeConflict, err, "add of a record with claim %d of another one", i)
		r.lacks(d, thief, "the one that wants another's claim")
		r.holds(d, owner, "the one that has the claim")
		d.need(r.table.Add(d.Context(), []T{bystander}), "add again who came with it")
	}
	d.need(r.table.Add(d.Context(), []T{v}), "add it with claims of its own")
	r.holds(d, v, "the record with claims of its own")
	for i := range thieves {
		first := r.asStored()
		second := r.thieves(r.asStored(), first)[i]
		d.want(tenant.CodeConflict, r.table.Add(d.Context(), []T{first, second}), "add of two with one claim, which nobody has")
		_, one := r.look(d, first)
		_, other := r.look(d, second)
		d.same(one && other, false, "whether both of two with one claim are there")
	}
}

func addSharesNothing[T any](d *desk, r records[T]) {
	given := r.asStored()
	want := copyOf(given)
	d.need(r.table.Add(d.Context(), []T{given}), "add")
	got, _ := r.look(d, want)
	scribble(reflect.ValueOf(&given))
	scribble(reflect.ValueOf(&got))
	r.holds(d, want, "the record after what went in and what came back were overwritten")
}

// scanned returns all records between two keys, read by pages, and complains if they are not in order.
func (r records[T]) scanned(d *desk, below, last T, limit int) (all []T) {
	d.Helper()
	for after := &below; ; {
		page := r.scan(d, after, limit)
		for _, v := range page {
			if r.compare(v, *after) <= 0 {
				d.Fatalf("a scan by pages of %d goes backwards", limit)
			}
			after = &v
		}
		all = append(all, page...)
		if len(page) == 0 || r.compare(*after, last) >= 0 {
			return all
		}
	}
}

func scanGoesByKey[T any](d *desk, r records[T]) {
	family := r.family()
	first, last := family[0], family[len(family)-1]
	d.need(r.table.Add(d.Context(), shuffled(family)), "add")
	var want []T
	for _, v := range family {
		want = append(want, cut(v))
	}
	for _, limit := range []int{1, 2, 100} {
		all := r.scanned(d, r.below(first), last, limit)
		d.same(r.among(all, family), want, "what a scan by pages of %d finds", limit)
	}
	for i, v := range family[:len(family)-1] {
		d.same(r.among(r.scanned(d, v, last, 100), family), want[i+1:], "what comes after record %d", i)
		d.same(r.among(r.scanned(d, r.above(v), last, 100), family), want[i+1:], "what comes after a key that none has")
	}
	begin := r.scan(d, nil, 1)
	if len(begin) != 1 || r.compare(begin[0], first) > 0 {
		d.Errorf("a scan from the beginning does not begin with the first record")
	}
}

func scanTellsWhatOthersWrote[T any](d *desk, r records[T]) {
	v := r.put(r.full())
	r.scan(d, nil, 1) // brings what waits to the log
	r.holds(d, v, "what a scan tells of a record that was written as everybody does")
	d.need(r.table.Add(d.Context(), []T{v}), "add what is there")
	d.need(r.table.Add(d.Context(), []T{r.full()}), "add another one")
	r.holds(d, v, "the record beside another one")
}

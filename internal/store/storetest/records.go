package storetest

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// records is one noun of the store as it is, in the eyes of the clauses that hold for every noun.
type records[T any] struct {
	table store.Table[T]
	// full has every field set, bare only what tells it from others. Both are fresh at each call.
	full, bare func() T
	// family are fresh records in ascending order of their keys.
	family func() []T
	// compare compares keys as the store orders them. below and above have a key of no record, with none between it and that of v.
	compare      func(a, b T) int
	below, above func(v T) T
	// put writes a record as everybody does, and returns it as it is stored then. get reads a full one as everybody does.
	put func(v T) T
	get func(v T) (T, error)
	// thieves are copies of v that each have one claim of the owner besides; none where the noun has no claims.
	thieves func(v, owner T) []T
}

// withID are the records of a noun whose key is the field of that name.
func withID[T any](table store.Table[T], name string, k kind[T]) records[T] {
	return records[T]{
		table: table, full: k.full, bare: k.bare,
		family: func() []T {
			word := token()
			var all []T
			for _, end := range []string{"-", "0", "A", "Z", "_", "a", "b"} {
				v := k.full()
				field(&v, name).SetString(word + end)
				all = append(all, v)
			}
			return all
		},
		compare: func(a, b T) int { return cmp.Compare(field(&a, name).String(), field(&b, name).String()) },
		below: func(v T) (none T) {
			id := field(&v, name).String()
			field(&none, name).SetString(id[:len(id)-1])
			return none
		},
		above: func(v T) (none T) {
			field(&none, name).SetString(field(&v, name).String() + "!")
			return none
		},
		thieves: func(T, T) []T { return nil },
	}
}

// ordinary is withID for a noun that has an id and is written and read by it.
func ordinary[T any](d *desk, table store.Table[T], k kind[T]) records[T] {
	r := withID(table, "ID", k)
	r.put = func(v T) T { return put(d, k, v) }
	r.get = func(v T) (T, error) { return k.get(d.Context(), v) }
	bare := k.bare
	r.bare = func() (none T) { return named(none, bare()) }
	return r
}

func orgRecords(d *desk) records[tenant.Organization] {
	r := ordinary(d, d.Transfer.Orgs, orgKind(d))
	r.thieves = func(v, owner tenant.Organization) (all []tenant.Organization) {
		for i := range v.Claims {
			thief := v.Clone()
			thief.Claims[i] = owner.Claims[i]
			all = append(all, thief)
		}
		return all
	}
	return r
}

func userRecords(d *desk) records[tenant.User] {
	r := ordinary(d, d.Transfer.Users, userKind(d))
	r.full = func() tenant.User {
		user := fullUser()
		user.Claims = append(user.Claims, newUser().Claims...) // a change of address is under way
		return user
	}
	r.thieves = func(v, owner tenant.User) []tenant.User {
		thief := v.Clone()
		thief.Claims = append(thief.Claims, owner.Claims...)
		return []tenant.User{thief}
	}
	return r
}

func operatorRecords(d *desk) records[tenant.Operator] {
	r := ordinary(d, d.Transfer.Operators, operatorKind(d))
	r.bare = func() tenant.Operator {
		o := newOperator()
		return tenant.Operator{ID: o.ID, Email: o.Email} // the address is the claim
	}
	r.thieves = func(v, owner tenant.Operator) []tenant.Operator {
		v.Email = owner.Email
		return []tenant.Operator{v}
	}
	return r
}

func sessionRecords(d *desk) records[tenant.Session] {
	return ordinary(d, d.Transfer.Sessions, sessionKind(d))
}

func keyRecords(d *desk) records[tenant.Key] { return ordinary(d, d.Transfer.Keys, keyKind(d)) }

func idempotencyRecords(d *desk) records[store.IdempotencyRecord] {
	r := withID(d.Transfer.Idempotency, "Key", kind[store.IdempotencyRecord]{
		full: func() store.IdempotencyRecord {
			record := newRecord()
			record.Done = true
			return record
		},
		bare: func() store.IdempotencyRecord { return store.IdempotencyRecord{Key: token()} },
	})
	r.put = func(v store.IdempotencyRecord) store.IdempotencyRecord {
		d.begin(v, longAgo, true, v, "begin")
		return settled(v)
	}
	r.get = func(v store.IdempotencyRecord) (store.IdempotencyRecord, error) {
		stored, began, err := d.Idempotency.Begin(d.Context(), rival(v), longAgo, noLimit)
		if began {
			d.Errorf("a request that is remembered begins anew")
		}
		return stored, err
	}
	return r
}

func entryRecords(d *desk) records[tenant.AuditEntry] {
	at := func(org tenant.OrgID, seq int64) tenant.AuditEntry {
		e := newEntry(org)
		e.Seq, e.PrevHash = seq, token()
		return e
	}
	return records[tenant.AuditEntry]{
		table: d.Transfer.Audit,
		full:  func() tenant.AuditEntry { return at(tenant.OrgID(tenant.NewID()), 3) },
		bare: func() tenant.AuditEntry {
			e := newEntry(tenant.OrgID(tenant.NewID()))
			return tenant.AuditEntry{ID: e.ID, Org: e.Org, Seq: 1}
		},
		family: func() []tenant.AuditEntry {
			orgs := fresh[tenant.OrgID](2)
			return []tenant.AuditEntry{at(orgs[0], 1), at(orgs[0], 3), at(orgs[0], 10), at(orgs[1], 2), at(orgs[1], 4), at(orgs[1], 20)}
		},
		compare: func(a, b tenant.AuditEntry) int { return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Seq, b.Seq)) },
		below:   func(v tenant.AuditEntry) tenant.AuditEntry { return tenant.AuditEntry{Org: v.Org, Seq: v.Seq - 1} },
		above:   func(v tenant.AuditEntry) tenant.AuditEntry { return tenant.AuditEntry{Org: v.Org, Seq: v.Seq + 1} },
		put: func(v tenant.AuditEntry) tenant.AuditEntry {
			d.enter(v)
			return d.log(v.Org)[0]
		},
		get: func(v tenant.AuditEntry) (none tenant.AuditEntry, err error) {
			list, err := d.Audit.List(d.Context(), v.Org, v.Seq-1, 1)
			if err == nil && len(list) == 0 {
				err = tenant.Errorf(tenant.CodeNotFound, "the log does not hold it")
			}
			if err != nil {
				return none, err
			}
			return list[0], nil
		},
		thieves: func(v, owner tenant.AuditEntry) []tenant.AuditEntry {
			v.ID = owner.ID
			return []tenant.AuditEntry{v}
		},
	}
}

// cut returns what a store gives back for a record that it took as it is: times cut to the millisecond, in UTC.
func cut[T any](v T) T {
	return withTimes(v, func(t time.Time) time.Time { return tenant.Millis(t) })
}

// withTimes returns a copy of a record, its times changed.
func withTimes[T any](v T, change func(time.Time) time.Time) T {
	return transform(v, func(_ string, part reflect.Value) reflect.Value {
		if t, ok := reflect.TypeAssert[time.Time](part); ok {
			return reflect.ValueOf(change(t))
		}
		return part
	})
}

// maximal returns a copy of a record with its numbers and times as large as they may be and its plain texts odd.
func maximal[T any](v T) T {
	return transform(v, func(path string, part reflect.Value) reflect.Value {
		switch value := part.Interface().(type) {
		case time.Time:
			return reflect.ValueOf(time.Date(9999, time.December, 31, 23, 59, 59, 999_999_999, time.UTC))
		case int64:
			return reflect.ValueOf(int64(math.MaxInt64))
		case string:
			if path == ".Key" {
				return part
			}
			return reflect.ValueOf(value + " 日本 \U0001F600 '\"%_\\$.{} ")
		default:
			return part
		}
	})
}

// alike returns a copy of a record that says the same in another way: lists are there and empty where there was none, and claims
// stand in another order.
func alike[T any](v T) T {
	twin := copyOf(v)
	for _, part := range reflect.ValueOf(&twin).Elem().Fields() {
		switch {
		case part.Kind() == reflect.Slice && part.IsNil():
			part.Set(reflect.MakeSlice(part.Type(), 0, 1))
		case part.Kind() == reflect.Map && part.IsNil():
			part.Set(reflect.MakeMap(part.Type()))
		}
		if claims, ok := reflect.TypeAssert[[]tenant.Claim](part); ok {
			slices.Reverse(claims)
		}
	}
	return twin
}

// variations are copies of a record that differ from it in one part each, by the path of the part.
func variations[T any](v T) map[string]T {
	all := map[string]T{}
	for path := range leaves(v) {
		all[path] = transform(v, func(at string, part reflect.Value) reflect.Value {
			if at != path {
				return part
			}
			return varied(part)
		})
	}
	return all
}

// varied returns another value in place of a part that has no parts of its own.
func varied(part reflect.Value) reflect.Value {
	if t, ok := reflect.TypeAssert[time.Time](part); ok {
		return reflect.ValueOf(t.Add(time.Second))
	}
	fresh := reflect.New(part.Type()).Elem()
	switch part.Kind() {
	case reflect.String:
		fresh.SetString(part.String() + "x")
	case reflect.Int64:
		fresh.SetInt(part.Int() + 1)
	case reflect.Uint8:
		fresh.SetUint(part.Uint() ^ 1)
	case reflect.Bool:
		fresh.SetBool(!part.Bool())
	case reflect.Slice: // an empty one, as the next two
		fresh.Set(reflect.MakeSlice(part.Type(), 1, 1))
	case reflect.Pointer:
		fresh.Set(reflect.New(part.Type().Elem()))
	case reflect.Map:
		fresh.Set(reflect.MakeMap(part.Type()))
		fresh.SetMapIndex(reflect.ValueOf("name"), reflect.Zero(part.Type().Elem()))
	default:
		panic(fmt.Sprintf("storetest: a part of a record is a %s", part.Type()))
	}
	return fresh
}

// among returns those of the rows that belong to a case.
func (r records[T]) among(rows, mine []T) []T {
	return slices.DeleteFunc(slices.Clone(rows), func(v T) bool {
		return !slices.ContainsFunc(mine, func(m T) bool { return r.compare(v, m) == 0 })
	})
}

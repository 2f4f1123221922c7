package storetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// leaf replaces one part of a value that has no parts of its own.
type leaf func(path string, v reflect.Value) reflect.Value

// rebuild returns a copy of v that shares nothing with it, its leaves replaced. What the contract does not tell apart becomes
// alike: an empty list is none, claims have no order, neither have the members of a document.
func rebuild(path string, v reflect.Value, replace leaf) reflect.Value {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return replace(path, v)
	case v.Type() == reflect.TypeFor[tenant.Data]():
		return replace(path, reflect.ValueOf(sorted(v.Bytes())))
	case empty(v):
		return replace(path, reflect.Zero(v.Type()))
	}
	fresh := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		fresh.Set(reflect.New(v.Type().Elem()))
		fresh.Elem().Set(rebuild(path, v.Elem(), replace))
	case reflect.Struct:
		for i := range v.NumField() {
			fresh.Field(i).Set(rebuild(path+"."+v.Type().Field(i).Name, v.Field(i), replace))
		}
	case reflect.Slice:
		for i := range v.Len() {
			fresh = reflect.Append(fresh, rebuild(fmt.Sprintf("%s[%d]", path, i), v.Index(i), replace))
		}
		if claims, ok := reflect.TypeAssert[[]tenant.Claim](fresh); ok {
			slices.Sort(claims)
		}
	case reflect.Map:
		fresh.Set(reflect.MakeMap(v.Type()))
		for key, value := range v.Seq2() {
			fresh.SetMapIndex(key, rebuild(fmt.Sprintf("%s[%v]", path, key), value, replace))
		}
	default:
		return replace(path, v)
	}
	return fresh
}

// empty reports whether v holds nothing that it could share.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	default:
		return false
	}
}

// sorted returns a document with its members in order of name and its numbers as they are.
func sorted(data tenant.Data) tenant.Data {
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	var v any
	if err := in.Decode(&v); err != nil {
		return data
	}
	out, err := json.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

// copyOf returns a copy of a value that shares nothing with it.
func copyOf[V any](v V) V {
	return transform(v, func(_ string, part reflect.Value) reflect.Value { return part })
}

// settled returns what a store gives back for a fresh value: times cut to the millisecond, in UTC, and version 1.
func settled[V any](v V) V {
	return transform(v, func(path string, part reflect.Value) reflect.Value {
		if t, ok := reflect.TypeAssert[time.Time](part); ok {
			return reflect.ValueOf(tenant.Millis(t))
		}
		if path == ".Version" && part.CanInt() {
			return reflect.ValueOf(int64(1))
		}
		return part
	})
}

// transform is rebuild for a value whose type is known.
func transform[V any](v V, replace leaf) V {
	var fresh V
	reflect.ValueOf(&fresh).Elem().Set(rebuild("", reflect.ValueOf(v), replace))
	return fresh
}

// equal reports whether two values of one type are the same to a caller. Times are the same if they are the same moment in
// the same location.
func equal(a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(copyOf(a), copyOf(b))
}

// differences tells for each part in which two values differ what it is in both.
func differences(got, want any) []string {
	have, should := leaves(got), leaves(want)
	paths := slices.Concat(slices.Collect(maps.Keys(have)), slices.Collect(maps.Keys(should)))
	slices.Sort(paths)
	var found []string
	for _, path := range slices.Compact(paths) {
		if have[path] != should[path] {
			found = append(found, fmt.Sprintf("%s is %s, want %s", cmp.Or(path, "it"), cmp.Or(have[path], "not there"), cmp.Or(should[path], "nothing")))
		}
	}
	return found
}

// leaves returns the parts of a value as text, by path.
func leaves(v any) map[string]string {
	all := map[string]string{}
	if v == nil {
		return all
	}
	rebuild("", reflect.ValueOf(v), func(path string, part reflect.Value) reflect.Value {
		switch value := part.Interface().(type) {
		case time.Time:
			all[path] = fmt.Sprintf("%s (in UTC: %t)", value.Format(time.RFC3339Nano), value.Location() == time.UTC)
		case tenant.Data:
			all[path] = string(value)
		default:
			all[path] = fmt.Sprintf("%#v", value)
		}
		return part
	})
	return all
}

// blanks returns the paths of the parts of v that are zero, single bytes aside.
func blanks(v any) []string {
	var found []string
	rebuild("", reflect.ValueOf(v), func(path string, part reflect.Value) reflect.Value {
		if part.IsZero() && part.Kind() != reflect.Uint8 {
			found = append(found, path)
		}
		return part
	})
	return found
}

// scribble overwrites all that v refers to: elements of lists, entries of maps, what pointers point at. A value that shares
// nothing with v does not notice.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			v.Elem().SetZero()
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			scribble(field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		v.Clear()
	}
}

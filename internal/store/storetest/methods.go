package storetest

import (
	"iter"
	"reflect"
	"strings"

	"github.com/orgd/orgd/internal/store"
)

// Methods returns the name of every method of the contract, such as "Orgs.Insert" or "Transfer.Homes.Load". They are read
// from [store.Store], so a method that is new there is in the list by itself.
func Methods() []string {
	var names []string
	for name := range methodsOf(reflect.TypeFor[store.Store](), "") {
		names = append(names, name)
	}
	return names
}

// methodsOf yields the methods of the interfaces in a struct, and in the structs in it, each under the names of the fields that
// lead to it.
func methodsOf(nouns reflect.Type, prefix string) iter.Seq2[string, reflect.Method] {
	return func(yield func(string, reflect.Method) bool) {
		for field := range nouns.Fields() {
			if field.Type.Kind() == reflect.Struct {
				for name, method := range methodsOf(field.Type, prefix+field.Name+".") {
					if !yield(name, method) {
						return
					}
				}
				continue
			}
			for method := range field.Type.Methods() {
				if !yield(prefix+field.Name+"."+method.Name, method) {
					return
				}
			}
		}
	}
}

// Reads reports whether a method of the contract leaves the store as it is to its caller. Losing the answer of such a call is the
// same as never having made it.
func Reads(method string) bool {
	switch method[strings.LastIndexByte(method, '.')+1:] {
	case "Get", "Find", "FindByEmail", "List", "Members", "Count", "Usage", "Ping", "Scan", "All":
		return true
	default:
		return false
	}
}

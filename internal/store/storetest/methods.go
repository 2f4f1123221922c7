package storetest

import (
	"reflect"
	"strings"

	"github.com/orgd/orgd/internal/store"
)

// Methods returns the name of every method of the contract, such as "Orgs.Insert". They are read from [store.Store], so a
// method that is new there is in the list by itself.
func Methods() []string {
	var names []string
	for field := range reflect.TypeFor[store.Store]().Fields() {
		for method := range field.Type.Methods() {
			names = append(names, field.Name+"."+method.Name)
		}
	}
	return names
}

// Reads reports whether a method of the contract leaves the store as it is. Losing the answer of such a call is the same as
// never having made it.
func Reads(method string) bool {
	_, name, _ := strings.Cut(method, ".")
	switch name {
	case "Get", "Find", "FindByEmail", "List", "Members", "Count", "Usage", "Ping":
		return true
	default:
		return false
	}
}

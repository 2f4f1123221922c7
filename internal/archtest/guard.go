package archtest

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// checkGuard finds the uses of guarded methods outside the rooms that may use
// them, and the methods that the guard has no word on. Before the contract
// exists there is nothing to guard.
func checkGuard(h *house, g Guard) []Violation {
	if len(h.folders[g.Contract]) == 0 {
		return nil
	}
	check := newChecker(h)
	iface := lookup(check.room(g.Contract), g.Interface)
	if iface == nil {
		return []Violation{{TableComplete, g.Contract, fmt.Sprintf("the guarded interface %s does not exist", g.Interface)}}
	}
	found := checkGuardComplete(h, g, iface)
	for _, folder := range h.sorted() {
		if slices.Contains(g.Rooms, folder) || folder == g.Contract || strings.HasPrefix(folder, g.Contract+"/") {
			continue
		}
		room := check.room(folder)
		for expr, selected := range room.info.Selections {
			if g.forbids(iface, selected.Obj()) {
				found = append(found, Violation{UsersGuarded, h.where(expr.Sel.Pos()), fmt.Sprintf(
					"%s must not use %s.%s, which only %s may", folder, g.Interface, expr.Sel.Name, strings.Join(g.Rooms, " and "))})
			}
		}
	}
	return found
}

// lookup returns an interface of a room by name, or nil.
func lookup(room *checked, name string) *types.Interface {
	obj := room.pkg.Scope().Lookup(name)
	if obj == nil {
		return nil
	}
	iface, _ := obj.Type().Underlying().(*types.Interface)
	return iface
}

// checkGuardComplete compares the guard's lists with the interface's methods:
// a method in neither could change a row unseen, one in the lists alone is an
// old name.
func checkGuardComplete(h *house, g Guard, iface *types.Interface) []Violation {
	listed := map[string]int{}
	for _, name := range slices.Concat(g.Reads, g.Writes) {
		listed[name]++
	}
	var found []Violation
	for method := range iface.Methods() {
		if listed[method.Name()] != 1 {
			found = append(found, Violation{TableComplete, h.where(method.Pos()), fmt.Sprintf(
				"%s.%s stands %d times in the guard's Reads and Writes: say once which it is", g.Interface, method.Name(), listed[method.Name()])})
		}
		delete(listed, method.Name())
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		found = append(found, Violation{TableComplete, g.Contract, fmt.Sprintf("the guard lists %s.%s, which does not exist", g.Interface, name)})
	}
	return found
}

// forbids tells whether something selected is a guarded method: one of its name
// and signature, declared by an interface or by a type that implements the
// guarded one. Any interface, since a narrower one of the caller's own is met by
// the same value.
func (g Guard) forbids(iface *types.Interface, selected types.Object) bool {
	method, ok := selected.(*types.Func)
	if !ok || !slices.Contains(g.Writes, method.Name()) {
		return false
	}
	guarded, _, _ := types.LookupFieldOrMethod(iface, false, method.Pkg(), method.Name())
	if guarded == nil || !types.Identical(guarded.Type(), method.Type()) {
		return false
	}
	recv := method.Signature().Recv().Type()
	return types.IsInterface(recv) || types.Implements(recv, iface) || types.Implements(types.NewPointer(recv), iface)
}

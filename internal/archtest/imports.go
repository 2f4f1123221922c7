package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// checkImports judges every import of every file: rules 1 to 4, and whether the
// table knows the rooms at both ends.
func checkImports(h *house, rules Rules) []Violation {
	j := judge{house: h, rules: rules, rooms: map[string]Room{}}
	for _, r := range rules.Rooms {
		j.rooms[r.Path] = r
	}
	var found []Violation
	for _, folder := range h.sorted() {
		room, known := j.rooms[folder]
		if !known {
			found = append(found, Violation{TableComplete, folder, "a room that the table does not name: give it a line in rules.go"})
			continue
		}
		for _, f := range h.folders[folder] {
			for _, spec := range f.syntax.Imports {
				found = append(found, j.judge(room, f, spec)...)
			}
		}
	}
	return found
}

// judge knows the rooms by their paths.
type judge struct {
	house *house
	rules Rules
	rooms map[string]Room
}

// judge returns what is wrong with one import.
func (j judge) judge(from Room, f *file, spec *ast.ImportSpec) []Violation {
	name := importPath(spec)
	report := func(rule Rule, format string, args ...any) []Violation {
		return []Violation{{rule, j.house.where(spec.Pos()), fmt.Sprintf(format, args...)}}
	}
	folder, ours := j.house.room(name)
	if !ours {
		if f.test {
			return nil
		}
		return j.judgeForeign(from, name, report)
	}
	to, known := j.rooms[folder]
	switch {
	case folder == from.Path:
		return nil // a test from outside its own package
	case !known:
		return report(TableComplete, "imports %s, which the table does not name", folder)
	case f.test:
		return judgeTest(from, to, report)
	}
	return judgeRooms(from, to, report)
}

// reporter makes the finding about the import at hand.
type reporter func(rule Rule, format string, args ...any) []Violation

// judgeForeign judges an import of the standard library or of another module.
func (j judge) judgeForeign(from Room, name string, report reporter) []Violation {
	var found []Violation
	first, _, _ := strings.Cut(name, "/")
	if from.Stdlib && strings.Contains(first, ".") {
		found = append(found, report(ArrowsGoDown, "%s imports the standard library only, not %s", from.Path, name)...)
	}
	for _, tongue := range j.rules.Tongues {
		if tongue.has(name) && !slices.Contains(from.Speaks, tongue.Name) {
			found = append(found, report(TonguesStop, "%s does not speak %s: it must not import %s", from.Path, tongue.Name, name)...)
		}
	}
	return found
}

// has tells whether an import path belongs to the tongue.
func (t Tongue) has(name string) bool {
	return slices.ContainsFunc(t.Packages, func(p string) bool {
		return name == p || strings.HasPrefix(name, p+"/")
	})
}

// judgeTest judges a test file's import of another room.
func judgeTest(from, to Room, report reporter) []Violation {
	if from.Floor < to.Floor {
		return report(ArrowsGoDown, "a test of %s must not look up to %s", from.Path, to.Path)
	}
	return nil
}

// forTests tells whether only tests import the room.
func (r Room) forTests() bool { return r.For != nil && len(r.For) == 0 }

// judgeRooms judges an import of one room by another; the narrowest rule that
// it breaks names it.
func judgeRooms(from, to Room, report reporter) []Violation {
	admitted := to.For == nil || slices.Contains(to.For, from.Path)
	switch {
	case to.Backend && !admitted:
		return report(StoresUnnamed, "%s names the concrete store %s", from.Path, to.Path)
	case to.forTests() && !admitted:
		return report(StoresUnnamed, "%s imports %s, which is for tests only", from.Path, to.Path)
	case from.Floor == Operations && to.Floor == Operations:
		return report(OperationsApart, "%s imports %s: what both need goes down", from.Path, to.Path)
	case from.Floor < to.Floor, from.Floor == to.Floor && !from.forTests():
		return report(ArrowsGoDown, "%s must not import %s, which does not lie below it", from.Path, to.Path)
	case !admitted:
		return report(ArrowsGoDown, "%s must not import %s, which is for %s", from.Path, to.Path, strings.Join(to.For, ", "))
	case from.Only != nil && !slices.Contains(from.Only, to.Path):
		return report(ArrowsGoDown, "%s imports only %s, not %s", from.Path, strings.Join(from.Only, ", "), to.Path)
	}
	return nil
}

package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
)

// checkNouns compares the contract's file names with those of each backend that
// exists. The backends are the folders right under the contract that implement
// it, which the table of rooms marks.
func checkNouns(h *house, rules Rules) []Violation {
	var found []Violation
	for _, backend := range rules.Rooms {
		files, exists := h.folders[backend.Path]
		if !backend.Backend || !exists {
			continue
		}
		for _, f := range h.folders[rules.Nouns.Contract] {
			base := path.Base(f.name)
			if f.test || slices.Contains(rules.Nouns.Except, base) || !declaresInterface(f.syntax) {
				continue
			}
			if !slices.ContainsFunc(files, func(f *file) bool { return path.Base(f.name) == base }) {
				why := fmt.Sprintf("missing, though %s promises the noun: keep it in a file of the same name", f.name)
				found = append(found, Violation{SameNouns, path.Join(backend.Path, base), why})
			}
		}
	}
	return found
}

// declaresInterface tells whether a file of the contract promises methods; one
// that only declares values or errors has nothing to implement.
func declaresInterface(f *ast.File) bool {
	for _, decl := range f.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				if _, ok := t.Type.(*ast.InterfaceType); ok && t.Name.IsExported() {
					return true
				}
			}
		}
	}
	return false
}

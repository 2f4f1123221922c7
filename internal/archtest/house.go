package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// house is the parsed tree.
type house struct {
	module  string
	fset    *token.FileSet
	folders map[string][]*file // by path under the module; "." is its root
}

// file is one parsed Go file.
type file struct {
	name   string // path under the module
	test   bool
	syntax *ast.File
}

// readHouse parses every Go file of the module, whatever its build tags say.
func readHouse(tree fs.FS, module string) (*house, error) {
	h := &house{module: module, fset: token.NewFileSet(), folders: map[string][]*file{}}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && foreign(tree, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		return h.parse(tree, name)
	})
	if err != nil {
		return nil, fmt.Errorf("read the tree: %w", err)
	}
	return h, nil
}

// foreign tells whether a folder is none of the module's: the go command skips
// the first kinds, and a go.mod below the root begins another module.
func foreign(tree fs.FS, folder string) bool {
	if folder == "." {
		return false
	}
	base := path.Base(folder)
	if base == "testdata" || base == "vendor" || base == "node_modules" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(tree, path.Join(folder, "go.mod"))
	return err == nil
}

func (h *house) parse(tree fs.FS, name string) error {
	src, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(h.fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	folder := path.Dir(name)
	f := &file{name: name, test: strings.HasSuffix(name, "_test.go"), syntax: syntax}
	h.folders[folder] = append(h.folders[folder], f)
	return nil
}

// sorted returns the folders that hold Go files.
func (h *house) sorted() []string {
	names := make([]string, 0, len(h.folders))
	for name := range h.folders {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// where tells a position as file:line.
func (h *house) where(pos token.Pos) string {
	p := h.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// room returns the folder that an import path names, and whether it is one of
// this module's.
func (h *house) room(importPath string) (string, bool) {
	if importPath == h.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, h.module+"/")
}

// importPath returns what an import declaration names. The parser has checked
// that it is a string literal.
func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value)
	return p
}

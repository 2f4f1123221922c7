package archtest

import (
	"go/ast"
	"go/types"
	"maps"
	"path"
	"slices"
)

// checker type-checks the rooms of a house without anything from outside: the
// standard library and other modules are empty packages to it. What they
// declare has an invalid type then, and the errors about that are dropped; what
// the rooms declare themselves is resolved exactly, aliases, embedding, fields
// and closures included. That is enough to tell whose method a call calls.
type checker struct {
	house *house
	rooms map[string]*checked // by path under the module
	empty map[string]*types.Package
}

// checked is one room with its types. Test files are left out.
type checked struct {
	pkg  *types.Package
	info *types.Info
}

func newChecker(h *house) *checker {
	return &checker{house: h, rooms: map[string]*checked{}, empty: map[string]*types.Package{}}
}

// room type-checks a folder, or returns what an earlier call made of it.
func (c *checker) room(folder string) *checked {
	if done, ok := c.rooms[folder]; ok {
		return done
	}
	room := &checked{
		pkg:  types.NewPackage(path.Join(c.house.module, folder), ""), // its files name it
		info: &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}},
	}
	c.rooms[folder] = room // before its imports are read: a cycle ends here
	config := types.Config{Importer: c, Error: func(error) {}}
	check := types.NewChecker(&config, c.house.fset, room.pkg, room.info)
	_ = check.Files(product(c.house.folders[folder])) // incomplete by design, see above
	room.pkg.MarkComplete()
	return room
}

// product returns the files of the package that a folder is about: no tests, and
// no program for go generate that stands beside it under another name.
func product(files []*file) []*ast.File {
	byName := map[string][]*ast.File{}
	for _, f := range files {
		if name := f.syntax.Name.Name; !f.test {
			byName[name] = append(byName[name], f.syntax)
		}
	}
	var most []*ast.File
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if len(byName[name]) > len(most) {
			most = byName[name]
		}
	}
	return most
}

// Import implements types.Importer.
func (c *checker) Import(name string) (*types.Package, error) {
	if folder, ours := c.house.room(name); ours {
		return c.room(folder).pkg, nil
	}
	pkg, ok := c.empty[name]
	if !ok {
		pkg = types.NewPackage(name, path.Base(name))
		pkg.MarkComplete()
		c.empty[name] = pkg
	}
	return pkg, nil
}

package archtest

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Rule numbers the rules of the house.
type Rule int

// The rules, in the order in which ARCHITECTURE.md tells them, then the one
// that keeps the table itself complete.
const (
	ArrowsGoDown    Rule = 1 + iota // a room imports what lies below it
	OperationsApart                 // operation rooms never import each other
	StoresUnnamed                   // only the server names a concrete store
	TonguesStop                     // HTTP, SQL and BSON stay where they are spoken
	SameNouns                       // one noun, one file name, in every backend
	UsersGuarded                    // few rooms change a person's row
	TransferApart                   // only a move to another store writes by no rule
	TableComplete                   // every room and guarded method is in the table
)

var ruleNames = map[Rule]string{
	ArrowsGoDown:    "arrows go down",
	OperationsApart: "operation rooms stay apart",
	StoresUnnamed:   "concrete stores are named by cmd/orgd alone",
	TonguesStop:     "HTTP, SQL and BSON stop at their rooms",
	SameNouns:       "one noun, one file name",
	UsersGuarded:    "few rooms change a person's row",
	TransferApart:   "only a move to another store writes by no rule",
	TableComplete:   "the table names everything",
}

// String tells the rule as a sentence that fits into a test's failure.
func (r Rule) String() string { return fmt.Sprintf("rule %d, %s", int(r), ruleNames[r]) }

// Violation is one place where the tree breaks a rule.
type Violation struct {
	Rule  Rule
	Where string // file:line, or the folder where no single line is to blame
	Why   string
}

// String tells where to look, what is wrong there, and by which rule.
func (v Violation) String() string { return fmt.Sprintf("%s: %s (%s)", v.Where, v.Why, v.Rule) }

// Check returns every violation of the rules in the tree, in the order of the
// files. The error is about reading: a file that cannot be read or parsed.
func Check(tree fs.FS, rules Rules) ([]Violation, error) {
	house, err := readHouse(tree, rules.Module)
	if err != nil {
		return nil, err
	}
	found := checkImports(house, rules)
	found = append(found, checkNouns(house, rules)...)
	found = append(found, checkGuard(house, rules.Users)...)
	found = append(found, checkTransfer(house, rules.Nouns.Contract)...)
	slices.SortStableFunc(found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Rule, b.Rule))
	})
	return found, nil
}

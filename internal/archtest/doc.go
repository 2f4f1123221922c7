// Package archtest owns the shape of the house: which room may import which,
// where HTTP, SQL and BSON end, and who may change a person's row. The rules
// are one readable value (see rules.go) and run as a test over the source.
//
// Nothing imports this package. It parses the files of the tree itself instead
// of asking the go command about packages: what a test opens is part of the
// key of its cached result, so a result that was cached before somebody changed
// an import is never taken for the result after it.
//
// The invariant: a folder with Go files that the table does not name is a
// violation. A new room begins with its line in the table.
package archtest

package sqlite

import "os"

// linkMove moves a file in two steps, neither of which replaces anything. Cut between them, both names are one file; the
// next call removes the old one.
func linkMove(from, to string) error {
	if err := os.Link(from, to); err != nil {
		if !sameFile(from, to) {
			return err
		}
	}
	return os.Remove(from)
}

// sameFile reports whether two names are one file.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

//go:build !linux

package sqlite

// moveFile renames a file and fails with os.ErrExist where the target exists.
func moveFile(from, to string) error { return linkMove(from, to) }

package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// moveFile renames a file and fails with os.ErrExist where the target exists.
func moveFile(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // a file system or kernel without it
		return linkMove(from, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// permissionsCount says that the mode of a folder tells nothing: access lists decide.
const permissionsCount = false

// diskSpace implements freeSpace.
func diskSpace(dir string) (free, total uint64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, &total, nil)
	return free, total, err
}

// lockFile takes the lock on an open file for this process, or reports false if another one holds it. It locks a byte far
// behind the text, which others can read then.
func lockFile(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{Offset: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// syncDir does nothing: Windows keeps the names in a folder durable by itself, and has no call for it.
func syncDir(string) error { return nil }

// fileLimit reports that there is none to mind.
func fileLimit() (uint64, bool) { return 0, false }

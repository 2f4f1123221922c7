//go:build unix

package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// permissionsCount says that the mode of a folder tells who may read it.
const permissionsCount = true

// diskSpace implements freeSpace. What is reserved for root does not count as free.
func diskSpace(dir string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	block := uint64(st.Bsize)                                // the types differ between systems
	return uint64(st.Bavail) * block, st.Blocks * block, nil //nolint:unconvert // as above
}

// lockFile takes the lock on an open file for this process, or reports false if another one holds it. The system gives it
// back when the process ends, however that happens.
func lockFile(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// fileLimit returns how many files this process may have open. The Go runtime has raised the soft limit to the hard one.
func fileLimit() (uint64, bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, false
	}
	return uint64(l.Cur), true //nolint:unconvert // the type differs between systems
}

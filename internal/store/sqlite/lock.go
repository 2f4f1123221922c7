package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

// lockName is the file whose lock says that a server works on the folder. It stays when the server ends: removing it would
// let two servers lock two files of one name.
const lockName = "orgd.lock"

// lockFolder takes the folder's lock, or fails with a line that says who holds it.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, refuse(err, "the data folder %s cannot be written; give it to the user that runs orgd, on a disk that is not read-only", dir)
	}
	free, err := lockFile(f)
	if err != nil {
		return nil, errors.Join(refuse(err, "the data folder %s cannot be locked; it must lie on a local disk", dir), f.Close())
	}
	if !free {
		return nil, errors.Join(inUse(dir, f), f.Close())
	}
	pid := strconv.Itoa(os.Getpid()) + "\n"
	if err := errors.Join(f.Truncate(0), writeAt(f, pid)); err != nil {
		return nil, errors.Join(refuse(err, "the data folder %s cannot be written", dir), f.Close())
	}
	return f, nil
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// inUse names the process that holds the lock, as far as the file tells.
func inUse(dir string, f *os.File) error {
	raw, err := io.ReadAll(io.LimitReader(f, 32))
	who := "another process"
	if pid := strings.TrimSpace(string(raw)); err == nil && pid != "" {
		who = "process " + pid
	}
	return refuse(nil, "the data folder %s is in use by %s; stop it first, or choose another folder", dir, who)
}

// refuse is the error of a start that must not go on: one line that says what and how to put it right.
func refuse(cause error, format string, args ...any) error {
	return tenant.Wrap(tenant.CodeUnavailable, cause, fmt.Sprintf(format, args...))
}

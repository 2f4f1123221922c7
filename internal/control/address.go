package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxPath is how long a socket's path may be on every system that we know: sun_path has 104 bytes on macOS and 108 on
// Linux, the zero byte at its end included.
const maxPath = 103

// procDir is where Linux shows a process its own open files.
const procDir = "/proc/self/fd"

// errPath says that there is no way to name the socket.
var errPath = errors.New("the path of the data folder is too long for a socket")

// withAddress calls use with a path of the folder's socket that is short enough for a socket. Where the plain one is too
// long that is one relative to the working directory, or one through the open folder.
func withAddress(dir string, use func(path string) error) error {
	plain := filepath.Join(dir, socketName)
	if len(plain) <= maxPath {
		return use(plain)
	}
	if relative, ok := relativePath(plain); ok {
		return use(relative)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	open := fmt.Sprintf("%s/%d", procDir, folder.Fd())
	if _, err := os.Stat(open); err != nil {
		return errPath
	}
	return use(filepath.Join(open, socketName))
}

func relativePath(plain string) (string, bool) {
	here, err := os.Getwd()
	if err != nil {
		return "", false
	}
	absolute, err := filepath.Abs(plain)
	if err != nil {
		return "", false
	}
	relative, err := filepath.Rel(here, absolute)
	return relative, err == nil && len(relative) <= maxPath
}

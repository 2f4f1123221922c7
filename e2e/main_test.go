package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// program is the path of the built orgd.
var program string

// patience bounds every wait for something that should happen at once.
const patience = 30 * time.Second

// TestMain builds the program once, as it is released: without cgo and without the race detector, whatever the stories
// themselves are built with.
func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "orgd-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "orgd")
	build := exec.Command("go", "build", "-o", program, "../cmd/orgd") //nolint:noctx // the first build of a machine takes as long as it takes
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "orgd does not build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

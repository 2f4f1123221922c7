package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestFilesArePrivateByUmask asks the system what a file of the server's could be at most. Each is made with a mode of its own as well,
// which the tests of the packages look at: they run without this.
func TestFilesArePrivateByUmask(t *testing.T) {
	t.Parallel()
	s := launch(t, sqliteStore)
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.process.Pid), "status"))
	must(t, err)
	if !strings.Contains(string(status), "\nUmask:\t0077\n") {
		t.Errorf("the server's umask is not 077: %s", status)
	}
}

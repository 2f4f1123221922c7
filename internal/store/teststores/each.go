package teststores

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
)

// Runs are the runs of a package's tests, one for each store.
type Runs struct {
	tests interface{ Run() int }
	log   io.Writer
}

// Each makes a package's tests run on each store. It stands in the package's TestMain:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(teststores.Each(m)) }
//
// ORGD_TEST_STORE names the only one to run on, for the moment of writing a test. The coverage is that of the first run.
func Each(m *testing.M) *Runs { return &Runs{m, os.Stderr} }

// present is the store of the run that is under way.
var present *Store

// Open opens a fresh store of the run that is under way. It is closed and removed at the test's end.
func Open(tb testing.TB, o Options) store.Store {
	tb.Helper()
	if present == nil {
		tb.Fatal("which store? The TestMain of this package must hand its tests to teststores.Each")
	}
	// The go command reuses a result where the variables are the same that tests have read. It does not see Run reading.
	_, _ = onlyStore(), givenURI()
	tb.Logf("on %s", present.Name)
	return present.Open(tb, o)
}

func onlyStore() string { return os.Getenv("ORGD_TEST_STORE") } //nolint:forbidigo // of tests

// Run runs the tests on one store after the other, and returns 0 if all passed. A store that cannot be had is a failure.
func (r *Runs) Run() int {
	flag.Parse()
	stores, err := choose(onlyStore(), set("test.fuzz") || set("test.list"))
	if err != nil {
		return r.fail(err)
	}
	code := 0
	for _, s := range stores {
		code = max(code, r.run(s))
	}
	return code
}

func (r *Runs) run(s Store) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.reach(ctx); err != nil {
		return r.fail(err)
	}
	present = &s
	defer func() { present = nil }()
	return r.tests.Run()
}

// fail tells in one line why there is no run.
func (r *Runs) fail(err error) int {
	_, _ = fmt.Fprintln(r.log, err)
	return 1
}

// choose returns the stores to run on: all, the one of the name, or the first one where once is enough.
func choose(name string, once bool) ([]Store, error) {
	if once {
		return All()[:1], nil
	}
	if name == "" {
		return All(), nil
	}
	var names []string
	for _, s := range All() {
		if s.Name == name {
			return []Store{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("ORGD_TEST_STORE is one of %s, or not set for all of them", strings.Join(names, ", "))
}

// set reports whether a flag was given.
func set(name string) bool {
	f := flag.Lookup(name)
	return f != nil && f.Value.String() != ""
}

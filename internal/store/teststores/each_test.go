package teststores

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// counted are tests of a package that end with a code.
type counted struct {
	runs []string
	code map[string]int
}

func (c *counted) Run() int {
	c.runs = append(c.runs, present.Name)
	return c.code[present.Name]
}

func TestEachRunsOnEveryStore(t *testing.T) {
	for _, c := range []struct {
		only string
		code map[string]int
		want int
		runs string
	}{
		{"", nil, 0, "sqlite mongodb"},
		{"", map[string]int{"sqlite": 1}, 1, "sqlite mongodb"},
		{"", map[string]int{"mongodb": 1}, 1, "sqlite mongodb"},
		{"sqlite", map[string]int{"mongodb": 1}, 0, "sqlite"},
		{"mongodb", map[string]int{"mongodb": 1}, 1, "mongodb"},
		{"postgres", nil, 1, ""},
	} {
		t.Setenv("ORGD_TEST_STORE", c.only)
		tests, log := &counted{code: c.code}, &strings.Builder{}
		if got := (&Runs{tests, log}).Run(); got != c.want || strings.Join(tests.runs, " ") != c.runs {
			t.Errorf("%+v: code %d after %v (%s)", c, got, tests.runs, log)
		}
	}
}

// A store that cannot be had fails the run with one line.
func TestEachFailsWithoutTheStore(t *testing.T) {
	tests, log := &counted{}, &strings.Builder{}
	gone := Store{Name: "gone", reach: func(context.Context) error { return noEngine(errNothing) }}
	if got := (&Runs{tests, log}).run(gone); got != 1 || len(tests.runs) > 0 {
		t.Errorf("code %d after %v", got, tests.runs)
	}
	if line := log.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "scripts/mongo-engine up") {
		t.Errorf("it says %q", line)
	}
}

var errNothing = errors.New("nobody answers")

package barriertest

import (
	"strings"
	"testing"
	"time"
)

// longEnough is how much time of stories is told with all rules, atMost how much without one until something goes wrong.
const (
	longEnough = 2 * time.Minute
	atMost     = 2 * time.Hour
	leastOften = 12 // for stories that are long
)

// With all rules nothing goes wrong, however the dice fall; without any one of them something does.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	for left, tale := range tales() {
		t.Run(string(left), func(t *testing.T) {
			t.Parallel()
			if seed, story := tale.retell(t, allRules, longEnough); story != nil {
				t.Errorf("with all rules, seed %d:\n%s", seed, strings.Join(story, "\n"))
			}
			seed, story := tale.retell(t, left, atMost)
			if story == nil {
				t.Fatalf("without the rule nothing goes wrong")
			}
			t.Logf("without %s, seed %d:\n%s", left, seed, strings.Join(story, "\n"))
		})
	}
}

// retell tells a story again and again, with other dice each time, and returns the first one in which something is wrong.
func (t tale) retell(tt *testing.T, without rule, long time.Duration) (seed uint64, story []string) {
	told := time.Duration(0)
	for ; told < long || seed < leastOften; seed++ {
		broken, story, took := t.play(tt, seed, without)
		if broken != "" {
			return seed, story
		}
		told += took
	}
	return seed, nil
}

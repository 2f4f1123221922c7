package passwords

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func names(jobs []*job) string {
	s := ""
	for _, j := range jobs {
		s += j.prefix + " "
	}
	return s
}

func TestQueueGivesEachPrefixOnePlace(t *testing.T) {
	q := queue{bound: 3}
	for _, tt := range []struct {
		prefix string
		line   line
		want   busyReason
	}{
		{"a", strangers, ""},
		{"a", strangers, busyPrefix},
		{"a", familiars, ""}, // a stranger behind the same address takes nobody's place
		{"a", familiars, busyPrefix},
		{"b", strangers, ""},
		{"c", strangers, ""},
		{"d", strangers, busyQueue},
		{"d", familiars, ""},
	} {
		if got := q.push(&job{prefix: tt.prefix, line: tt.line}); got != tt.want {
			t.Errorf("%s in line %d: got %q, want %q", tt.prefix, tt.line, got, tt.want)
		}
	}
	if got := names(q.lines[strangers]) + names(q.lines[familiars]); got != "a b c a d " {
		t.Errorf("waiting: %s", got)
	}
}

func TestQueueAlternatesBetweenLines(t *testing.T) {
	q := queue{bound: 10}
	for i := range 4 {
		q.push(&job{prefix: fmt.Sprint("s", i), line: strangers})
	}
	for i := range 2 {
		q.push(&job{prefix: fmt.Sprint("f", i), line: familiars})
	}
	var order []*job
	for j := q.pop(); j != nil; j = q.pop() {
		order = append(order, j)
	}
	if got := names(order); got != "f0 s0 f1 s1 s2 s3 " {
		t.Errorf("order: %s", got)
	}
}

// TestQueueFairness drives the queue at random and holds it to its invariants; above all, a job that waits is
// overtaken at most once by each other prefix that waits in its line, since nobody has two places.
func TestQueueFairness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := queue{bound: rapid.IntRange(1, 6).Draw(t, "bound")}
		model := [2][]*job{}
		pops, waitingSince := 0, map[*job]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			j := &job{
				prefix: rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"}).Draw(t, "prefix"),
				line:   line(rapid.IntRange(0, 1).Draw(t, "line")),
			}
			switch rapid.SampledFrom([]string{"push", "push", "pop", "remove"}).Draw(t, "step") {
			case "push":
				if q.push(j) == "" {
					waitingSince[j] = pops
					model[j.line] = append(model[j.line], j)
				}
			case "pop":
				got := q.pop()
				if got == nil {
					continue
				}
				pops++
				if model[got.line][0] != got {
					t.Fatalf("%s was served before %s", got.prefix, model[got.line][0].prefix)
				}
				model[got.line] = model[got.line][1:]
				if waited := pops - waitingSince[got]; waited > 2*q.bound {
					t.Fatalf("%s waited for %d turns of two lines of %d", got.prefix, waited, q.bound)
				}
			case "remove":
				if waiting := model[j.line]; len(waiting) > 0 {
					q.remove(waiting[len(waiting)-1])
					model[j.line] = waiting[:len(waiting)-1]
				}
				q.remove(j) // waits nowhere: nothing happens
			}
			checkQueue(t, &q, model)
		}
	})
}

func checkQueue(t *rapid.T, q *queue, model [2][]*job) {
	for l, waiting := range q.lines {
		if names(waiting) != names(model[l]) || len(waiting) > q.bound {
			t.Fatalf("line %d: %s, want %s", l, names(waiting), names(model[l]))
		}
		seen := map[string]bool{}
		for _, j := range waiting {
			if seen[j.prefix] {
				t.Fatalf("%s waits twice", j.prefix)
			}
			seen[j.prefix] = true
		}
	}
}

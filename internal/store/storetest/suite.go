package storetest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/internal/store"
)

// T is the part of *testing.T that a case uses. The broken stores are judged with one that keeps the failures to itself.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case proves one clause of the contract.
type Case struct {
	// Noun and Name make the subtest's name: Orgs/InsertTakesEveryClaim.
	Noun, Name string
	// Alone says that the case looks at everything in its store, which therefore must be fresh.
	Alone bool
	check func(d *desk)
}

// Check runs the case on a store and tells t what is wrong with it.
func (c Case) Check(t T, s store.Store) {
	t.Helper()
	c.check(&desk{T: t, Store: s})
}

// Run runs the conformance suite. It calls open for one store that most cases share at the same time, and for one more for
// each case that needs its own; a store lives as long as the test that it is opened with.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	var recorder Recorder
	var started atomic.Int64
	shared := recorder.Watch(open(t))
	cases := Cases()
	for _, noun := range nouns(cases) {
		t.Run(noun, func(t *testing.T) {
			for _, c := range cases {
				if c.Noun != noun {
					continue
				}
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					started.Add(1)
					s := shared
					if c.Alone {
						s = recorder.Watch(open(t))
					}
					c.Check(t, s)
				})
			}
		})
	}
	if int(started.Load()) < len(cases) {
		return // go test -run has picked some of them
	}
	for _, method := range recorder.Missed() {
		t.Errorf("no case calls %s", method)
	}
}

// Cases returns the suite.
func Cases() []Case {
	return slices.Concat(
		everyMethodCases(), updateCases(), valueCases(), trailCases(),
		orgCases(), userCases(), operatorCases(), sessionCases(), keyCases(),
		documentCases(), remadeCases(), dataCases(), quotaCases(), placeCases(), auditCases(),
		instanceCases(), throttleCases(), idempotencyCases(), installationCases(), healthCases(),
		transferCases(),
	)
}

// nouns returns the nouns of the cases in their order.
func nouns(cases []Case) []string {
	var names []string
	for _, c := range cases {
		if !slices.Contains(names, c.Noun) {
			names = append(names, c.Noun)
		}
	}
	return names
}

// clause is a case before it knows its noun.
type clause struct {
	name  string
	check func(d *desk)
	alone bool
}

// about makes cases of the clauses of one noun.
func about(noun string, clauses ...clause) []Case {
	cases := make([]Case, 0, len(clauses))
	for _, c := range clauses {
		cases = append(cases, Case{Noun: noun, Name: c.name, Alone: c.alone, check: c.check})
	}
	return cases
}

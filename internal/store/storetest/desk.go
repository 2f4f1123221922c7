package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// desk is what a case works at: the store, and whom to tell.
type desk struct {
	T
	store.Store
}

// crowd is how many callers come at once where a case looks at concurrency.
const crowd = 32

// need ends the case if what it builds on failed.
func (d *desk) need(err error, what string, args ...any) {
	d.Helper()
	if err != nil {
		d.Fatalf("%s: %v", fmt.Sprintf(what, args...), err)
	}
}

// want complains unless err is a *tenant.Error of the code.
func (d *desk) want(code tenant.Code, err error, what string, args ...any) {
	d.Helper()
	d.wantOneOf([]tenant.Code{code}, err, what, args...)
}

// wantOneOf complains unless err is a *tenant.Error of one of the codes.
func (d *desk) wantOneOf(codes []tenant.Code, err error, what string, args ...any) {
	d.Helper()
	var e *tenant.Error
	if !errors.As(err, &e) || !slices.Contains(codes, e.Code) {
		d.Errorf("%s: got %s, want %v", fmt.Sprintf(what, args...), told(err), codes)
	}
}

// told says what an error is.
func told(err error) string {
	if err == nil {
		return "no error"
	}
	var e *tenant.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%T that is no *tenant.Error (%v)", err, err)
	}
	return fmt.Sprintf("%s (%v)", e.Code, err)
}

// same complains unless the two are equal; see equal.
func (d *desk) same(got, want any, what string, args ...any) {
	d.Helper()
	if equal(got, want) {
		return
	}
	found := differences(got, want)
	if len(found) > shownDifferences {
		found = append(found[:shownDifferences], fmt.Sprintf("and %d more", len(found)-shownDifferences))
	}
	d.Errorf("%s: %s", fmt.Sprintf(what, args...), strings.Join(found, "; "))
}

// shownDifferences is how many parts of two values one complaint tells.
const shownDifferences = 6

// together lets n callers act at the same moment and returns what each got.
func together[V any](n int, act func(i int) V) []V {
	results := make([]V, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			results[i] = act(i)
		})
	}
	close(start)
	all.Wait()
	return results
}

// winner returns which of the callers got no error, and complains unless it is exactly one and the others got the code.
func (d *desk) winner(errs []error, code tenant.Code, what string) int {
	d.Helper()
	first, count := 0, 0
	for i, err := range errs {
		if err == nil {
			first = i
			count++
			continue
		}
		d.want(code, err, "%s, one that lost", what)
	}
	if count != 1 {
		d.Errorf("%s: %d of %d succeeded, want 1", what, count, len(errs))
	}
	return first
}

// allDone complains about each caller that got an error.
func (d *desk) allDone(errs []error, what string) {
	d.Helper()
	for i, err := range errs {
		if err != nil {
			d.Errorf("%s, caller %d: %v", what, i, err)
		}
	}
}

// pages reads a whole list by pages of two, and complains unless each page holds what the contract says: no more than was
// asked for, in ascending order of the key by bytes, beginning after the last of the page before.
func pages[K ~string, V any](d *desk, key func(V) K, list func(after K, limit int) ([]V, error)) []V {
	d.Helper()
	var all []V
	var after K
	for range 1000 {
		page, err := list(after, 2)
		d.need(err, "list the page after %q", after)
		if len(page) > 2 {
			d.Errorf("the page after %q has %d rows, want at most 2", after, len(page))
		}
		for _, v := range page {
			if strings.Compare(string(key(v)), string(after)) <= 0 {
				d.Fatalf("%q comes after %q", key(v), after)
			}
			after = key(v)
			all = append(all, v)
		}
		if len(page) < 2 {
			return all
		}
	}
	d.Fatalf("the list does not end")
	return nil
}

// keys returns the keys of the rows that belong to a case: a shared store holds those of others as well.
func keys[K comparable, V any](rows []V, key func(V) K, mine []K) []K {
	var found []K
	for _, v := range rows {
		if slices.Contains(mine, key(v)) {
			found = append(found, key(v))
		}
	}
	return found
}

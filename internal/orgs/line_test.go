package orgs

import (
	"context"
	"sync"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func TestLineIsOneAfterTheOtherForEachSlug(t *testing.T) {
	l := line{slugs: map[tenant.Slug]*place{}}
	leaveOther, err := l.enter(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	inside, most := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			leave, err := l.enter(t.Context(), "acme")
			if err != nil {
				t.Errorf("enter: %v", err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
			leave()
		})
	}
	wg.Wait()
	leaveOther()
	if most != 1 || len(l.slugs) != 0 {
		t.Errorf("%d at the head at once, %d lines left", most, len(l.slugs))
	}
}

func TestLineIsLeftWithTheRequest(t *testing.T) {
	l := line{slugs: map[tenant.Slug]*place{}}
	leave, err := l.enter(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, err := l.enter(gone, "acme"); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("a request that is over: %v", err)
	}
	leave()
	if len(l.slugs) != 0 {
		t.Errorf("%d lines left", len(l.slugs))
	}
}

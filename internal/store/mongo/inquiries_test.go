package mongo

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/orgd/orgd/internal/tenant"
)

// TestInquiriesShareAQuestion asks while a question is under way: the next one is for all who came meanwhile, about another database one
// is asked at once, and nobody waits for those whose time is over.
func TestInquiriesShareAQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l inquiries
		var mu sync.Mutex
		var questions [][]string
		release := make(chan error)
		list := func(_ context.Context, names []string) (map[string]identity, error) {
			mu.Lock()
			questions = append(questions, slices.Sorted(slices.Values(names)))
			mu.Unlock()
			if err := <-release; err != nil {
				return nil, err
			}
			found := map[string]identity{}
			for _, n := range names {
				found[n] = identity(n)
			}
			return found, nil
		}
		var all sync.WaitGroup
		ask := func(ctx context.Context, database, name string, want error) {
			all.Go(func() {
				found, err := l.ask(ctx, database, []string{name}, list)
				if !errors.Is(err, want) || want == nil && (len(found) != 1 || !found[name].is(identity(name))) {
					t.Errorf("%s: got %v, %v, want %v", name, found, err, want)
				}
			})
			synctest.Wait()
		}
		broken := errors.New("broken")
		ask(t.Context(), "main", "a", nil)
		ask(t.Context(), "main", "b", broken)
		ask(t.Context(), "main", "c", broken)
		ask(t.Context(), "other", "d", nil)
		brief, end := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := l.ask(brief, "main", []string{"e"}, list); !tenant.IsCode(err, tenant.CodeUnavailable) {
				t.Errorf("after its time: %v", err)
			}
		})
		synctest.Wait()
		end()
		synctest.Wait()
		release <- nil
		release <- nil
		synctest.Wait()
		ask(t.Context(), "main", "f", nil)
		release <- broken
		release <- nil
		synctest.Wait()
		ask(t.Context(), "main", "g", nil)
		ask(t.Context(), "main", "h", nil)
		ask(t.Context(), "main", "i", nil)
		release <- nil
		release <- nil
		all.Wait()
		l.wait()
		want := [][]string{{"a"}, {"d"}, {"b", "c", "e"}, {"f"}, {"g"}, {"h", "i"}}
		if !slices.EqualFunc(questions, want, slices.Equal) {
			t.Errorf("the questions were %v, want %v", questions, want)
		}
	})
}

package storetest

import (
	"context"
	"slices"
	"sync"

	"github.com/orgd/orgd/internal/store"
)

// Recorder remembers which methods of the contract were called on the stores that it watches. A call whose context was over
// before it began does not count: nothing came of it. Safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	called map[string]bool
}

// Watch returns a store that behaves as inner and tells the recorder of each call.
func (r *Recorder) Watch(inner store.Store) store.Store {
	return Intercept(inner, func(ctx context.Context, method string, call func() error) error {
		if ctx.Err() == nil {
			r.note(method)
		}
		return call()
	})
}

func (r *Recorder) note(method string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.called == nil {
		r.called = map[string]bool{}
	}
	r.called[method] = true
}

// Missed returns the methods of the contract that nobody has called.
func (r *Recorder) Missed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(Methods(), func(method string) bool { return r.called[method] })
}

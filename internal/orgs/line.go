package orgs

import (
	"context"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// line lets the creations of one slug go one after the other. It decides nothing (the claims do), and it spares the
// hashing pool: of many who want one name at once, the others find it taken before their passwords are hashed.
type line struct {
	mu    sync.Mutex
	slugs map[tenant.Slug]*place
}

// place is the head of the line for one slug; it is there as long as somebody is in the line.
type place struct {
	head   chan struct{} // holds one token while nobody is at the head
	people int
}

// enter waits for the head of the line until ctx ends, and returns how to leave it.
func (l *line) enter(ctx context.Context, slug tenant.Slug) (leave func(), err error) {
	p := l.join(slug)
	select {
	case <-p.head:
		return func() {
			p.head <- struct{}{}
			l.quit(slug, p)
		}, nil
	case <-ctx.Done():
		l.quit(slug, p)
		return nil, &tenant.Error{
			Code: tenant.CodeUnavailable, RetryAfter: time.Second, Cause: ctx.Err(),
			Message: "many want this name at once; try again in a moment",
		}
	}
}

func (l *line) join(slug tenant.Slug) *place {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.slugs[slug]
	if p == nil {
		p = &place{head: make(chan struct{}, 1)}
		p.head <- struct{}{}
		l.slugs[slug] = p
	}
	p.people++
	return p
}

func (l *line) quit(slug tenant.Slug, p *place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.people--; p.people == 0 {
		delete(l.slugs, slug)
	}
}

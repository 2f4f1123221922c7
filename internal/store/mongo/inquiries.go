package mongo

import (
	"context"
	"sync"
)

// inquiries lets those who ask at one time which collections there are share a question: a server may go through all the names that it
// has for each. Who asks while nobody else does asks at once; who comes while a question is under way shares the next one, which
// is sent after they came, so that it sees what they did before. The zero value is ready for use.
type inquiries struct {
	mu sync.Mutex
	// asked are the databases about which a question is under way, with the next question, nil if nobody waits for one.
	asked map[string]*question
	all   sync.WaitGroup
}

// lister asks which of the collections of a database there are.
type lister func(ctx context.Context, names []string) (map[string]identity, error)

// question is one that several share.
type question struct {
	names    []string
	answered chan struct{} // closed once found and err are there
	found    map[string]identity
	err      error
}

// ask returns what list says of the names.
func (l *inquiries) ask(ctx context.Context, database string, names []string, list lister) (map[string]identity, error) {
	q := l.join(database, names)
	if q == nil {
		defer l.goOn(ctx, database, list)
		return list(ctx, names)
	}
	select {
	case <-q.answered:
		mine := map[string]identity{}
		for _, name := range names {
			if uuid, there := q.found[name]; there {
				mine[name] = uuid
			}
		}
		return mine, q.err
	case <-ctx.Done():
		return nil, overdue(ctx.Err())
	}
}

// join returns the question that the names were added to, nil if nobody asks.
func (l *inquiries) join(database string, names []string) *question {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, underWay := l.asked[database]
	if !underWay {
		if l.asked == nil {
			l.asked = map[string]*question{}
		}
		l.asked[database] = nil
		return nil
	}
	if next == nil {
		next = &question{answered: make(chan struct{})}
		l.asked[database] = next
	}
	next.names = append(next.names, names...)
	return next
}

// goOn has the next question asked, if there is one, which may not end with whoever asked the one before.
func (l *inquiries) goOn(ctx context.Context, database string, list lister) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.asked[database]
	if q == nil {
		delete(l.asked, database)
		return
	}
	l.asked[database] = nil
	l.all.Go(func() {
		defer l.goOn(ctx, database, list)
		defer close(q.answered)
		q.found, q.err = list(context.WithoutCancel(ctx), q.names)
	})
}

// wait returns when no question is under way.
func (l *inquiries) wait() { l.all.Wait() }

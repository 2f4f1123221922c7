package mongo

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// strangeError is what one look at the collections says and a second one may not: a server may answer from a memory of which
// collections there are that another of its connections has made old. (The test engine does under load, for moments after a
// rename or drop: it lists what is gone, takes a name for taken, and says that it made what is not there.) Nobody is refused for a
// thing of that kind until it was seen again.
type strangeError struct {
	err error
	// tell puts it into the log when it has proved true; nil does nothing.
	tell func()
}

// Error implements error.
func (e *strangeError) Error() string { return e.err.Error() }

// Unwrap returns the error that it is if it proves true.
func (e *strangeError) Unwrap() error { return e.err }

func strange(code tenant.Code, message string) *strangeError {
	return &strangeError{err: tenant.Errorf(code, "%s", message)}
}

// The pauses between looks at something strange: three of them, a third of a second in all.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 200 * time.Millisecond
)

// surely repeats an act, all of whose steps find out whether they were done before, while it sees something strange.
func surely(ctx context.Context, act func() error) error {
	for pause := firstPause; ; pause *= 2 {
		err := act()
		seen, ok := errors.AsType[*strangeError](err)
		if !ok {
			return err
		}
		if pause > lastPause || !rest(ctx, pause) {
			if seen.tell != nil {
				seen.tell()
			}
			return seen.err
		}
	}
}

// rest waits, and reports false if the context was over before that.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

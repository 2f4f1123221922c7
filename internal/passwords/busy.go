package passwords

import (
	"errors"
	"fmt"
	"time"
)

// ErrBusy is what errors.Is finds in every [*BusyError].
var ErrBusy = errors.New("the hashing pool is busy")

// ErrClosed is the answer of a pool after [Pool.Close].
var ErrClosed = errors.New("the hashing pool is closed")

// busyReason tells why there was no place in the queue.
type busyReason string

const (
	busyPrefix busyReason = "another request from this address range waits already"
	busyQueue  busyReason = "the queue is full"
)

// BusyError says that a request got no place in the queue and did not wait. Nothing was hashed.
type BusyError struct {
	// RetryAfter estimates when there is a place: the time that what waits now will take, in whole seconds, at
	// least one.
	RetryAfter time.Duration

	reason busyReason
}

// Error says why there was no place and when to come back.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%v: %s; try again in %v", ErrBusy, e.reason, e.RetryAfter)
}

// Is makes every BusyError an [ErrBusy].
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

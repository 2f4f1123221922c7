package orgs

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// pauses between two attempts to get an organization's operation slot or a pending claim.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// occupiedError says that an operation of the organization is under way.
type occupiedError struct{ org tenant.Organization }

// Error is for the log; callers wait for the operation and never see it.
func (e *occupiedError) Error() string { return "an operation is under way" }

// inVainError is what the caller hears who waited too long for an operation of somebody else: a refusal, not a fault.
type inVainError struct{ cause tenant.Error }

// Error returns the sentence for the caller.
func (e *inVainError) Error() string { return e.cause.Message }

// Unwrap returns the error with the code.
func (e *inVainError) Unwrap() error { return &e.cause }

func inVain(code tenant.Code, message string) *inVainError {
	return &inVainError{cause: tenant.Error{Code: code, Message: message, RetryAfter: time.Second}}
}

// newOperation returns an operation of this server, registered as running; the caller drives it or reports it stopped.
func (s *Service) newOperation(kind tenant.OperationKind, entry tenant.AuditEntry, args tenant.Arguments) *tenant.Operation {
	op := &tenant.Operation{
		ID:    tenant.OperationID(tenant.NewID()),
		Kind:  kind,
		Step:  tenant.StepClaimed,
		Entry: entry,
		Args:  args,
	}
	s.own(op)
	return op
}

// own makes this process the operation's owner.
func (s *Service) own(op *tenant.Operation) {
	op.Server, op.Owner, op.LeaseUntil = s.Gates.Self(), tenant.NewID(), tenant.Millis(s.Now().Add(s.lease()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[op.Owner] = true
}

// stopped says that no goroutine works on the attempt any more.
func (s *Service) stopped(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, owner)
}

// begin records op in the organization as soon as it is at rest; start sets the new state and claims, or refuses. It waits
// for another operation, or for a claim that another one holds for the moment, [placement.WaitLimit] at most.
func (s *Service) begin(ctx context.Context, id tenant.OrgID, op *tenant.Operation,
	start func(*tenant.Organization) error,
) (tenant.Organization, error) {
	var begun tenant.Organization
	err := s.patiently(ctx, func() (err error) {
		begun, err = s.Orgs.Update(ctx, id, op.Ref(), func(o *tenant.Organization) error {
			if !o.AtRest() {
				return &occupiedError{org: o.Clone()}
			}
			recorded := *op
			o.Op = &recorded
			return start(o)
		})
		return err
	})
	if err != nil {
		s.stopped(op.Owner)
		if isFault(err) {
			return begun, s.setAdrift(tenant.Organization{ID: id, Op: op}, err)
		}
	}
	return begun, err
}

// patiently repeats attempt while it fails because of an operation under way, and then says so in the caller's words.
func (s *Service) patiently(ctx context.Context, attempt func() error) error {
	deadline := time.NewTimer(placement.WaitLimit)
	defer deadline.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := attempt()
		waitFor, word := s.obstacle(err)
		if word == nil {
			return err
		}
		if s.recoverStale(ctx, waitFor) {
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-deadline.C:
			timer.Stop()
			return word
		case <-ctx.Done():
			timer.Stop()
			return word
		}
	}
}

// obstacle returns the organization whose operation is in the way ("" if unknown) and the error for a wait in vain, or nil
// if err is no such thing.
func (s *Service) obstacle(err error) (tenant.OrgID, error) {
	var occupied *occupiedError
	var claim *store.ClaimError
	switch {
	case errors.As(err, &occupied):
		return occupied.org.ID, inVain(tenant.CodeOperationInProgress,
			"another operation on this organization is under way; try again in a moment")
	case errors.As(err, &claim) && claim.Pending:
		return claim.Holder, inVain(tenant.CodeUnavailable,
			"the name or address is part of an operation under way; try again in a moment")
	default:
		return "", nil
	}
}

// setAdrift remembers that an operation is recorded, or may be, and nobody works on it; Recover will. It returns what the
// client hears.
func (s *Service) setAdrift(org tenant.Organization, cause error) error {
	s.mu.Lock()
	s.adrift[org.ID] = true
	s.mu.Unlock()
	s.Hurry()
	s.Log.Warn("operation interrupted; it will be finished or taken back", "organization", org.ID, "kind", org.Op.Kind, "error", cause)
	return &tenant.Error{
		Code: tenant.CodeUnknownOutcome, RetryAfter: time.Second, Cause: cause,
		Message: "the store failed while the operation was under way; it will be finished or taken back by itself: look at the organization before trying again",
	}
}

package orgs

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// An operation goes through these steps, each idempotent, each a swap that compares the owner token:
//
//	claimed   the organization's own claims are taken and its state says what is going on (begin, or the insert)
//	          reserve: claims of other documents are taken; a refusal takes the operation back
//	          drain:   nobody is inside the organization's gate any more; a time-out takes the operation back
//	physical  from here on it only goes forward, unless the data's place refuses: then nothing has moved
//	          physical, settle: the data is moved, the people are changed
//	(at rest) the last swap writes the new state and the audit entry; the gate opens
//
// and the way back is: back (the swap that nobody can mistake for the way forward), release, the last swap.
//
// A plan is what one kind of operation does in each of them; nil does nothing.
type plan struct {
	reserve  func(ctx context.Context, org tenant.Organization) error
	drains   bool
	physical func(ctx context.Context, org tenant.Organization) error
	settle   func(ctx context.Context, org tenant.Organization) error
	// finish writes the end into the organization; with remove the document goes away instead, unless it keeps names for good.
	finish func(org *tenant.Organization, now time.Time)
	remove bool
	// release undoes reserve, and back undoes the first swap; a nil back removes the document.
	release func(ctx context.Context, org tenant.Organization) error
	back    func(org *tenant.Organization)
	// withdraws says that the operation is taken back where the physical step is refused.
	withdraws bool
	// silent says that nobody sees a change.
	silent bool
}

// errSuperseded says that another attempt owns the operation now.
var errSuperseded = errors.New("the operation was taken over")

const (
	// margin is what is left of a lease when this server gives an operation up, so that nobody else works on it meanwhile.
	margin = time.Second
	// leastLease is enough for a drain in vain and the way back after it, however short the lease of the servers is.
	leastLease = 5 * time.Second
)

// lease is how long an operation may run.
func (s *Service) lease() time.Duration { return max(s.Limits.Lease, leastLease) }

// drive carries the recorded operation of org to its end, forward or back, and returns the organization at rest. The
// caller's context does not end it: an operation under way is finished though the client has gone.
func (s *Service) drive(ctx context.Context, org tenant.Organization) (tenant.Organization, error) {
	defer s.stopped(org.Op.Owner)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.lease()-margin)
	defer cancel()
	refusal, fault := error(nil), error(nil)
	rested := org
	if org.Op.Step != tenant.StepBack {
		rested, refusal, fault = s.forward(ctx, org)
	}
	if fault == nil && (refusal != nil || org.Op.Step == tenant.StepBack) {
		rested, fault = s.goBack(ctx, rested)
	}
	if fault != nil {
		return tenant.Organization{}, s.setAdrift(org, fault)
	}
	return rested, refusal
}

// forward runs what is left of the operation. A refusal is an error of the act itself, after which the operation is to be
// taken back; a fault leaves it recorded as it is.
func (s *Service) forward(ctx context.Context, org tenant.Organization) (at tenant.Organization, refusal, fault error) {
	p := s.plans[org.Op.Kind]
	if org.Op.Step == tenant.StepClaimed {
		if err := call(ctx, p.reserve, org); err != nil {
			return org, ifRefusal(err), ifFault(err)
		}
		clean := true
		if p.drains {
			var err error
			if clean, err = s.Gates.Drain(ctx, org); err != nil {
				return org, err, nil
			}
		}
		advanced, err := s.advance(ctx, org, tenant.StepPhysical, clean)
		if err != nil {
			return org, nil, err
		}
		org = advanced
	} else if p.drains {
		if _, err := s.Gates.Drain(ctx, org); err != nil {
			return org, nil, err
		}
	}
	if err := call(ctx, p.physical, org); err != nil {
		if p.withdraws {
			return org, ifRefusal(err), ifFault(err)
		}
		return org, nil, err
	}
	if err := call(ctx, p.settle, org); err != nil {
		return org, nil, err
	}
	rested, err := s.end(ctx, org, p)
	return rested, nil, err
}

// goBack takes the operation back: nothing of it was visible, and nothing of it stays.
func (s *Service) goBack(ctx context.Context, org tenant.Organization) (tenant.Organization, error) {
	p := s.plans[org.Op.Kind]
	org, err := s.advance(ctx, org, tenant.StepBack, true)
	if err != nil {
		return org, err
	}
	if err := call(ctx, p.release, org); err != nil {
		return org, err
	}
	if p.back == nil {
		return org, s.removed(ctx, org, org.Op.Ref())
	}
	return s.rest(ctx, org, org.Op.Ref(), func(o *tenant.Organization) {
		p.back(o)
		o.Epoch++
	})
}

// end is the last swap of the way forward, which carries the audit entry.
func (s *Service) end(ctx context.Context, org tenant.Organization, p plan) (tenant.Organization, error) {
	if p.remove && len(org.Kept) == 0 {
		return org, s.removed(ctx, org, org.Op.Entry)
	}
	now, trail := s.millis(), tenant.Trail(org.Op.Entry)
	if org.Op.Entry.ID == "" {
		trail = org.Op.Ref() // an operation that nobody asked for
	}
	return s.rest(ctx, org, trail, func(o *tenant.Organization) {
		p.finish(o, now)
		if !p.silent {
			o.UpdatedAt = now
		}
	})
}

// rest swaps the organization to a state at rest and opens its gate.
func (s *Service) rest(ctx context.Context, org tenant.Organization, trail tenant.Trail,
	change func(*tenant.Organization),
) (tenant.Organization, error) {
	rested, err := s.Orgs.Update(ctx, org.ID, trail, owned(org.Op.Owner, func(o *tenant.Organization) {
		change(o)
		o.Op = nil
	}))
	if err != nil {
		return org, err
	}
	s.Gates.Open(rested)
	return rested, nil
}

func (s *Service) removed(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	if err := s.Orgs.Remove(ctx, org.ID, org.Version, trail); err != nil {
		return err
	}
	s.Gates.OpenRemoved(org.ID)
	return nil
}

// advance swaps the operation to its next step, if this attempt still owns it. An unclean one stays so.
func (s *Service) advance(ctx context.Context, org tenant.Organization, step tenant.Step, clean bool) (tenant.Organization, error) {
	if org.Op.Step == step {
		return org, nil
	}
	return s.Orgs.Update(ctx, org.ID, org.Op.Ref(), owned(org.Op.Owner, func(o *tenant.Organization) {
		o.Op.Step = step
		o.Op.Unclean = o.Op.Unclean || !clean
	}))
}

func owned(owner string, change func(*tenant.Organization)) func(*tenant.Organization) error {
	return func(o *tenant.Organization) error {
		if o.Op == nil || o.Op.Owner != owner {
			return errSuperseded
		}
		change(o)
		return nil
	}
}

func call(ctx context.Context, step func(context.Context, tenant.Organization) error, org tenant.Organization) error {
	if step == nil {
		return nil
	}
	return step(ctx, org)
}

// isFault tells a failure of the machinery, after which nobody knows what is stored, from a refusal of the act.
func isFault(err error) bool {
	if _, ok := errors.AsType[*inVainError](err); ok {
		return false
	}
	switch tenant.CodeOf(err) {
	case tenant.CodeUnavailable, tenant.CodeUnknownOutcome, tenant.CodeInternal:
		return true
	default:
		return false
	}
}

func ifRefusal(err error) error {
	if isFault(err) {
		return nil
	}
	return err
}

func ifFault(err error) error {
	if isFault(err) {
		return err
	}
	return nil
}

package adoption

import (
	"context"
	"fmt"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Run adopts each organization that can be, one after the other, and tells of every one as soon as it is decided. take adopts
// one; what it refuses for good is a reason like any other. While an earlier attempt at the same organization, or another operation
// that holds a name, is under way, it is tried again for patience. Any other error ends the run: what was adopted stays, and the next run goes on from
// there.
func (p *Plan) Run(ctx context.Context, patience time.Duration, take func(context.Context, *Candidate) error, tell func(*Verdict)) error {
	for _, v := range p.Verdicts {
		if v.Status == Adoptable {
			if err := v.carryOut(ctx, patience, take); err != nil {
				return fmt.Errorf("adopting stopped at %q; run it again, and it goes on from there: %w", v.Name, err)
			}
		}
		tell(v)
	}
	return nil
}

// carryOut adopts one organization.
func (v *Verdict) carryOut(ctx context.Context, patience time.Duration, take func(context.Context, *Candidate) error) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	for {
		err := take(ctx, v.Candidate)
		switch {
		case err == nil:
			v.Status = Adopted
			return nil
		case refusal(err):
			v.Status, v.Reason = Refused, err.Error()
			return nil
		case !tenant.IsCode(err, tenant.CodeOperationInProgress):
			return err
		}
		select {
		case <-again.C:
		case <-late.C:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// refusal reports an error after which the same call would not do better.
func refusal(err error) bool {
	switch tenant.CodeOf(err) {
	case tenant.CodeInvalid, tenant.CodeNotFound, tenant.CodeNameTaken, tenant.CodeSlugTaken, tenant.CodeEmailTaken, tenant.CodeConflict, tenant.CodeLimit:
		return true
	default:
		return false
	}
}

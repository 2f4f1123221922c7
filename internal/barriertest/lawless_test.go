package barriertest

import (
	"context"
	"errors"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// orgs is the catalog for the operations, without a rule that lies in the swaps of an organization.
func (r rule) orgs(o store.Orgs) store.Orgs {
	switch r {
	case advanceCAS, finishCAS, takeover, noReturn:
		return &lawless{Orgs: o, rule: r, mine: map[tenant.OrgID]tenant.Organization{}}
	default:
		return o
	}
}

// lawless is a catalog whose swaps go around a rule.
type lawless struct {
	store.Orgs

	rule rule
	mu   sync.Mutex
	mine map[tenant.OrgID]tenant.Organization // with the operation as this server has written it last
}

// errForged ends an update that writes nothing and is to look like one that did.
var errForged = errors.New("forged")

// superseded is what the operations say when another attempt owns the operation.
const superseded = "the operation was taken over"

// Update implements store.Orgs.
func (l *lawless) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail, change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	l.mu.Lock()
	mine, known := l.mine[id]
	l.mu.Unlock()
	var forged *tenant.Organization
	after, err := l.Orgs.Update(ctx, id, trail, func(o *tenant.Organization) (err error) {
		forged = nil
		before := o.Clone()
		err = change(o)
		switch {
		case l.rule == takeover && err == nil && before.Op != nil && o.Op != nil && before.Op.Owner != o.Op.Owner:
			o.Op.Unclean = before.Op.Unclean
		case l.rule == noReturn && err == nil && before.AtRest() && o.Op != nil && o.Op.Kind == tenant.OperationUpdate:
			*o = before.Clone()
			o.Quarantine = nil
			err = change(o)
			o.Quarantine = before.Quarantine
		case known && err != nil && err.Error() == superseded:
			*o, forged, err = l.force(before, mine, change, err)
		}
		return err
	})
	if forged != nil && (err == nil || errors.Is(err, errForged)) {
		after, err = forged.Clone(), nil
	}
	if err == nil && after.Op != nil {
		l.mu.Lock()
		l.mine[id] = after.Clone()
		l.mu.Unlock()
	}
	return after, err
}

// force makes the change as if the operation were still this server's. It returns what to write, and what the server shall
// think that it has written.
func (l *lawless) force(before, mine tenant.Organization, change func(*tenant.Organization) error, refusal error,
) (next tenant.Organization, thinks *tenant.Organization, err error) {
	wish := before.Clone()
	wish.State, wish.Op = mine.State, mine.Clone().Op
	if change(&wish) != nil {
		return before, nil, refusal
	}
	switch {
	case l.rule == advanceCAS && wish.Op != nil && wish.Op.Step == tenant.StepPhysical:
		wish.Placement = mine.Placement
		return before, &wish, errForged
	case l.rule == finishCAS && wish.Op == nil:
		return wish, nil, nil
	default:
		return before, nil, refusal
	}
}

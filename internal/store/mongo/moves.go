package mongo

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// relocation is a move of an organization's collection from one name to another, as it was found.
type relocation struct {
	org            tenant.OrgID
	source, target namespace
	// from is the organization's record of the source, to anybody's of the target; nil where there is none.
	from, to *ownerDoc
	// there are the collections that stand under both names.
	there map[string]identity
}

// move moves an organization's collection from one name to another. The target's record is written first, the source's
// removed last; each step finds out whether it was done before.
func (t places) move(ctx context.Context, org tenant.OrgID, source, target namespace) error {
	if source == target {
		return nil
	}
	if source.database != target.database {
		return tenant.Errorf(tenant.CodeConflict, "a collection cannot be renamed into another database")
	}
	defer t.owners.forget(source, target)
	return surely(ctx, func() error { return t.moveOnce(ctx, org, source, target) })
}

func (t places) moveOnce(ctx context.Context, org tenant.OrgID, source, target namespace) error {
	m, err := t.survey(ctx, org, source, target)
	if err != nil {
		return err
	}
	if m.from != nil && m.from.State == making {
		if err := t.finish(ctx, source, *m.from); err != nil {
			return err
		}
		if m, err = t.survey(ctx, org, source, target); err != nil {
			return err
		}
	}
	mine := m.to != nil && m.to.Organization == string(org)
	switch {
	case m.to != nil && !mine:
		return errOccupied
	case m.from == nil && mine && m.to.State == ready:
		return nil // an earlier call was here
	case m.from == nil && !mine:
		return tenant.Errorf(tenant.CodeNotFound, "the organization has no data here")
	case m.from != nil && mine && m.to.Token != m.from.Token:
		return tenant.Errorf(tenant.CodeConflict, "the organization has data at both places")
	case !mine:
		if err := t.announce(ctx, m); err != nil {
			return err
		}
	}
	return t.arrive(ctx, m)
}

// finish ends the making of a collection that was cut short, for it to be moved. What somebody else has filled meanwhile is not taken.
func (t places) finish(ctx context.Context, home namespace, owner ownerDoc) error {
	empty, err := t.owners.empty(ctx, home, tenant.OrgID(owner.Organization))
	if err != nil {
		return err
	}
	if !empty {
		return t.stranger(home)
	}
	return t.build(ctx, home, owner)
}

// errOccupied is the error about a place that somebody else has.
var errOccupied = tenant.Errorf(tenant.CodeConflict, "the place that the organization's data goes to is taken")

// survey reads the records of both names, and which collections stand there.
func (t places) survey(ctx context.Context, org tenant.OrgID, source, target namespace) (*relocation, error) {
	records, err := t.owners.findAll(ctx, source, target)
	if err != nil {
		return nil, err
	}
	m := &relocation{org: org, source: source, target: target, from: records[source], to: records[target]}
	if m.from != nil && m.from.Organization != string(org) {
		m.from = nil
	}
	m.there, err = t.owners.look(ctx, source, target)
	return m, err
}

// announce writes the record of the target, where nothing may stand yet.
func (t places) announce(ctx context.Context, m *relocation) error {
	if m.there[m.target.name] != nil {
		return t.stranger(m.target)
	}
	next := *m.from
	next.State = arriving
	to, err := t.owners.claim(ctx, m.target, next)
	if err == nil && to.Token != m.from.Token {
		err = errOccupied
	}
	m.to = &to
	return err
}

// arrive moves the collection to the name whose record announces it, and removes the source's record.
func (t places) arrive(ctx context.Context, m *relocation) error {
	uuid := m.to.UUID
	switch {
	case m.there[m.target.name].is(uuid): // moved before
	case m.there[m.target.name] != nil:
		return t.withdraw(ctx, m)
	case !m.there[m.source.name].is(uuid):
		return strange(tenant.CodeUnavailable, "the organization's collection is not where it was put; an operator must look for it")
	default:
		arrived, err := t.rename(ctx, m.source, m.target, uuid)
		if err != nil {
			return err
		}
		if !arrived {
			return t.withdraw(ctx, m)
		}
	}
	if m.to.State != ready {
		if err := t.owners.settle(ctx, m.target, *m.to, uuid); err != nil {
			return err
		}
	}
	return t.owners.disown(ctx, m.source, m.org, m.to.Token)
}

// rename moves the collection, and reports whether it is at the target in the end, or something else that was made there since the
// survey. A server that tries a rename again within itself says that the target exists when it has moved it.
func (t places) rename(ctx context.Context, source, target namespace, uuid identity) (arrived bool, err error) {
	err = t.owners.rename(ctx, source, target, uuid)
	if !hasCode(err, codeNamespaceExists) {
		return err == nil, err
	}
	there, err := t.owners.look(ctx, target)
	if err == nil && there[target.name] == nil {
		err = strange(tenant.CodeUnavailable, "the database server takes a name for taken that is not; try again")
	}
	return there[target.name].is(uuid), err
}

// withdraw takes back the record of a target where a stranger's collection has turned up.
func (t places) withdraw(ctx context.Context, m *relocation) error {
	if m.to.State == arriving {
		if err := t.owners.disown(ctx, m.target, m.org, m.to.Token); err != nil {
			return err
		}
	}
	return t.stranger(m.target)
}

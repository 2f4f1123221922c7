package barriertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// places moves collections in several commands, each after a look at what stands there, as the real store does.
type places struct {
	store.Places

	*line

	// blind leaves the looks out, wasteful the carrying: rules of the barrier.
	blind, wasteful bool
}

// sighting is which collections stand at two names, and which is the organization's.
type sighting struct{ source, target, own int }

func (p places) look(ctx context.Context, org tenant.OrgID, from, to string) (sighting, error) {
	var seen sighting
	err := p.ask(ctx, looking, func() error {
		seen = sighting{p.identity(from), p.identity(to), p.homes[org]}
		for other, home := range p.homes {
			if other != org && home == seen.source && !p.blind {
				seen.source = 0 // somebody else's is left alone
			}
		}
		return nil
	})
	if err != nil {
		return sighting{}, err
	}
	return seen, nil
}

// Rename implements store.Places.
func (p places) Rename(ctx context.Context, from, to tenant.Place) error {
	return p.move(ctx, from.Org, from.Placement.Namespace, to.Placement.Namespace)
}

// Trash implements store.Places.
func (p places) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	return p.move(ctx, place.Org, place.Placement.Namespace, grave(place.Org, op))
}

// Drop implements store.Places.
func (p places) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	name := grave(org, op)
	return p.write(ctx, moving, "drops "+name, func() error {
		delete(p.colls, name)
		return nil
	}, func() bool { return p.colls[name] == nil })
}

// move brings an organization's collection to another name.
func (p places) move(ctx context.Context, org tenant.OrgID, from, to string) error {
	if from == to {
		return nil
	}
	seen, err := p.look(ctx, org, from, to)
	switch {
	case err != nil:
		return err
	case seen.target == seen.own:
		return nil
	case seen.target != 0:
		return tenant.Errorf(tenant.CodeConflict, "the place is taken")
	case seen.source != seen.own && !p.blind:
		return tenant.Errorf(tenant.CodeUnavailable, "the collection is not where it was put")
	}
	return p.rename(ctx, from, to, seen.source)
}

// rename sends the command. What came to the target meanwhile may be the collection itself, by an earlier command.
func (p places) rename(ctx context.Context, from, to string, uuid int) error {
	err := p.write(ctx, moving, fmt.Sprintf("moves %s to %s", from, to), func() error { return p.engine.rename(from, to) },
		func() bool { return p.identity(to) == uuid })
	switch {
	case errors.Is(err, errNamespaceExists):
		at := 0
		if err := p.ask(ctx, looking, func() error { at = p.identity(to); return nil }); err != nil {
			return err
		}
		if at != uuid {
			return tenant.Errorf(tenant.CodeConflict, "the place is taken")
		}
		return nil
	case errors.Is(err, errNoNamespace):
		return tenant.Errorf(tenant.CodeUnavailable, "the collection has gone")
	}
	return err
}

// Sweep implements store.Places.
func (p places) Sweep(ctx context.Context, name string, place tenant.Place, op tenant.OperationID) (bool, error) {
	at := grave(place.Org, op)
	seen, err := p.look(ctx, place.Org, name, at)
	switch {
	case err != nil:
		return false, err
	case seen.source == 0 && seen.target == 0:
		return false, nil
	case seen.target == 0: // else what came since an earlier attempt is for the next look
		if err := p.rename(ctx, name, at, seen.source); err != nil {
			return false, err
		}
	}
	if err := p.carry(ctx, at, place); err != nil {
		return true, err
	}
	return true, p.Drop(ctx, place.Org, op)
}

// carry brings the documents of a collection in the trash to the organization's place.
func (p places) carry(ctx context.Context, from string, place tenant.Place) error {
	docs := map[tenant.DocumentID]tenant.OrgID{}
	if p.wasteful || place.Placement.Namespace == "" {
		return nil
	}
	if err := p.ask(ctx, reading, func() error {
		if c := p.colls[from]; c != nil {
			docs = maps.Clone(c.docs)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(docs)) {
		if err := p.insert(ctx, "carries", place.Placement.Namespace, id, docs[id]); err != nil {
			return err
		}
	}
	return nil
}

// insert adds a document at a name, and makes the collection if there is none: that is what the servers do which do not know an
// insert by the identity of the collection.
func (l *line) insert(ctx context.Context, verb, name string, id tenant.DocumentID, org tenant.OrgID) error {
	return l.write(ctx, inserting, fmt.Sprintf("%s %s to %s", verb, id, name), func() error {
		l.create(name).docs[id] = org
		return nil
	}, func() bool { return l.colls[name] != nil && l.colls[name].docs[id] == org })
}

// data is the tenants' documents.
type data struct {
	store.Documents

	*line

	certain bool // says of no write that nobody knows whether it is done: a rule of the barrier
}

// Insert implements store.Documents.
func (d data) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document, _ int64) (tenant.Document, error) {
	err := d.insert(ctx, "writes", in.Placement.Namespace, doc.ID, in.Org)
	if d.certain && tenant.IsCode(err, tenant.CodeUnknownOutcome) {
		err = tenant.Errorf(tenant.CodeUnavailable, "no answer")
	}
	return doc, err
}

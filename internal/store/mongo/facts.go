package mongo

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// factTime is how long a record of an owner is believed. Whoever moves a collection drains its organization first, on
// every server, so that nobody uses it meanwhile; this bounds what is left to chance.
const factTime = time.Second

// maxFacts bounds the records that are kept.
const maxFacts = 10_000

// facts are records of owners that were read a moment ago: so that a call on a document does not read one each time.
type facts struct {
	mu    sync.Mutex
	known map[namespace]fact
}

type fact struct {
	owner ownerDoc
	meter *meter
	until time.Time
}

func newFacts() *facts { return &facts{known: map[namespace]fact{}} }

// get returns a fact that is still to be believed.
func (f *facts) get(n namespace) (fact, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.known[n]
	return known, ok && time.Now().Before(known.until)
}

// put keeps a record that was read at the moment. The meter stays, if it is the same collection's.
func (f *facts) put(n namespace, owner ownerDoc, read time.Time) fact {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= maxFacts {
		clear(f.known)
	}
	next := fact{owner: owner, meter: &meter{}, until: read.Add(factTime)}
	if old, ok := f.known[n]; ok && old.owner.Token == owner.Token {
		next.meter = old.meter
	}
	f.known[n] = next
	return next
}

// forget drops a fact that may not be true any more.
func (f *facts) forget(n namespace) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, n)
}

// site is where a collection of a place is.
type site struct {
	namespace
	uuid  identity // of the default collection; the others' are not known
	meter *meter
}

// reach returns where a collection of a place is: CodeNotFound if the place does not exist, CodeUnavailable if it is
// another organization's.
func (o *owners) reach(ctx context.Context, place tenant.Place, c tenant.Collection) (none site, err error) {
	home, err := o.home(place)
	if err != nil {
		return none, err
	}
	known, ok := o.known.get(home)
	if !ok {
		began := time.Now()
		owner, err := o.find(ctx, home)
		switch {
		case isMissing(err):
			return none, tenant.Errorf(tenant.CodeNotFound, "the organization has no data here")
		case err != nil:
			return none, err
		}
		known = o.known.put(home, owner, began)
	}
	switch {
	case known.owner.Organization != string(place.Org):
		return none, tenant.Errorf(tenant.CodeUnavailable, "the organization's data cannot be reached; an operator must look for it")
	case known.owner.State != ready:
		o.known.forget(home)
		return none, tenant.Errorf(tenant.CodeNotFound, "the organization has no data here")
	case c == tenant.DefaultCollection:
		return site{home, known.owner.UUID, known.meter}, nil
	case !slices.Contains(known.owner.Collections, string(c)):
		return none, tenant.Errorf(tenant.CodeNotFound, "there is no such collection")
	default:
		return site{namespace{home.database, home.name + "." + string(c)}, nil, known.meter}, nil
	}
}

package mongo

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
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

// reach returns where a collection of a place is: CodeNotFound with store.ErrNoPlace if the place does not exist, CodeUnavailable
// if it is another organization's. Only a record that was read for this call refuses it: what is remembered of a name may be of
// the one who bore it a moment ago, and gave it up on another server.
func (o *owners) reach(ctx context.Context, in tenant.CollectionRef) (none site, err error) {
	home, err := o.home(in.Place)
	if err != nil {
		return none, err
	}
	if known, ok := o.known.get(home); ok && known.owner.refusal(in.Org, in.Collection) == nil {
		return known.site(home, in.Collection), nil
	}
	began := time.Now()
	owner, err := o.find(ctx, home)
	switch {
	case isMissing(err):
		return none, errNoData()
	case err != nil:
		return none, err
	}
	read := o.known.put(home, owner, began)
	return read.site(home, in.Collection), owner.refusal(in.Org, in.Collection)
}

// refusal returns why the record does not let an organization into one of its collections.
func (d *ownerDoc) refusal(org tenant.OrgID, c tenant.Collection) error {
	switch {
	case d.Organization != string(org):
		return tenant.Errorf(tenant.CodeUnavailable, "the organization's data cannot be reached; an operator must look for it")
	case d.State != ready:
		return errNoData()
	case c != tenant.DefaultCollection && !slices.Contains(d.Collections, string(c)):
		return tenant.Errorf(tenant.CodeNotFound, "there is no such collection")
	default:
		return nil
	}
}

func errNoData() error {
	return tenant.Wrap(tenant.CodeNotFound, store.ErrNoPlace, "the organization has no data here")
}

// site returns where a collection is that the record lets in.
func (f fact) site(home namespace, c tenant.Collection) site {
	if c == tenant.DefaultCollection {
		return site{home, f.owner.UUID, f.meter}
	}
	return site{namespace{home.database, home.name + "." + string(c)}, nil, f.meter}
}

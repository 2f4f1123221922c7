package mongo

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// What a server remembers of a name's owner refuses nobody: on another server the owner may have given the name up a moment
// ago, and somebody else taken it.
func TestNextOwnerOfANameIsLetInEverywhere(t *testing.T) {
	here := openTest(t, Options{})
	there := openTest(t, Options{Database: here.main.Name()})
	docs, before := here.Store().Documents, settle(t, there)
	_, err := docs.List(t.Context(), before.In(tenant.DefaultCollection), "", 1) // and here it is remembered whose the name is
	must(t, err)
	away := newPlace()
	away.Org = before.Org
	must(t, there.Store().Places.Rename(t.Context(), before, away))
	next := tenant.Place{Org: newPlace().Org, Placement: before.Placement}
	must(t, there.Store().Places.Create(t.Context(), next))
	_, err = docs.List(t.Context(), next.In(tenant.DefaultCollection), "", 1)
	must(t, err)
	_, err = docs.List(t.Context(), before.In(tenant.DefaultCollection), "", 1)
	want(t, tenant.CodeUnavailable, err, "the one before, under the name that is another's now")
}

// A collection that was on its way when it was looked at is found as soon as another server has it ready.
func TestDataThatHasArrivedIsFoundEverywhere(t *testing.T) {
	here := openTest(t, Options{})
	there := openTest(t, Options{Database: here.main.Name()})
	place := settle(t, there)
	home, err := here.owners.home(place)
	must(t, err)
	owner, err := here.owners.find(t.Context(), home)
	must(t, err)
	owner.State = arriving
	here.owners.known.put(home, owner, time.Now())
	_, err = here.Store().Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 1)
	must(t, err)
}

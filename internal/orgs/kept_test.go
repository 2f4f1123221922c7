package orgs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// nextDoor makes an organization whose physical name is kept by another one, and complains unless it settles beside it: name and
// slug are its own at once, and it is at rest however long it waits.
func (h *haunted) nextDoor(name, email, kept string) tenant.Organization {
	h.t.Helper()
	org := h.create(name, email)
	h.write(org, `{"n":1}`)
	for range 4 {
		h.at(org.ID, kept+"_"+ending(org.ID), 1)
		h.settle(2 * time.Hour)
	}
	if org = h.get(org.ID); len(org.Quarantine) > 0 || org.Home != org.Placement.Namespace || len(org.Claims) != 3 {
		h.t.Errorf("%s is at home at %q, waits with %v and claims %v", name, org.Home, org.Quarantine, org.Claims)
	}
	return org
}

// calm is a haunted server without the ghost: ends are clean.
func calm(t *testing.T, options ...option) *haunted {
	t.Helper()
	h := haunt(t, open(t), options...)
	h.exorcise()
	return h
}

// The physical names that an organization with direct writers has left are nobody else's, after a rename, a deletion and a purge.
func TestDirectWriters(t *testing.T) {
	t.Parallel()
	h := calm(t, retention(time.Minute))
	acme := h.rename(h.adopted(true), "Beta")
	h.at(acme.ID, "org_beta", 1)
	h.nextDoor("Legacy", "legacy@example.com", "org_legacy")
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	beta := h.nextDoor("Beta", "beta@example.com", "org_beta")
	if acme = h.get(acme.ID); acme.State != tenant.StateTrashed || !slices.Equal(acme.Kept, []string{"org_legacy", "org_beta"}) {
		t.Fatalf("in the trash it is %+v", acme)
	}
	if n, err := h.orgs.PurgeDue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("purged are %d, %v", n, err)
	}
	shell := h.get(acme.ID)
	if !shell.AtRest() || shell.State != tenant.StatePurged || shell.Name != "" || len(shell.Owners) > 0 ||
		!slices.Equal(shell.Claims, []tenant.Claim{"place:org_legacy", "place:org_beta"}) {
		t.Errorf("what is left is %+v", shell)
	}
	if _, err := h.store.Documents.Usage(t.Context(), acme.Place()); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the data is there: %v", err)
	}
	if err := h.orgs.Delete(t.Context(), owner(beta), beta.ID, 0); err != nil {
		t.Fatal(err)
	}
	h.nextDoor("Beta", "next@example.com", "org_beta")
	h.unseen(acme.ID)
}

// unseen complains if anybody sees something of an organization that is purged.
func (h *haunted) unseen(id tenant.OrgID) {
	h.t.Helper()
	ctx := h.t.Context()
	for _, caller := range []access.Caller{operator(), access.Console(), {}} {
		_, err := h.orgs.Resolve(ctx, caller, string(id))
		wantCode(h.t, err, tenant.CodeNotFound, "resolve")
	}
	for _, state := range []tenant.State{"", tenant.StatePurged, tenant.StateCreating} {
		page, _, err := h.orgs.List(ctx, operator(), orgs.Query{State: state, Limit: 100})
		if err != nil || slices.ContainsFunc(page, func(o orgs.Listed) bool { return o.ID == id }) {
			h.t.Errorf("it is in the list of state %q (%v)", state, err)
		}
	}
	_, err := h.orgs.Restore(ctx, operator(), id, orgs.RestoreAs{})
	wantCode(h.t, err, tenant.CodeNotFound, "restore")
	if n, err := h.orgs.PurgeDue(ctx, 10); err != nil || n > 1 {
		h.t.Errorf("%d were purged (%v)", n, err)
	}
	if got := entries(ctx, h.t, h.store, id); !slices.Equal(got, []string{"organization.adopt", "organization.update", "organization.delete", "organization.purge"}) {
		h.t.Errorf("the log has %v", got)
	}
}

// Its own names an organization may come back to. Without direct writers they are everybody's.
func TestNamesOfOnesOwn(t *testing.T) {
	t.Parallel()
	h := calm(t)
	acme := h.rename(h.rename(h.adopted(true), "Beta"), "Legacy")
	for range 4 {
		h.settle(2 * time.Hour)
	}
	h.at(acme.ID, "org_legacy", 1)
	other := calm(t)
	other.rename(other.adopted(false), "Beta")
	next := other.create("Legacy", eve)
	other.at(next.ID, "org_legacy", 0)
}

// Data that was adopted is at home where it was found, until its organization gets another name: after a deletion and a restoration too,
// be they unclean.
func TestAdoptedStaysWhereItWasFound(t *testing.T) {
	t.Parallel()
	h := haunt(t, open(t))
	acme := h.adopted(false)
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := h.orgs.Restore(t.Context(), operator(), acme.ID, orgs.RestoreAs{}); err != nil {
		t.Fatal(err)
	}
	h.at(acme.ID, "org_legacy_"+ending(acme.ID), 1)
	h.exorcise()
	for range 4 {
		h.settle(2 * time.Hour)
		h.at(acme.ID, h.get(acme.ID).Placement.Namespace, 1)
	}
	h.at(acme.ID, "org_legacy", 1)
	if acme = h.get(acme.ID); len(acme.Quarantine) > 0 {
		t.Errorf("it waits with %v", acme.Quarantine)
	}
	caller := owner(acme)
	user, err := h.store.Users.Get(t.Context(), caller.User)
	if err != nil {
		t.Fatal(err)
	}
	caller.AuthTime, caller.Generation = caller.AuthTime.Add(h.ahead), user.Sessions.Generation
	if _, err := h.orgs.Update(t.Context(), caller, acme.ID, orgs.Change{Name: new("ACME"), Password: new(otherPassword)}); err != nil {
		t.Fatal(err)
	}
	h.at(acme.ID, "org_legacy", 1)
	acme = h.rename(h.get(acme.ID), "Beta")
	h.at(acme.ID, "org_beta", 1)
	if acme = h.get(acme.ID); acme.Home != "" {
		t.Errorf("it is still at home at %s", acme.Home)
	}
}

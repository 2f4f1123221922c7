package orgs_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// haunted is a server on a store that several share, with a dead one on the list, so that no drain is clean; and a clock that
// the test turns.
type haunted struct {
	*server

	ahead time.Duration
	dead  tenant.InstanceID
}

func haunt(t *testing.T, s store.Store, options ...option) *haunted {
	t.Helper()
	h := &haunted{dead: tenant.InstanceID(tenant.NewID())}
	if err := s.Instances.Register(t.Context(), tenant.Instance{ID: h.dead, StartedAt: time.Now(), Dead: true}); err != nil {
		t.Fatal(err)
	}
	h.server = start(t, s, append(options, func(deps *orgs.Deps) {
		deps.Limits.Quarantine = time.Hour
		deps.Now = func() time.Time { return time.Now().Add(h.ahead) }
	})...)
	return h
}

// exorcise takes the dead server off the list.
func (h *haunted) exorcise() {
	h.t.Helper()
	if err := h.store.Instances.Remove(h.t.Context(), h.dead); err != nil {
		h.t.Fatal(err)
	}
}

// settle lets time pass and looks after the names that are due.
func (h *haunted) settle(d time.Duration) {
	h.t.Helper()
	h.ahead += d
	if _, err := h.orgs.SettleDue(h.t.Context(), 10); err != nil {
		h.t.Fatal(err)
	}
}

func (h *haunted) get(id tenant.OrgID) tenant.Organization {
	h.t.Helper()
	org, err := h.store.Orgs.Get(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return org
}

func (h *haunted) rename(org tenant.Organization, name string) tenant.Organization {
	h.t.Helper()
	renamed, err := h.orgs.Update(h.t.Context(), owner(org), org.ID, orgs.Change{Name: &name})
	if err != nil {
		h.t.Fatalf("rename to %s: %v", name, err)
	}
	return renamed
}

// at complains unless the organization's data is at the namespace and its documents can be read.
func (h *haunted) at(id tenant.OrgID, namespace string, docs int) {
	h.t.Helper()
	org := h.get(id)
	if org.Placement.Namespace != namespace || !org.AtRest() {
		h.t.Errorf("%s is at %s, want %s", org.Name, org.Placement.Namespace, namespace)
	}
	usage, err := h.store.Documents.Usage(h.t.Context(), org.Place())
	if err != nil || usage.Documents != int64(docs) {
		h.t.Errorf("%s has %d documents there, want %d (%v)", org.Name, usage.Documents, docs, err)
	}
}

func ending(id tenant.OrgID) string { return string(id[len(id)-8:]) }

// After an unclean rename nobody comes to the old physical name for an hour, though name and slug are free at once; whoever took
// them comes home when nothing can be late any more.
func TestUncleanRename(t *testing.T) {
	h := haunt(t, open(t))
	acme := h.create("Acme", ada)
	h.write(acme, `{"n":1}`)
	acme = h.rename(acme, "Beta")
	next := h.create("Acme", eve)
	h.write(next, `{"n":2}`)
	h.at(acme.ID, "org_beta", 1)
	h.at(next.ID, "org_acme_"+ending(next.ID), 1)
	if org := h.get(acme.ID); !org.IsQuarantined("org_acme") || !org.IsQuarantined("org_beta") || len(org.Claims) != 4 {
		t.Errorf("in quarantine are %v, claimed %v", org.Quarantine, org.Claims)
	}
	h.settle(59 * time.Minute)
	h.at(next.ID, "org_acme_"+ending(next.ID), 1)
	h.settle(2 * time.Minute) // the first look
	if org := h.get(acme.ID); !org.IsQuarantined("org_acme") || org.IsQuarantined("org_beta") {
		t.Errorf("after the first look are in quarantine %v", org.Quarantine)
	}
	h.settle(2 * time.Minute) // the second one frees the name, and perhaps it is the next one's turn before that
	h.exorcise()
	h.settle(2 * time.Hour)
	h.at(next.ID, "org_acme", 1)
	h.at(acme.ID, "org_beta", 1)
	h.settle(2 * time.Hour)
	h.settle(2 * time.Hour)
	for _, id := range []tenant.OrgID{acme.ID, next.ID} {
		if org := h.get(id); len(org.Quarantine) != 0 || len(org.Claims) != 3 {
			t.Errorf("%s still keeps %v, claims %v", org.Name, org.Quarantine, org.Claims)
		}
	}
	if got := entries(t.Context(), t, h.store, next.ID); !slices.Equal(got, []string{"organization.create"}) {
		t.Errorf("the audit log of who came home has %v", got)
	}
}

// A rename to a name whose physical name another one keeps leaves the data where it is, until that is free.
func TestRenameToAKeptName(t *testing.T) {
	h := haunt(t, open(t))
	acme := h.create("Acme", ada)
	h.rename(acme, "Beta")
	h.exorcise()
	gamma := h.create("Gamma", eve)
	h.write(gamma, `{"n":1}`)
	gamma = h.rename(gamma, "Acme")
	h.at(gamma.ID, "org_gamma", 1)
	for range 4 {
		h.settle(2 * time.Hour)
	}
	h.at(gamma.ID, "org_acme", 1)
}

// Rule no-return: an organization does not come back to a name that it has left uncleanly, not even its own.
func TestNoReturnToAQuarantinedName(t *testing.T) {
	h := haunt(t, open(t))
	acme := h.create("Acme", ada)
	h.write(acme, `{"n":1}`)
	acme = h.rename(h.rename(acme, "Beta"), "Acme")
	h.at(acme.ID, "org_beta", 1)
	h.exorcise()
	for range 4 {
		h.settle(2 * time.Hour)
	}
	h.at(acme.ID, "org_acme", 1)
}

// A clean rename keeps nothing, unless the installation wants it for those who write to MongoDB themselves.
func TestCleanRename(t *testing.T) {
	for wanted, kept := range map[time.Duration]bool{0: false, time.Minute: true} {
		h := haunt(t, open(t), func(deps *orgs.Deps) { deps.Limits.NameQuarantine = wanted })
		h.exorcise()
		acme := h.create("Acme", ada)
		h.rename(acme, "Beta")
		if org := h.get(acme.ID); org.IsQuarantined("org_acme") != kept || org.IsQuarantined("org_beta") {
			t.Errorf("with %v are in quarantine %v", wanted, org.Quarantine)
		}
	}
}

// An unclean deletion keeps its physical name too: a restoration goes elsewhere, and the purge waits.
func TestUncleanDeletion(t *testing.T) {
	h := haunt(t, open(t), retention(0))
	acme := h.create("Acme", ada)
	h.write(acme, `{"n":1}`)
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	if org := h.get(acme.ID); org.State != tenant.StateTrashed || !slices.Equal(org.Claims, []tenant.Claim{tenant.PlaceClaim("org_acme")}) {
		t.Fatalf("the deleted one is %s and claims %v", org.State, org.Claims)
	}
	next := h.create("Acme", eve)
	h.at(next.ID, "org_acme_"+ending(next.ID), 0)
	other := "Acme of old"
	if _, err := h.orgs.Restore(t.Context(), operator(), acme.ID, orgs.RestoreAs{Name: &other}); err != nil {
		t.Fatal(err)
	}
	h.at(acme.ID, "org_acme_of_old", 1)
	h.exorcise()
	h.rename(h.get(acme.ID), "Acme once")
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		h.settle(2 * time.Hour)
	}
	if _, err := h.orgs.PurgeDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Orgs.Get(t.Context(), acme.ID); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("it was not purged: %v", err)
	}
	h.settle(2 * time.Hour)
	h.at(next.ID, "org_acme", 0)
}

// Rule takeover: who takes an operation over at its physical step does not know what the one before has sent.
func TestTakeoverIsUnclean(t *testing.T) {
	f := storetest.NewFaults(open(t))
	h := haunt(t, f.Store())
	h.exorcise()
	acme := h.create("Acme", ada)
	reached, release := f.Block("Places.Rename")
	beta, done := "Beta", make(chan error, 1)
	go func() {
		_, err := h.orgs.Update(context.Background(), owner(acme), acme.ID, orgs.Change{Name: &beta})
		done <- err
	}()
	<-reached
	next := start(t, f.Store(), func(deps *orgs.Deps) { deps.Limits.Quarantine = time.Hour })
	if err := h.store.Instances.DeclareDead(t.Context(), h.id, 0); err != nil {
		t.Fatal(err)
	}
	if err := next.orgs.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	release()
	if err := <-done; err == nil {
		t.Error("the one that was taken over thinks that it ended the operation")
	}
	if org := h.get(acme.ID); org.Name != "Beta" || !org.IsQuarantined("org_acme") || !org.IsQuarantined("org_beta") {
		t.Errorf("after the takeover %s keeps %v", org.Name, org.Quarantine)
	}
}

// A name where something turned up is swept again, as often as that happens.
func TestNameIsFreeWhenNothingTurnsUp(t *testing.T) {
	found := []bool{true, true, false}
	looks := 0
	s := open(t)
	inner := s.Places
	s.Places = sweeps{inner, func(to tenant.Place) bool {
		if looks++; to.Placement.Namespace != "org_beta" {
			t.Errorf("what is found is carried to %q", to.Placement.Namespace)
		}
		return found[looks-1]
	}}
	h := haunt(t, s)
	acme := h.create("Acme", ada)
	h.rename(acme, "Beta")
	for range found {
		if org := h.get(acme.ID); !org.IsQuarantined("org_acme") {
			t.Fatalf("free after %d looks", looks)
		}
		h.settle(2 * time.Hour)
	}
	if org := h.get(acme.ID); org.IsQuarantined("org_acme") || looks != len(found) {
		t.Errorf("after %d looks %v", looks, org.Quarantine)
	}
}

// sweeps are places where the test says what a sweep finds.
type sweeps struct {
	store.Places

	found func(to tenant.Place) bool
}

func (s sweeps) Sweep(_ context.Context, _ string, to tenant.Place, _ tenant.OperationID) (bool, error) {
	return s.found(to), nil
}

// What arrives while a name is in quarantine is carried within minutes, and the name stays claimed.
func TestSweepsMeanwhile(t *testing.T) {
	s, sweptAt := open(t), 0
	s.Places = sweeps{s.Places, func(tenant.Place) bool { sweptAt++; return sweptAt == 1 }}
	h := haunt(t, s)
	acme := h.create("Acme", ada)
	h.rename(acme, "Beta")
	for i, pass := range []time.Duration{30 * time.Second, time.Minute, 3 * time.Minute, 3 * time.Minute} {
		h.settle(pass)
		if want := []int{0, 1, 1, 2}[i]; sweptAt != want {
			t.Errorf("%d sweeps, want %d", sweptAt, want)
		}
	}
	if org := h.get(acme.ID); !org.IsQuarantined("org_acme") || !org.IsQuarantined("org_beta") || len(org.Claims) != 4 {
		t.Errorf("in quarantine are %v", org.Quarantine)
	}
}

// What is found under the name of a deleted organization goes nowhere.
func TestSweepForTheDeleted(t *testing.T) {
	s := open(t)
	swept := 0
	s.Places = sweeps{s.Places, func(to tenant.Place) bool {
		if swept++; to.Placement.Namespace != "" {
			t.Errorf("what is found is carried to %q", to.Placement.Namespace)
		}
		return false
	}}
	h := haunt(t, s)
	acme := h.create("Acme", ada)
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	h.settle(2 * time.Hour)
	h.settle(2 * time.Hour)
	if org := h.get(acme.ID); swept != 2 || len(org.Quarantine) != 0 || len(org.Claims) != 0 {
		t.Errorf("after %d sweeps it keeps %v", swept, org.Quarantine)
	}
}

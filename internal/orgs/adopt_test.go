package orgs_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// oldHash is what stands for the admin's password.
var oldHash = "$2b$12$" + strings.Repeat("a", 53)

// legacy is where the data of an organization is that is adopted.
func legacy(id tenant.OrgID) tenant.Place {
	return tenant.Place{Org: id, Placement: tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_legacy"}}
}

// lay puts data where an adoption finds it, claimed for the organization.
func lay(t *testing.T, s store.Store, id tenant.OrgID) {
	t.Helper()
	if err := s.Places.Create(t.Context(), legacy(id)); err != nil {
		t.Fatal(err)
	}
	doc := tenant.Document{ID: "old", Data: tenant.Data(`{"n":1}`), WriteID: tenant.NewID()}
	if _, err := s.Documents.Insert(t.Context(), legacy(id).In(""), doc, 0); err != nil {
		t.Fatal(err)
	}
}

// adopt adopts Acme of ada@ around that data.
func (s *server) adopt(id tenant.OrgID, directWriters bool) (tenant.Organization, error) {
	s.t.Helper()
	return s.orgs.Adopt(s.t.Context(), access.Console(), orgs.Adoption{
		Org: id, Name: "Acme", Email: ada, PasswordHash: oldHash, Placement: legacy(id).Placement, DirectWriters: directWriters,
		CreatedAt: time.UnixMilli(1500000000000),
	})
}

// adopted adopts Acme, which the story needs.
func (s *server) adopted(directWriters bool) tenant.Organization {
	s.t.Helper()
	id := tenant.OrgID(tenant.NewID())
	lay(s.t, s.store, id)
	org, err := s.adopt(id, directWriters)
	if err != nil {
		s.t.Fatal(err)
	}
	return org
}

// TestAdopt makes an organization of what was there, twice, and refuses what is not sound.
func TestAdopt(t *testing.T) {
	t.Parallel()
	s := start(t, open(t))
	org := s.adopted(false)
	again, err := s.adopt(org.ID, false)
	if err != nil || again.ID != org.ID || again.Version != org.Version {
		t.Errorf("again: %+v, %v", again, err)
	}
	if org.Placement.Namespace != "org_legacy" || org.State != tenant.StateActive || !org.CreatedAt.Equal(time.UnixMilli(1500000000000)) {
		t.Errorf("the organization is %+v", org)
	}
	user, err := s.store.Users.FindByEmail(t.Context(), ada)
	if err != nil || user.PasswordHash != oldHash || !org.IsOwner(user.ID) {
		t.Errorf("the owner is %+v, %v", user, err)
	}
	if got := entries(t.Context(), t, s.store, org.ID); len(got) != 1 || got[0] != "organization.adopt" {
		t.Errorf("the log has %v", got)
	}
	other := tenant.OrgID(tenant.NewID())
	adoption := orgs.Adoption{Org: other, Name: "Beta", Email: eve, PasswordHash: oldHash, Placement: legacy(other).Placement}
	empty := legacy(other)
	empty.Placement.Namespace = "org_empty"
	if err := s.store.Places.Create(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*orgs.Adoption)
		caller access.Caller
		want   tenant.Code
	}{
		"a name that is taken":    {func(a *orgs.Adoption) { a.Name = "ACME" }, access.Console(), tenant.CodeNameTaken},
		"an address that is":      {func(a *orgs.Adoption) { a.Email, a.Placement = ada, empty.Placement }, access.Console(), tenant.CodeEmailTaken},
		"a place that is":         {func(*orgs.Adoption) {}, access.Console(), tenant.CodeConflict},
		"a password in the clear": {func(a *orgs.Adoption) { a.PasswordHash = "in the clear" }, access.Console(), tenant.CodeInvalid},
		"a reserved name":         {func(a *orgs.Adoption) { a.Name = "Admin" }, access.Console(), tenant.CodeInvalid},
		"an operator":             {func(*orgs.Adoption) {}, operator(), tenant.CodeForbidden},
		"nobody":                  {func(*orgs.Adoption) {}, access.Caller{}, tenant.CodeUnauthenticated},
	} {
		in := adoption
		c.change(&in)
		_, err := s.orgs.Adopt(t.Context(), c.caller, in)
		wantCode(t, err, c.want, name)
		if _, err := s.store.Orgs.Get(t.Context(), other); !tenant.IsCode(err, tenant.CodeNotFound) {
			t.Errorf("%s: there is an organization (%v)", name, err)
		}
		if _, err := s.store.Documents.Usage(t.Context(), empty); err != nil {
			t.Errorf("%s: the place that was found is gone: %v", name, err)
		}
	}
	adoption.Org, adoption.Email = org.ID, ada
	_, err = s.orgs.Adopt(t.Context(), access.Console(), adoption)
	wantCode(t, err, tenant.CodeConflict, "the same under another name")
	if err := s.orgs.Delete(t.Context(), owner(org), org.ID, 0); err != nil {
		t.Fatal(err)
	}
	_, err = s.adopt(org.ID, false)
	wantCode(t, err, tenant.CodeNotFound, "an adoption of what was deleted since")
}

// TestAdoptAtOnce has several commands adopt the same at the same time: it is one organization, and each hears that it is there.
func TestAdoptAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, open(t))
	for range 5 {
		id := tenant.OrgID(tenant.NewID())
		lay(t, s.store, id)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if org, err := s.adopt(id, false); err != nil || org.ID != id {
					t.Errorf("one of four: %+v, %v", org, err)
				}
			})
		}
		all.Wait()
		if got := entries(t.Context(), t, s.store, id); len(got) != 1 {
			t.Errorf("the log has %v", got)
		}
		org, err := s.store.Orgs.Get(t.Context(), id)
		if err != nil || org.State != tenant.StateActive {
			t.Fatalf("the organization is %+v, %v", org, err)
		}
		if err := s.orgs.Delete(t.Context(), owner(org), id, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// takenOrgs finds each id taken, by an organization that is gone when one looks.
type takenOrgs struct{ store.Orgs }

func (takenOrgs) Insert(context.Context, tenant.Organization, tenant.Trail) error {
	return tenant.Errorf(tenant.CodeIDTaken, "taken")
}

// TestAdoptBesideOneTakenBack says of nothing that it was adopted where another attempt had the id and was taken back.
func TestAdoptBesideOneTakenBack(t *testing.T) {
	t.Parallel()
	s := start(t, open(t), func(d *orgs.Deps) { d.Orgs = takenOrgs{d.Orgs} })
	id := tenant.OrgID(tenant.NewID())
	lay(t, s.store, id)
	org, err := s.adopt(id, false)
	wantCode(t, err, tenant.CodeOperationInProgress, "beside one that is taken back")
	if org.ID != "" {
		t.Errorf("it answers with %+v", org)
	}
}

// TestAdoptBeyondTheLimit counts as a creation does.
func TestAdoptBeyondTheLimit(t *testing.T) {
	t.Parallel()
	s := start(t, open(t), func(d *orgs.Deps) { d.Limits.MaxOrganizations = 1 })
	s.create("Beta", eve)
	id := tenant.OrgID(tenant.NewID())
	lay(t, s.store, id)
	_, err := s.adopt(id, false)
	wantCode(t, err, tenant.CodeLimit, "adopt beyond the limit")
}

// TestAdoptKilledAtEveryStoreCall interrupts an adoption at each store call, in both ways. The data is there whatever happens,
// nothing half done is seen, and the same adoption begun anew comes to the same end.
func TestAdoptKilledAtEveryStoreCall(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]storetest.Mode{"dead": storetest.Dead, "once": storetest.Once} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Sweep(t, mode, open, func(t *testing.T, f *storetest.Faults) { adoptInterrupted(t, f, mode) })
		})
	}
}

func adoptInterrupted(t *testing.T, f *storetest.Faults, mode storetest.Mode) {
	t.Helper()
	id := tenant.OrgID(tenant.NewID())
	first := start(t, f.Store())
	lay(t, f.Store(), id)
	f.Arm()
	_, err := first.adopt(id, false)
	f.Heal()
	last := first
	if mode == storetest.Dead {
		last = first.succeed(f.Store())
	} else if err := first.orgs.Recover(t.Context()); err != nil {
		t.Fatalf("recover: %v", err)
	}
	after := facts{names: []string{"acme"}, documents: 1, emails: []string{ada}, actions: []string{"organization.adopt"}}
	if got := last.look(id); !got.equal(after) && (err == nil || !got.equal(before[""])) {
		t.Errorf("after %s failed (answer %v) the world is %+v", f.FiredAt(), err, got)
	}
	last.checkRest()
	if doc, err := f.Store().Documents.Get(t.Context(), legacy(id).In(""), "old"); err != nil || string(doc.Data) != `{"n":1}` {
		t.Errorf("after %s failed the data is %+v, %v", f.FiredAt(), doc, err)
	}
	if _, err := last.adopt(id, false); err != nil {
		t.Errorf("again, after %s failed: %v", f.FiredAt(), err)
	}
	if got := last.look(id); !got.equal(after) {
		t.Errorf("again, after %s failed the world is %+v", f.FiredAt(), got)
	}
	last.checkRest()
}

package orgs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// limited counts attempts by rates that give nothing back while a test runs, whose time stands still for the others.
func limited(s store.Store, signUps, changes float64) option {
	mac := func(label string, parts ...string) string { return fmt.Sprintf("%.60s", fmt.Sprint(label, parts)) }
	const slowly = 1e-6
	began := time.Now()
	return func(deps *orgs.Deps) {
		deps.Throttle = throttle.New(throttle.Options{
			Store: s.Throttle, MAC: mac, Now: func() time.Time { return began },
			SignUps: throttle.Rate{Burst: signUps, PerSecond: slowly}, Changes: throttle.Rate{Burst: changes, PerSecond: slowly},
		})
	}
}

func from(prefix string) access.Caller { return access.Caller{Address: prefix, Prefix: prefix} }

func newOrg(name, email string) orgs.NewOrganization {
	return orgs.NewOrganization{Name: name, Email: email, Password: goodPassword}
}

// An address creates so many organizations and no more; another one is not concerned.
func TestSignUpsAreLimitedPerAddress(t *testing.T) {
	st := open(t)
	s := start(t, st, limited(st, 2, 100))
	for i := range 2 {
		_, err := s.orgs.Create(t.Context(), from("home"), newOrg(fmt.Sprint("Acme ", i), fmt.Sprintf("ada%d@example.com", i)))
		wantCode(t, err, "", "create")
	}
	_, err := s.orgs.Create(t.Context(), from("home"), newOrg("Acme 2", "ada2@example.com"))
	wantCode(t, err, tenant.CodeThrottled, "one more")
	if e := asError(t, err); e != nil && e.RetryAfter <= 0 {
		t.Error("it does not say when to come back")
	}
	_, err = s.orgs.Create(t.Context(), from("elsewhere"), newOrg("Acme 2", "ada2@example.com"))
	wantCode(t, err, "", "from another address")
	s.checkRest()
}

// One organization is renamed and deleted so often and no more; another one is not concerned.
func TestChangesAreLimitedPerOrganization(t *testing.T) {
	st := open(t)
	s := start(t, st, limited(st, 100, 3))
	acme, other := s.create("Acme", ada), s.create("Other", eve)
	for i := range 3 {
		_, err := s.orgs.Update(t.Context(), owner(acme), acme.ID, orgs.Change{Name: new(fmt.Sprint("Acme ", i))})
		wantCode(t, err, "", "rename")
	}
	_, err := s.orgs.Update(t.Context(), owner(acme), acme.ID, orgs.Change{Name: new("Acme")})
	wantCode(t, err, tenant.CodeThrottled, "one more rename")
	wantCode(t, s.orgs.Delete(t.Context(), owner(acme), acme.ID, 0), tenant.CodeThrottled, "delete")
	if org, err := s.store.Orgs.Get(t.Context(), acme.ID); err != nil || org.Name != "Acme 2" || org.State != tenant.StateActive {
		t.Errorf("what was refused left %+v (%v)", org, err)
	}
	wantCode(t, s.orgs.Delete(t.Context(), owner(other), other.ID, 0), "", "delete another one")
}

// ORGD_MAX_ORGS counts what is outside the trash.
func TestOrganizationsAreBoundedInNumber(t *testing.T) {
	s := start(t, open(t), func(deps *orgs.Deps) { deps.Limits.MaxOrganizations = 2 })
	acme := s.create("Acme", ada)
	s.create("Other", eve)
	third := func(name string) error {
		_, err := s.orgs.Create(t.Context(), access.Caller{}, newOrg(name, "third@example.com"))
		return err
	}
	wantCode(t, third("Third"), tenant.CodeLimit, "the third of two")
	wantCode(t, s.orgs.Delete(t.Context(), owner(acme), acme.ID, 0), "", "delete")
	wantCode(t, third("Third"), "", "in place of a deleted one")
	s.checkRest()
}

// That an address is in use is told as often as a password may be guessed. After that nothing is told, of
// free addresses neither.
func TestAskingForTakenAddressesIsThrottled(t *testing.T) {
	for way, change := range map[string]*orgs.Change{"create": nil, "update": {}, "rename": {Name: new("Renamed")}} {
		t.Run(way, func(t *testing.T) {
			st := open(t)
			s := start(t, st, limited(st, 1000, 1000))
			s.create("Acme", ada)
			own := s.create("Own", eve)
			ask := func(prefix, email string) error {
				if change == nil {
					_, err := s.orgs.Create(t.Context(), from(prefix), newOrg("Another", email))
					return err
				}
				caller, wanted := owner(own), *change
				caller.Prefix, wanted.Email = prefix, &email
				_, err := s.orgs.Update(t.Context(), caller, own.ID, wanted)
				return err
			}
			for range throttle.PrefixFailures {
				wantCode(t, ask("evil", ada), tenant.CodeEmailTaken, "a taken address")
			}
			wantCode(t, ask("evil", ada), tenant.CodeThrottled, "a taken address once more")
			wantCode(t, ask("evil", "free@example.com"), tenant.CodeThrottled, "a free address after that")
			wantCode(t, ask("home", "free@example.com"), "", "a free address from elsewhere")
		})
	}
}

// The log of acts holds at most 256 bytes of what a client chose, and nothing that turns text around.
func TestAuditEntriesHoldShortNames(t *testing.T) {
	s := start(t, open(t))
	long := "Acme " + strings.Repeat("\u2603", 190) // 575 bytes; the slug is acme
	org := s.create(long, ada)
	_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta\u200b " + strings.Repeat("\u2603", 190))})
	wantCode(t, err, "", "rename")
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	_, err = s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{Name: &long})
	wantCode(t, err, "", "restore")
	entries, err := s.store.Audit.List(t.Context(), org.ID, 0, 10)
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d entries (%v), want 4", len(entries), err)
	}
	for _, e := range entries {
		for key, value := range e.Detail {
			if len(value) > access.MaxClientText || value != access.CleanClientText(value) || value == "" {
				t.Errorf("%s has %s of %d bytes: %q", e.Action, key, len(value), value)
			}
		}
	}
}

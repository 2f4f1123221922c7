package orgs_test

import (
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// story is one operation that the sweep interrupts at every store call. The state before and after it is told by facts,
// which must all be those of before or all those of after once a new server has recovered.
type story struct {
	name string
	// begins is the state of the organization before the act, "" where there is none.
	begins tenant.State
	act    func(s *server, me access.Caller, org tenant.Organization) error
	// after is what the world looks like then: as before, if the act is refused.
	after   facts
	refusal tenant.Code
	options []option
}

// facts are what anybody could see of the world.
type facts struct {
	names     []string // organizations that readers find among acme and beta
	documents int      // in the organization's place; -1 if it is not there
	emails    []string // addresses among ada@ and eve@ that belong to a user with a living membership
	actions   []string // the organization's audit log
	logins    []login  // what the owner can sign in with, among the addresses and passwords of the stories
	sessions  []string // which of those of before are still good: the one that acts (here) and another one (elsewhere)
}

const (
	ada = "ada@example.com"
	eve = "eve@example.com"
)

// before is what the world looks like before the acts, by the state of the organization.
var before = map[tenant.State]facts{
	"": {documents: -1},
	tenant.StateActive: {
		names: []string{"acme"}, documents: 1, emails: []string{ada}, actions: []string{"organization.create"},
		logins: []login{{ada, goodPassword}}, sessions: []string{"here", "elsewhere"},
	},
	tenant.StateTrashed: {documents: -1, actions: []string{"organization.create", "organization.delete"}},
}

func withDocument(s *server) tenant.Organization {
	org := s.create("Acme", ada)
	s.write(org, `{"n":1}`)
	return org
}

func trashed(s *server) tenant.Organization {
	org := withDocument(s)
	s.trash(org)
	return org
}

func (s *server) trash(org tenant.Organization) {
	s.t.Helper()
	if err := s.orgs.Delete(s.t.Context(), owner(org), org.ID, 0); err != nil {
		s.t.Fatalf("delete: %v", err)
	}
}

const plannedID tenant.OrgID = "0192f0c1-0000-7000-8000-00000000000a"

func creating(s *server, _ access.Caller, org tenant.Organization) error {
	_, err := s.orgs.Create(s.t.Context(), access.Caller{}, orgs.NewOrganization{
		Name: "Acme", Email: ada, Password: goodPassword,
		IDs: orgs.IDs{Org: org.ID, Owner: tenant.UserID(tenant.NewID()), Entry: tenant.EntryID(tenant.NewID())},
	})
	return err
}

func deleting(s *server, me access.Caller, org tenant.Organization) error {
	return s.orgs.Delete(s.t.Context(), me, org.ID, 0)
}

// change is an act that updates the organization.
func change(of orgs.Change) func(*server, access.Caller, tenant.Organization) error {
	return func(s *server, me access.Caller, org tenant.Organization) error {
		_, err := s.orgs.Update(s.t.Context(), me, org.ID, of)
		return err
	}
}

// restoring is an act that brings the organization back.
func restoring(as orgs.RestoreAs) func(*server, access.Caller, tenant.Organization) error {
	return func(s *server, _ access.Caller, org tenant.Organization) error {
		_, err := s.orgs.Restore(s.t.Context(), operator(), org.ID, as)
		return err
	}
}

var stories = []story{
	{
		name: "create",
		act:  creating,
		after: facts{
			names: []string{"acme"}, emails: []string{ada}, actions: []string{"organization.create"}, logins: []login{{ada, goodPassword}},
		},
	},
	{
		name:   "rename",
		begins: tenant.StateActive,
		act:    change(orgs.Change{Name: new("Beta")}),
		after: facts{
			names: []string{"beta"}, documents: 1, emails: []string{ada}, actions: []string{"organization.create", "organization.update"},
			logins: []login{{ada, goodPassword}}, sessions: []string{"here", "elsewhere"},
		},
	},
	{
		name:   "rename with address and password",
		begins: tenant.StateActive,
		act:    change(orgs.Change{Name: new("Beta"), Email: new(eve), Password: new(otherPassword)}),
		after: facts{
			names: []string{"beta"}, documents: 1, emails: []string{eve}, actions: []string{"organization.create", "organization.update"},
			logins: []login{{eve, otherPassword}}, sessions: []string{"here"},
		},
	},
	{
		name:   "respell",
		begins: tenant.StateActive,
		act:    change(orgs.Change{Name: new("ACME")}),
		after: facts{
			names: []string{"acme"}, documents: 1, emails: []string{ada}, actions: []string{"organization.create", "organization.update"},
			logins: []login{{ada, goodPassword}}, sessions: []string{"here", "elsewhere"},
		},
	},
	{
		name:   "change of address alone",
		begins: tenant.StateActive,
		act:    change(orgs.Change{Email: new(eve)}),
		after: facts{
			names: []string{"acme"}, documents: 1, emails: []string{eve}, actions: []string{"organization.create", "organization.update"},
			logins: []login{{eve, goodPassword}}, sessions: []string{"here"},
		},
	},
	{
		name:   "change of password alone",
		begins: tenant.StateActive,
		act:    change(orgs.Change{Password: new(otherPassword)}),
		after: facts{
			names: []string{"acme"}, documents: 1, emails: []string{ada}, actions: []string{"organization.create", "organization.update"},
			logins: []login{{ada, otherPassword}}, sessions: []string{"here"},
		},
	},
	{
		name:   "delete",
		begins: tenant.StateActive,
		act:    deleting,
		after:  before[tenant.StateTrashed],
	},
	{
		name:   "restore",
		begins: tenant.StateTrashed,
		act:    restoring(orgs.RestoreAs{}),
		after: facts{
			names: []string{"acme"}, documents: 1, emails: []string{ada},
			actions: []string{"organization.create", "organization.delete", "organization.restore"}, logins: []login{{ada, goodPassword}},
		},
	},
	{
		name:   "restore as another",
		begins: tenant.StateTrashed,
		act:    restoring(orgs.RestoreAs{Name: new("Beta"), Email: new(eve)}),
		after: facts{
			names: []string{"beta"}, documents: 1, emails: []string{eve},
			actions: []string{"organization.create", "organization.delete", "organization.restore"}, logins: []login{{eve, goodPassword}},
		},
	},
	{
		name:   "purge",
		begins: tenant.StateTrashed,
		act: func(s *server, _ access.Caller, _ tenant.Organization) error {
			_, err := s.orgs.PurgeDue(s.t.Context(), 10)
			return err
		},
		after:   facts{documents: -1, actions: []string{"organization.create", "organization.delete", "organization.purge"}},
		options: []option{retention(-time.Hour)},
	},
	{
		name:    "create that the place refuses",
		act:     creating,
		after:   before[""],
		refusal: tenant.CodeStorageFull,
		options: []option{losing(lost{create: tenant.Errorf(tenant.CodeStorageFull, "the disk is full")})},
	},
	{
		name:    "rename with address and password that the place refuses",
		begins:  tenant.StateActive,
		act:     change(orgs.Change{Name: new("Beta"), Email: new(eve), Password: new(otherPassword)}),
		after:   before[tenant.StateActive],
		refusal: tenant.CodeConflict,
		options: []option{losing(lost{rename: damaged})},
	},
	{
		name:    "restore as another that the place refuses",
		begins:  tenant.StateTrashed,
		act:     restoring(orgs.RestoreAs{Name: new("Beta"), Email: new(eve)}),
		after:   before[tenant.StateTrashed],
		refusal: tenant.CodeConflict,
		options: []option{losing(lost{restore: damaged})},
	},
}

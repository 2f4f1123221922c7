package orgs_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

// story is one operation that the sweep interrupts at every store call. The state before and after it is told by facts,
// which must all be those of before or all those of after once a new server has recovered.
type story struct {
	name string
	// prepare sets up what is there before, and returns the organization that the act is on, if any.
	prepare func(s *server) tenant.Organization
	act     func(s *server, org tenant.Organization) error
	// before and after are what the world looks like.
	before, after facts
	options       []option
}

// facts are what anybody could see of the world.
type facts struct {
	names     []string // organizations that readers find among acme and beta
	documents int      // in the organization's place; -1 if it is not there
	logins    []string // addresses among ada@ and eve@ that belong to a user with a living membership
	actions   []string // the organization's audit log
}

const (
	ada = "ada@example.com"
	eve = "eve@example.com"
)

func withDocument(s *server) tenant.Organization {
	org := s.create("Acme", ada)
	s.write(org, `{"n":1}`)
	return org
}

func trashed(s *server) tenant.Organization {
	org := withDocument(s)
	if err := s.orgs.Delete(s.t.Context(), owner(org), org.ID, 0); err != nil {
		s.t.Fatalf("delete: %v", err)
	}
	return org
}

const plannedID tenant.OrgID = "0192f0c1-0000-7000-8000-00000000000a"

var stories = []story{
	{
		name:    "create",
		prepare: func(*server) tenant.Organization { return tenant.Organization{ID: plannedID} },
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Create(s.t.Context(), access.Caller{}, orgs.NewOrganization{
				Name: "Acme", Email: ada, Password: goodPassword,
				IDs: orgs.IDs{Org: org.ID, Owner: tenant.UserID(tenant.NewID()), Entry: tenant.EntryID(tenant.NewID())},
			})
			return err
		},
		before: facts{documents: -1},
		after:  facts{names: []string{"acme"}, logins: []string{ada}, actions: []string{"organization.create"}},
	},
	{
		name:    "rename",
		prepare: withDocument,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Update(s.t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta")})
			return err
		},
		before: facts{names: []string{"acme"}, documents: 1, logins: []string{ada}, actions: []string{"organization.create"}},
		after: facts{
			names: []string{"beta"}, documents: 1, logins: []string{ada},
			actions: []string{"organization.create", "organization.update"},
		},
	},
	{
		name:    "rename with address and password",
		prepare: withDocument,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Update(s.t.Context(), owner(org), org.ID,
				orgs.Change{Name: new("Beta"), Email: new(eve), Password: new(otherPassword)})
			return err
		},
		before: facts{names: []string{"acme"}, documents: 1, logins: []string{ada}, actions: []string{"organization.create"}},
		after: facts{
			names: []string{"beta"}, documents: 1, logins: []string{eve},
			actions: []string{"organization.create", "organization.update"},
		},
	},
	{
		name:    "respell",
		prepare: withDocument,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Update(s.t.Context(), owner(org), org.ID, orgs.Change{Name: new("ACME")})
			return err
		},
		before: facts{names: []string{"acme"}, documents: 1, logins: []string{ada}, actions: []string{"organization.create"}},
		after: facts{
			names: []string{"acme"}, documents: 1, logins: []string{ada},
			actions: []string{"organization.create", "organization.update"},
		},
	},
	{
		name:    "change of address alone",
		prepare: withDocument,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Update(s.t.Context(), owner(org), org.ID, orgs.Change{Email: new(eve)})
			return err
		},
		before: facts{names: []string{"acme"}, documents: 1, logins: []string{ada}, actions: []string{"organization.create"}},
		after: facts{
			names: []string{"acme"}, documents: 1, logins: []string{eve},
			actions: []string{"organization.create", "organization.update"},
		},
	},
	{
		name:    "delete",
		prepare: withDocument,
		act: func(s *server, org tenant.Organization) error {
			return s.orgs.Delete(s.t.Context(), owner(org), org.ID, 0)
		},
		before: facts{names: []string{"acme"}, documents: 1, logins: []string{ada}, actions: []string{"organization.create"}},
		after:  facts{documents: -1, actions: []string{"organization.create", "organization.delete"}},
	},
	{
		name:    "restore",
		prepare: trashed,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Restore(s.t.Context(), operator(), org.ID, orgs.RestoreAs{})
			return err
		},
		before: facts{documents: -1, actions: []string{"organization.create", "organization.delete"}},
		after: facts{
			names: []string{"acme"}, documents: 1, logins: []string{ada},
			actions: []string{"organization.create", "organization.delete", "organization.restore"},
		},
	},
	{
		name:    "restore as another",
		prepare: trashed,
		act: func(s *server, org tenant.Organization) error {
			_, err := s.orgs.Restore(s.t.Context(), operator(), org.ID, orgs.RestoreAs{Name: new("Beta"), Email: new(eve)})
			return err
		},
		before: facts{documents: -1, actions: []string{"organization.create", "organization.delete"}},
		after: facts{
			names: []string{"beta"}, documents: 1, logins: []string{eve},
			actions: []string{"organization.create", "organization.delete", "organization.restore"},
		},
	},
	{
		name:    "purge",
		prepare: trashed,
		act: func(s *server, _ tenant.Organization) error {
			_, err := s.orgs.PurgeDue(s.t.Context(), 10)
			return err
		},
		before:  facts{documents: -1, actions: []string{"organization.create", "organization.delete"}},
		after:   facts{documents: -1, actions: []string{"organization.create", "organization.delete", "organization.purge"}},
		options: []option{retention(-time.Hour)},
	},
}

// TestKilledAtEveryStoreCall kills the server at each store call of each operation, before and after its effect, starts
// another and finds the old state or the new one; an act that was answered with success must have happened.
func TestKilledAtEveryStoreCall(t *testing.T) {
	t.Parallel()
	sweepStories(t, storetest.Dead)
}

// TestOneCallLost lets one call fail and the same server go on: its recovery must come to the same end.
func TestOneCallLost(t *testing.T) {
	t.Parallel()
	sweepStories(t, storetest.Once)
}

func sweepStories(t *testing.T, mode storetest.Mode) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			storetest.Sweep(t, mode, open, func(t *testing.T, f *storetest.Faults) { st.run(t, f, mode) })
		})
	}
}

func (st story) run(t *testing.T, f *storetest.Faults, mode storetest.Mode) {
	t.Helper()
	first := start(t, f.Store(), st.options...)
	org := st.prepare(first)
	f.Arm()
	err := st.act(first, org)
	f.Heal()
	last := first
	if mode == storetest.Dead {
		last = first.succeed(f.Store(), st.options...)
	} else if err := first.orgs.Recover(t.Context()); err != nil {
		t.Fatalf("recover: %v", err)
	}
	got := last.look(org.ID)
	isOld, isNew := got.equal(st.before), got.equal(st.after)
	switch {
	case !isOld && !isNew:
		t.Errorf("after %s failed (answer %v) the world is %+v, neither %+v nor %+v", f.FiredAt(), err, got, st.before, st.after)
	case err == nil && !isNew:
		t.Errorf("the act succeeded, and the world is still %+v", got)
	case !f.Fired() && err != nil:
		t.Errorf("without a fault: %v", err)
	}
	last.checkRest()
	last.usable(org.ID, got)
}

func (f facts) equal(other facts) bool {
	return slices.Equal(f.names, other.names) && f.documents == other.documents &&
		slices.Equal(f.logins, other.logins) && slices.Equal(f.actions, other.actions)
}

// look collects the facts.
func (s *server) look(id tenant.OrgID) facts {
	s.t.Helper()
	ctx := s.t.Context()
	got := facts{documents: -1, actions: entries(ctx, s.t, s.store, id)}
	for _, name := range []string{"acme", "beta"} {
		if org, err := s.orgs.Lookup(ctx, access.Caller{}, name); err == nil && org.ID == id {
			got.names = append(got.names, name)
		}
	}
	for _, email := range []tenant.Email{ada, eve} {
		user, err := s.store.Users.FindByEmail(ctx, email)
		if _, living := user.Living(id); err == nil && living && user.Email == email {
			got.logins = append(got.logins, string(email))
		}
	}
	member := access.Caller{Kind: tenant.ActorMember, Org: id, Role: tenant.RoleOwner}
	if docs, _, err := s.docs.List(ctx, member, id, "", 100); err == nil {
		got.documents = len(docs)
	}
	return got
}

// checkRest makes sure that nothing is left over: no operation, no claim without its owner.
func (s *server) checkRest() {
	s.t.Helper()
	ctx := s.t.Context()
	all, err := s.store.Orgs.List(ctx, store.OrgFilter{}, "", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, org := range all {
		if !org.AtRest() || org.State != tenant.StateActive && org.State != tenant.StateTrashed {
			s.t.Errorf("%s rests in state %s with operation %+v", org.Name, org.State, org.Op)
		}
		if want := wantedClaims(org); !slices.Equal(org.Claims, want) {
			s.t.Errorf("%s holds %v, want %v", org.Name, org.Claims, want)
		}
	}
	if n := s.gates.Closed(); n > 0 {
		s.t.Errorf("%d gates are closed with nothing under way", n)
	}
}

func wantedClaims(org tenant.Organization) []tenant.Claim {
	if org.State == tenant.StateTrashed {
		return nil
	}
	return tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
}

// usable makes sure that what is not taken by the facts is free, and that the world goes on.
func (s *server) usable(id tenant.OrgID, got facts) {
	s.t.Helper()
	for _, name := range []string{"Acme", "Beta"} {
		if !slices.Contains(got.names, strings.ToLower(name)) {
			if org := s.create(name, "heir-of-"+name+"@example.com"); org.ID == id {
				s.t.Errorf("%s got the id of another organization", name)
			}
		}
	}
	for i, email := range []string{ada, eve} {
		if !slices.Contains(got.logins, email) {
			s.create("Heir "+strconv.Itoa(i), email)
		}
	}
}

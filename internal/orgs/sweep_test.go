package orgs_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

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
	first, d := start(t, f.Store(), st.options...), openDesk(t, f.Store())
	org, me, sessions := st.prepare(first, d)
	f.Arm()
	err := st.act(first, me, org)
	f.Heal()
	last := first
	if mode == storetest.Dead {
		last = first.succeed(f.Store(), st.options...)
	} else if err := first.orgs.Recover(t.Context()); err != nil {
		t.Fatalf("recover: %v", err)
	}
	got := last.look(org.ID)
	d.look(org.ID, sessions, &got)
	isOld, isNew := got.equal(before[st.begins]), got.equal(st.after)
	switch {
	case !isOld && !isNew:
		t.Errorf("after %s failed (answer %v) the world is %+v, neither %+v nor %+v", f.FiredAt(), err, got, before[st.begins], st.after)
	case err == nil && !isNew:
		t.Errorf("the act succeeded, and the world is still %+v", got)
	}
	if err == nil || !f.Fired() {
		wantCode(t, err, st.refusal, "the act")
	}
	last.checkRest()
	last.checkRemains()
	last.usable(org.ID, got)
}

// prepare makes what is there before the act: me is its owner, who has signed in twice before anything became of it.
func (st story) prepare(s *server, d *desk) (org tenant.Organization, me access.Caller, sessions []session) {
	s.t.Helper()
	if st.begins == "" {
		return tenant.Organization{ID: plannedID}, access.Caller{}, nil
	}
	org = withDocument(s)
	for _, where := range []string{"here", "elsewhere"} {
		sessions = append(sessions, session{where, d.signIn(org.ID, login{ada, goodPassword})})
	}
	me, _ = d.who(sessions[0].token)
	if st.begins == tenant.StateTrashed {
		s.trash(org)
	}
	return org, me, sessions
}

func (f facts) equal(other facts) bool {
	return slices.Equal(f.names, other.names) && f.documents == other.documents &&
		slices.Equal(f.emails, other.emails) && slices.Equal(f.actions, other.actions) &&
		slices.Equal(f.logins, other.logins) && slices.Equal(f.sessions, other.sessions)
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
			got.emails = append(got.emails, string(email))
		}
	}
	member := access.Caller{Kind: tenant.ActorMember, Org: id, Role: tenant.RoleOwner}
	if docs, _, err := s.docs.List(ctx, member, id, "", 100); err == nil {
		got.documents = len(docs)
	}
	return got
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
		if !slices.Contains(got.emails, email) {
			s.create("Heir "+strconv.Itoa(i), email)
		}
	}
}

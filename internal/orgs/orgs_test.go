package orgs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

func TestCreateNamesEveryRefusedField(t *testing.T) {
	s := start(t, open(t))
	_, err := s.orgs.Create(t.Context(), access.Caller{}, orgs.NewOrganization{Name: "a\x00b", Email: "nobody", Password: "short"})
	wantCode(t, err, tenant.CodeInvalid, "create with three bad fields")
	var locations []string
	if e := asError(t, err); e != nil {
		for _, f := range e.Fields {
			locations = append(locations, f.Location)
		}
	}
	if got := strings.Join(locations, " "); got != "body.organization_name body.email body.password" {
		t.Errorf("fields %q", got)
	}
}

func TestNamesAndAddressesAreUnique(t *testing.T) {
	s := start(t, open(t))
	s.create("Acme Inc", ada)
	for _, tc := range []struct {
		name, email string
		want        tenant.Code
	}{
		{"ACME  inc", "b@example.com", tenant.CodeNameTaken},
		{"acme-inc", "b@example.com", tenant.CodeSlugTaken},
		{"Other", "ADA@Example.com", tenant.CodeEmailTaken},
	} {
		_, err := s.orgs.Create(t.Context(), access.Caller{}, orgs.NewOrganization{Name: tc.name, Email: tc.email, Password: goodPassword})
		wantCode(t, err, tc.want, "create "+tc.name)
	}
	s.create("Other", "b@example.com") // nothing of the refused attempts is left
	s.checkRest()
}

func TestUpdateIsOneActOrNothing(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	s.create("Taken", eve)
	_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta"), Email: new(eve)})
	wantCode(t, err, tenant.CodeEmailTaken, "rename with a taken address")
	if got := s.look(org.ID); len(got.names) != 1 || got.names[0] != "acme" || len(got.actions) != 1 {
		t.Errorf("a refused update left %+v", got)
	}
	_, err = s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Taken")})
	wantCode(t, err, tenant.CodeNameTaken, "rename to a taken name")
	_, err = s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("ta-ken")})
	wantCode(t, err, "", "rename to a name that differs in its slug")
	s.checkRest()
}

func TestUpdateWithNothingToChangeLeavesNoEntry(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	for _, change := range []orgs.Change{{}, {Name: new("Acme")}, {Email: new(" ")}, {Email: new(ada)}, {Name: new(" Acme ")}} {
		_, err := s.orgs.Update(t.Context(), owner(org), org.ID, change)
		if change.Email != nil && *change.Email == " " {
			wantCode(t, err, tenant.CodeInvalid, "blank address")
			continue
		}
		wantCode(t, err, "", "empty change")
	}
	if got := entries(t.Context(), t, s.store, org.ID); len(got) != 1 {
		t.Errorf("entries %v, want the creation alone", got)
	}
}

// Rules 1 and 2: whose address and password, and how lately they proved to be there.
func TestChangeOfCredentialsNeedsTheOwnerAtTheKeyboard(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	stale := owner(org)
	stale.AuthTime = time.Now().Add(-orgs.StepUpWindow - time.Second)
	stranger := owner(s.create("Other", "other@example.com"))
	for _, tc := range []struct {
		who    string
		caller access.Caller
		change orgs.Change
		want   tenant.Code
	}{
		{"an operator", operator(), orgs.Change{Email: new(eve)}, tenant.CodeForbidden},
		{"another organization's owner", stranger, orgs.Change{Email: new(eve)}, tenant.CodeNotFound},
		{"nobody", access.Caller{}, orgs.Change{Email: new(eve)}, tenant.CodeUnauthenticated},
		{"who signed in long ago", stale, orgs.Change{Email: new(eve)}, tenant.CodeStaleAuthentication},
		{"who guesses", stale, orgs.Change{Email: new(eve), CurrentPassword: new("a wrong guess")}, tenant.CodeStaleAuthentication},
		{"who knows the password", stale, orgs.Change{Email: new(eve), CurrentPassword: new(goodPassword)}, ""},
		{"who just signed in", owner(org), orgs.Change{Password: new(otherPassword)}, ""},
		{"who signed in long ago and renames only", stale, orgs.Change{Name: new("Beta")}, ""},
	} {
		_, err := s.orgs.Update(t.Context(), tc.caller, org.ID, tc.change)
		wantCode(t, err, tc.want, tc.who)
	}
	user, err := s.store.Users.Get(t.Context(), org.Owners[0])
	if err != nil || user.Email != eve || user.Sessions.Generation != 2 || user.Sessions.Except != "s" {
		t.Errorf("after two changes the user is %+v (%v): sessions must end but the caller's", user, err)
	}
}

func TestVersionConditions(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta"), IfVersion: org.Version + 1})
	wantCode(t, err, tenant.CodePrecondition, "rename of another version")
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, org.Version+1), tenant.CodePrecondition, "delete of another version")
	renamed, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta"), IfVersion: org.Version})
	wantCode(t, err, "", "rename of this version")
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, org.Version), tenant.CodePrecondition, "delete of the old version")
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, renamed.Version), "", "delete of the new version")
}

func TestDeletedNameAndAddressAreFreeAtOnce(t *testing.T) {
	s := start(t, open(t))
	for range 3 {
		org := s.create("Acme", ada)
		s.write(org, `{"n":1}`)
		wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
		_, err := s.orgs.Lookup(t.Context(), access.Caller{}, "Acme")
		wantCode(t, err, tenant.CodeNotFound, "lookup after the deletion")
	}
	s.checkRest()
}

func TestRestoreWhereNameOrAddressIsTaken(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	doc := s.write(org, `{"n":1}`)
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	s.create("Acme", ada)
	for _, tc := range []struct {
		as   orgs.RestoreAs
		want tenant.Code
	}{
		{orgs.RestoreAs{}, tenant.CodeNameTaken},
		{orgs.RestoreAs{Name: new("Old Acme")}, tenant.CodeEmailTaken},
		{orgs.RestoreAs{Email: new(eve)}, tenant.CodeNameTaken},
		{orgs.RestoreAs{Name: new("Old Acme"), Email: new(eve)}, ""},
		{orgs.RestoreAs{}, tenant.CodeConflict},
	} {
		_, err := s.orgs.Restore(t.Context(), operator(), org.ID, tc.as)
		wantCode(t, err, tc.want, "restore")
		s.checkRest()
	}
	if _, err := s.docs.Get(t.Context(), owner(org), documents.Ref{Org: org.ID, ID: doc.ID}); err != nil {
		t.Errorf("the document did not come back: %v", err)
	}
	user, err := s.store.Users.FindByEmail(t.Context(), eve)
	if err != nil || user.Sessions.Generation == 0 {
		t.Errorf("the restored owner %+v (%v) must have no session of before", user, err)
	}
}

func TestRetention(t *testing.T) {
	s := start(t, open(t), retention(0))
	org := s.create("Acme", ada)
	s.write(org, `{"n":1}`)
	wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	_, err := s.store.Orgs.Get(t.Context(), org.ID)
	wantCode(t, err, tenant.CodeNotFound, "the organization after a deletion without retention")
	_, err = s.store.Users.Get(t.Context(), org.Owners[0])
	wantCode(t, err, tenant.CodeNotFound, "its owner")
	want := "organization.create organization.delete organization.purge"
	if got := strings.Join(entries(t.Context(), t, s.store, org.ID), " "); got != want {
		t.Errorf("entries %q, want %q", got, want)
	}

	kept := start(t, open(t))
	org = kept.create("Acme", ada)
	wantCode(t, kept.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
	if n, err := kept.orgs.PurgeDue(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("%d purged before the retention was over (%v)", n, err)
	}
}

// A slug in a path means the organization that bears it now; an id has one spelling; what is not known is not there.
func TestResolve(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme Corp", ada)
	gone := s.create("Gone", eve)
	wantCode(t, s.orgs.Delete(t.Context(), owner(gone), gone.ID, 0), "", "delete")
	for ref, want := range map[string]tenant.Code{
		string(org.ID): "", "acme_corp": "", "Acme_Corp": tenant.CodeNotFound, "acme corp": tenant.CodeNotFound,
		strings.ToUpper(string(org.ID)): tenant.CodeNotFound, "{" + string(org.ID) + "}": tenant.CodeNotFound,
		string(gone.ID): tenant.CodeNotFound, "gone": tenant.CodeNotFound, "": tenant.CodeNotFound,
		strings.ReplaceAll(string(org.ID), "-", ""): tenant.CodeNotFound,
	} {
		got, err := s.orgs.Resolve(t.Context(), owner(org), ref)
		wantCode(t, err, want, "resolve "+ref)
		if err == nil && got.ID != org.ID {
			t.Errorf("%q means %s", ref, got.ID)
		}
	}
	if got, err := s.orgs.Resolve(t.Context(), operator(), string(gone.ID)); err != nil || got.State != tenant.StateTrashed {
		t.Errorf("an operator sees the trash: %v %v", got, err)
	}
}

func TestListIsPagedAndFiltered(t *testing.T) {
	s := start(t, open(t))
	var ids []tenant.OrgID
	for _, name := range []string{"Alpha", "Beta", "alpine", "Gamma"} {
		ids = append(ids, s.create(name, strings.ToLower(name)+"@example.com").ID)
	}
	first, err := s.store.Orgs.Get(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	s.write(first, `{"n":1}`)
	page, more, err := s.orgs.List(t.Context(), operator(), orgs.Query{Limit: 3})
	if err != nil || !more || len(page) != 3 || page[0].Usage.Documents != 1 || page[0].Usage.Bytes == 0 {
		t.Errorf("first page: %v %t %v", page, more, err)
	}
	page, more, err = s.orgs.List(t.Context(), operator(), orgs.Query{Limit: 3, After: page[2].ID})
	if err != nil || more || len(page) != 1 || page[0].ID != ids[3] {
		t.Errorf("last page: %v %t %v", page, more, err)
	}
	page, _, err = s.orgs.List(t.Context(), operator(), orgs.Query{Limit: 3, Prefix: "ALP"})
	if err != nil || len(page) != 2 || page[0].ID != ids[0] || page[1].ID != ids[2] {
		t.Errorf("page of names with alp: %v %v", page, err)
	}
	page, _, err = s.orgs.List(t.Context(), owner(first), orgs.Query{Limit: 3})
	if err != nil || len(page) != 1 || page[0].ID != first.ID {
		t.Errorf("a member sees %v (%v), want the own one", page, err)
	}
	for _, q := range []orgs.Query{{Prefix: " ALP"}, {State: tenant.StateActive}, {Prefix: "bet"}, {State: tenant.StateTrashed}} {
		q.Limit = 3
		page, _, err = s.orgs.List(t.Context(), owner(first), q)
		if want := q.Prefix == " ALP" || q.State == tenant.StateActive; err != nil || (len(page) == 1) != want {
			t.Errorf("of those with %+v a member sees %v (%v)", q, page, err)
		}
	}
	_, _, err = s.orgs.List(t.Context(), access.Caller{}, orgs.Query{Limit: 3})
	wantCode(t, err, tenant.CodeUnauthenticated, "a stranger's list")
}

// A request that is repeated under the same planned ids makes nothing twice, and does not answer with what is gone.
func TestCreateRepeated(t *testing.T) {
	for fate, keep := range map[string]time.Duration{"purged": 0, "in the trash": time.Hour} {
		t.Run(fate, func(t *testing.T) {
			s := start(t, open(t), retention(keep))
			in := orgs.NewOrganization{Name: "Acme", Email: ada, Password: goodPassword, IDs: orgs.IDs{
				Org: plannedID, Owner: tenant.UserID(tenant.NewID()), Entry: tenant.EntryID(tenant.NewID()),
			}}
			for range 2 {
				org, err := s.orgs.Create(t.Context(), access.Caller{}, in)
				if err != nil || org.ID != plannedID {
					t.Fatalf("%v %v", org.ID, err)
				}
			}
			if got := entries(t.Context(), t, s.store, plannedID); len(got) != 1 {
				t.Errorf("entries %v, want one", got)
			}
			org, err := s.store.Orgs.Get(t.Context(), plannedID)
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.orgs.Delete(t.Context(), owner(org), org.ID, 0), "", "delete")
			_, err = s.orgs.Create(t.Context(), access.Caller{}, in)
			wantCode(t, err, tenant.CodeNotFound, "the repetition after the deletion")
		})
	}
}

// What is being created is there for nobody, operators included.
func TestCreatingIsThereForNobody(t *testing.T) {
	f := storetest.NewFaults(open(t))
	s := start(t, f.Store())
	reached, release := f.Block("Users.Insert")
	done := make(chan error, 1)
	go func() {
		_, err := s.orgs.Create(context.Background(), access.Caller{}, orgs.NewOrganization{
			Name: "Acme", Email: ada, Password: goodPassword, IDs: orgs.IDs{Org: plannedID, Owner: "planned-owner", Entry: "planned-entry"},
		})
		done <- err
	}()
	<-reached
	for _, q := range []orgs.Query{{Limit: 10}, {Limit: 10, State: tenant.StateCreating}} {
		if page, _, err := s.orgs.List(t.Context(), operator(), q); err != nil || len(page) != 0 {
			t.Errorf("the list %+v shows %v (%v)", q, page, err)
		}
	}
	_, err := s.orgs.Resolve(t.Context(), operator(), string(plannedID))
	wantCode(t, err, tenant.CodeNotFound, "resolve")
	_, err = s.orgs.Lookup(t.Context(), access.Caller{}, "Acme")
	wantCode(t, err, tenant.CodeNotFound, "look up")
	release()
	wantCode(t, <-done, "", "the creation")
}

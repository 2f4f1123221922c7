package orgs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// crowd runs n clients at once and waits for them.
func crowd(n int, client func(i int)) {
	var wg sync.WaitGroup
	gun := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gun
			client(i)
		})
	}
	close(gun)
	wg.Wait()
}

// 64 people want one name at once, spelled in different ways: one gets it.
func TestManyWantOneName(t *testing.T) {
	s := start(t, open(t))
	spellings := []string{"Acme Corp", "ACME CORP", " acme  corp ", "Acme\tCorp", "aCmE cOrP", "Acme-Corp", "Acme, Corp", "Ácme Corp"}
	var created, taken atomic.Int64
	crowd(64, func(i int) {
		_, err := s.orgs.Create(t.Context(), access.Caller{Prefix: fmt.Sprint(i)}, orgs.NewOrganization{
			Name: spellings[i%len(spellings)], Email: fmt.Sprintf("p%d@example.com", i), Password: goodPassword,
		})
		switch tenant.CodeOf(err) {
		case "":
			created.Add(1)
		case tenant.CodeNameTaken, tenant.CodeSlugTaken:
			taken.Add(1)
		default:
			t.Errorf("client %d: %v", i, err)
		}
	})
	if created.Load() != 1 || taken.Load() != 63 {
		t.Errorf("%d created, %d refused as taken; want 1 and 63", created.Load(), taken.Load())
	}
	all, err := s.store.Orgs.List(t.Context(), store.OrgFilter{}, "", 100)
	if err != nil || len(all) != 1 {
		t.Errorf("%d organizations in the catalog (%v), want 1", len(all), err)
	}
	s.checkRest()
}

// 16 clients rename, delete and restore one organization at once, and change its owner's address and password. Each answer must be
// true: replaying the acknowledged acts as the audit log orders them leads to the state at the end.
func TestManyOperateOnOneOrganization(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	doc := s.write(org, `{"n":1}`)
	acknowledged := map[access.Action]*atomic.Int64{access.OrgUpdate: {}, access.OrgDelete: {}, access.OrgRestore: {}}
	crowd(crowdSize, func(i int) {
		for round := range crowdRounds {
			action, err := s.operate(i, round, org)
			switch tenant.CodeOf(err) {
			case "":
				acknowledged[action].Add(1)
			case tenant.CodeNotFound, tenant.CodeConflict, tenant.CodeOperationInProgress, tenant.CodeUnauthenticated:
			default:
				t.Errorf("client %d: %s: %v", i, action, err)
			}
		}
	})
	t.Logf("%d changes, %d deletions and %d restorations took effect", acknowledged[access.OrgUpdate].Load(),
		acknowledged[access.OrgDelete].Load(), acknowledged[access.OrgRestore].Load())
	s.checkRest()
	s.checkRemains()
	in := s.checkAcknowledged(org.ID, acknowledged)
	last, err := s.store.Orgs.Get(t.Context(), org.ID)
	if err != nil {
		t.Fatal(err)
	}
	if last.State == tenant.StateTrashed {
		if _, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{}); err != nil {
			t.Fatalf("restore at the end: %v", err)
		}
	}
	if _, err := s.docs.Get(t.Context(), owner(org), documents.Ref{Org: org.ID, ID: doc.ID}); err != nil {
		t.Errorf("the document is lost: %v", err)
	}
	s.checkLogin(org.ID, in)
}

const (
	crowdSize   = 16
	crowdRounds = 4
)

// crowdChanges are the changes that the crowd wants, by the id of the request.
func crowdChanges() map[string]orgs.Change {
	all := map[string]orgs.Change{}
	for client := range crowdSize {
		for round := range crowdRounds {
			name := new(fmt.Sprintf("Acme %d %d", client, round))
			email, password := new(fmt.Sprintf("p%d-%d@example.com", client, round)), new(fmt.Sprintf("battery %d staple %d", client, round))
			all[fmt.Sprint(client, "/", round)] = []orgs.Change{
				{Name: name},
				{Name: name, Email: email, Password: password},
				{Name: name, Password: password},
				{Email: email, Password: password},
				{Email: email},
				{Password: password},
			}[(client*crowdRounds+round)%6]
		}
	}
	return all
}

func (s *server) operate(client, round int, org tenant.Organization) (access.Action, error) {
	ctx := s.t.Context()
	switch turn := (client + 5*round) % 16; {
	case turn == 0:
		return access.OrgDelete, s.orgs.Delete(ctx, owner(org), org.ID, 0)
	case turn < 3:
		_, err := s.orgs.Restore(ctx, operator(), org.ID, orgs.RestoreAs{})
		return access.OrgRestore, err
	default:
		request := fmt.Sprint(client, "/", round)
		me, err := s.present(client, org)
		if err == nil {
			me.RequestID = request
			_, err = s.orgs.Update(ctx, me, org.ID, crowdChanges()[request])
		}
		return access.OrgUpdate, err
	}
}

// present is the owner who has just signed in, as one client of many, which does not know what the password is by now.
func (s *server) present(client int, org tenant.Organization) (access.Caller, error) {
	me := owner(org)
	user, err := s.store.Users.Get(s.t.Context(), me.User)
	if _, living := user.Living(org.ID); err == nil && !living {
		err = access.NotFound()
	}
	me.Session, me.Generation = tenant.SessionID(fmt.Sprint("s", client)), user.Sessions.Generation
	return me, err
}

// checkAcknowledged compares the audit log with the answers, and its last name and state with the organization. It returns the
// login that the log says.
func (s *server) checkAcknowledged(id tenant.OrgID, acknowledged map[access.Action]*atomic.Int64) login {
	s.t.Helper()
	page, err := s.store.Audit.List(s.t.Context(), id, 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	logged, wanted := map[string]int64{}, crowdChanges()
	name, state, in := "Acme", tenant.StateActive, login{ada, goodPassword}
	for i, e := range page {
		logged[e.Action]++
		switch access.Action(e.Action) {
		case access.OrgDelete:
			state = tenant.StateTrashed
		case access.OrgRestore:
			if state != tenant.StateTrashed {
				s.t.Errorf("entry %d restores what was not in the trash", i)
			}
			state = tenant.StateActive
		default:
			c := wanted[e.RequestID]
			name, in = or(c.Name, name), login{or(c.Email, in.email), or(c.Password, in.password)}
			if state == tenant.StateTrashed {
				s.t.Errorf("entry %d (%s) is on an organization in the trash", i, e.Action)
			}
		}
	}
	for action, n := range acknowledged {
		if logged[string(action)] != n.Load() {
			s.t.Errorf("%s: %d entries, %d answers of success", action, logged[string(action)], n.Load())
		}
	}
	org, err := s.store.Orgs.Get(s.t.Context(), id)
	if err != nil || string(org.Name) != name || org.State != state {
		s.t.Errorf("the organization is %q in %s (%v); its log says %q in %s", org.Name, org.State, err, name, state)
	}
	return in
}

func or(change *string, present string) string {
	if change == nil {
		return present
	}
	return *change
}

// checkLogin makes sure that the owner signs in with the address and the password, and with none of the others that the crowd wanted.
func (s *server) checkLogin(org tenant.OrgID, in login) {
	s.t.Helper()
	tried := map[login]bool{in: true, {ada, goodPassword}: true, {in.email, goodPassword}: true, {ada, in.password}: true}
	for _, c := range crowdChanges() {
		email, password := or(c.Email, ada), or(c.Password, goodPassword)
		tried[login{email, password}], tried[login{in.email, password}], tried[login{email, in.password}] = true, true, true
	}
	got := openDesk(s.t, s.store).good(org, slices.Collect(maps.Keys(tried))...)
	if len(got) != 1 || got[0] != in {
		s.t.Errorf("the owner signs in with %v; the log says %v", got, in)
	}
}

// Writers and readers go on while the organization is renamed again and again: nobody fails, no acknowledged write is lost,
// no reader sees fewer documents than were acknowledged before.
func TestRenameUnderLoad(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	s.write(org, `{"first":true}`)
	ctx, stop := context.WithCancel(t.Context())
	var written sync.Map
	var count atomic.Int64
	renamed := make(chan struct{})
	go func() {
		defer close(renamed)
		defer stop()
		for i := range 12 {
			if _, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new(fmt.Sprintf("Acme %d", i))}); err != nil {
				t.Errorf("rename %d: %v", i, err)
			}
		}
	}()
	crowd(32, func(i int) {
		for ctx.Err() == nil {
			if i%2 == 0 {
				doc, err := s.docs.Create(t.Context(), owner(org), org.ID, tenant.Data(`{"by":"writer"}`), documents.IDs{})
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
				written.Store(doc.ID, true)
				count.Add(1)
				continue
			}
			docs, _, err := s.docs.List(t.Context(), owner(org), org.ID, "", 10)
			if err != nil || len(docs) == 0 {
				t.Errorf("reader %d: %d documents, %v", i, len(docs), err)
				return
			}
		}
	})
	<-renamed
	written.Range(func(id, _ any) bool {
		if _, err := s.docs.Get(t.Context(), owner(org), documents.Ref{Org: org.ID, ID: id.(tenant.DocumentID)}); err != nil {
			t.Errorf("acknowledged document %s: %v", id, err)
		}
		return true
	})
	if count.Load() == 0 {
		t.Error("no writer wrote")
	}
	t.Logf("%d documents written during 12 renames", count.Load())
}

// After a deletion has answered nobody reads or writes the data, whatever was under way.
func TestDeleteUnderLoad(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	s.write(org, `{"first":true}`)
	var deleted atomic.Bool
	var late atomic.Int64
	go func() {
		if err := s.orgs.Delete(t.Context(), owner(org), org.ID, 0); err != nil {
			t.Errorf("delete: %v", err)
		}
		deleted.Store(true)
	}()
	crowd(32, func(i int) {
		for {
			after := deleted.Load()
			var err error
			if i%2 == 0 {
				_, err = s.docs.Create(t.Context(), owner(org), org.ID, tenant.Data(`{}`), documents.IDs{})
			} else {
				_, _, err = s.docs.List(t.Context(), owner(org), org.ID, "", 10)
			}
			if after && err == nil {
				late.Add(1)
			}
			if err != nil {
				wantCode(t, err, tenant.CodeNotFound, "document call during a deletion")
				return
			}
		}
	})
	if late.Load() > 0 {
		t.Errorf("%d calls got through after the deletion had answered", late.Load())
	}
	heir := s.create("Acme", "heir@example.com")
	if docs, _, err := s.docs.List(t.Context(), owner(heir), heir.ID, "", 10); err != nil || len(docs) != 0 {
		t.Errorf("the next owner of the name begins with %d documents (%v)", len(docs), err)
	}
}

// A client that hangs up does not stop an operation that has begun.
func TestClientGoesAway(t *testing.T) {
	s := start(t, open(t))
	org := s.create("Acme", ada)
	visit, err := s.gates.Enter(t.Context(), org.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.orgs.Update(ctx, owner(org), org.ID, orgs.Change{Name: new("Beta")})
		done <- err
	}()
	for s.gates.Closed() == 0 { // the rename stands before the drain now
		time.Sleep(time.Millisecond) //nolint:forbidigo // the gate has no signal for this; the loop ends with the test's deadline
	}
	hangUp()
	visit.Leave(nil)
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("rename: %v", err)
	}
	if _, err := s.orgs.Lookup(t.Context(), access.Caller{}, "Beta"); err != nil {
		t.Errorf("the rename was given up: %v", err)
	}
}

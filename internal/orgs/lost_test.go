package orgs_test

import (
	"context"
	"testing"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// damaged is the refusal of a place whose data is not what it should be.
var damaged = tenant.Errorf(tenant.CodeConflict, "the organization's file is damaged")

// lost are places where one kind of call finds that the data is not there, or not what it should be.
type lost struct {
	store.Places
	rename, trash, restore error
	// create is what the creation of [plannedID] hears when the home is there already.
	create error
}

// losing has the server find them.
func losing(l lost) option {
	return func(deps *orgs.Deps) {
		found := l
		found.Places = deps.Places
		deps.Places = &found
	}
}

func (l *lost) Create(ctx context.Context, place tenant.Place) error {
	if err := l.Places.Create(ctx, place); err != nil || place.Org != plannedID {
		return err
	}
	return l.create
}

func (l *lost) Rename(ctx context.Context, from, to tenant.Place) error {
	if l.rename != nil {
		return l.rename
	}
	return l.Places.Rename(ctx, from, to)
}

func (l *lost) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	if l.trash != nil {
		return l.trash
	}
	return l.Places.Trash(ctx, place, op)
}

func (l *lost) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	if l.restore != nil {
		return l.restore
	}
	return l.Places.Restore(ctx, op, place)
}

// An organization whose data is lost or damaged is renamed, deleted and restored as far as that goes, and stays in no state
// between: nobody could ever end such an operation.
func TestOperationsOnLostData(t *testing.T) {
	missing := tenant.Errorf(tenant.CodeNotFound, "the organization's data is not there")
	rename := func(s *server, org tenant.Organization) error {
		_, err := s.orgs.Update(t.Context(), owner(org), org.ID, orgs.Change{Name: new("Beta")})
		return err
	}
	remove := func(s *server, org tenant.Organization) error {
		return s.orgs.Delete(t.Context(), owner(org), org.ID, 0)
	}
	restore := func(s *server, org tenant.Organization) error {
		_, err := s.orgs.Restore(t.Context(), operator(), org.ID, orgs.RestoreAs{})
		return err
	}
	for name, tc := range map[string]struct {
		places  lost
		prepare func(s *server) tenant.Organization
		act     func(s *server, org tenant.Organization) error
		code    tenant.Code
		state   tenant.State
		name    tenant.Name
	}{
		"rename of lost":     {lost{rename: missing}, withDocument, rename, "", tenant.StateActive, "Beta"},
		"rename of damaged":  {lost{rename: damaged}, withDocument, rename, tenant.CodeConflict, tenant.StateActive, "Acme"},
		"delete of lost":     {lost{trash: missing}, withDocument, remove, "", tenant.StateTrashed, "Acme"},
		"delete of damaged":  {lost{trash: damaged}, withDocument, remove, tenant.CodeConflict, tenant.StateActive, "Acme"},
		"restore of lost":    {lost{restore: missing}, trashed, restore, tenant.CodeNotFound, tenant.StateTrashed, "Acme"},
		"restore of damaged": {lost{restore: damaged}, trashed, restore, tenant.CodeConflict, tenant.StateTrashed, "Acme"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, open(t), losing(tc.places))
			org := tc.prepare(s)
			wantCode(t, tc.act(s, org), tc.code, name)
			now, err := s.store.Orgs.Get(t.Context(), org.ID)
			if err != nil || !now.AtRest() || now.State != tc.state || now.Name != tc.name {
				t.Errorf("the organization is %+v, %v", now, err)
			}
			if s.gates.Closed() != 0 {
				t.Error("its gate is closed for ever")
			}
			if _, err := s.store.Users.FindByEmail(t.Context(), ada); (err == nil) != (tc.state == tenant.StateActive) {
				t.Errorf("its owner: %v", err)
			}
			if err := s.orgs.Recover(t.Context()); err != nil {
				t.Errorf("recover: %v", err)
			}
		})
	}
}

// A list tells an organization whose data is lost from an empty one, and from one whose data is on its way.
func TestListTellsLostDataFromNone(t *testing.T) {
	s := start(t, open(t))
	org := withDocument(s)
	if err := s.store.Places.Trash(t.Context(), org.Place(), tenant.OperationID(tenant.NewID())); err != nil {
		t.Fatal(err)
	}
	usage := func() *tenant.Usage {
		page, _, err := s.orgs.List(t.Context(), operator(), orgs.Query{Limit: 1})
		if err != nil || len(page) != 1 {
			t.Fatalf("list: %v (%v)", page, err)
		}
		return page[0].Usage
	}
	if got := usage(); got != nil {
		t.Errorf("the list says that the organization stores %v", *got)
	}
	_, err := s.store.Orgs.Update(t.Context(), org.ID, tenant.Upkeep{}, func(o *tenant.Organization) error {
		o.State = tenant.StateDeleting
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := usage(); got == nil || *got != (tenant.Usage{}) {
		t.Errorf("while a deletion moves the data the list says %v", got)
	}
}

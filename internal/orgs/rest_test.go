package orgs_test

import (
	"maps"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

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

// checkRemains makes sure that each living organization has one home at its place, each one in the trash one there, and that there
// is no other home and nobody else's account. The organizations are at rest.
func (s *server) checkRemains() {
	s.t.Helper()
	ctx := s.t.Context()
	all, err := s.store.Orgs.List(ctx, store.OrgFilter{}, "", 100)
	if err != nil {
		s.t.Fatal(err)
	}
	want := map[tenant.OrgID]tenant.OperationID{}
	for _, org := range all {
		want[org.ID] = org.Trash
	}
	homes, err := s.store.Transfer.Homes.All(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[tenant.OrgID]tenant.OperationID{}
	for _, home := range homes {
		got[home.Place.Org] = home.Trash
	}
	if len(homes) != len(got) || !maps.Equal(got, want) {
		s.t.Errorf("the data lies in %+v, want that of these organizations, by the operation that trashed it: %v", homes, want)
	}
	people, err := s.store.Transfer.Users.Scan(ctx, nil, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, user := range people {
		if len(user.Memberships) == 0 {
			s.t.Errorf("%s is left over without an organization", user.Email)
		}
		for _, m := range user.Memberships {
			if op, known := want[m.Org]; !known || m.Trashed != (op != "") {
				s.t.Errorf("%s has the membership %+v, and the organizations are %v", user.Email, m, want)
			}
		}
	}
}

package bulk_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/sqlite"
	"github.com/orgd/orgd/internal/tenant"
)

// TestTheStoreReadsWhatWasFilled holds the loader to the form that the store itself writes.
func TestTheStoreReadsWhatWasFilled(t *testing.T) {
	t.Parallel()
	const orgs, documents = 5, 7
	dir := filepath.Join(t.TempDir(), "data")
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	in, err := bulk.Fill(t.Context(), dir, orgs, string(hash))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.AddFiles(in.Orgs[1:]...); err != nil {
		t.Fatal(err)
	}
	if err := in.AddDocuments(t.Context(), in.Orgs[2], documents); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	list, err := s.Orgs.List(t.Context(), store.OrgFilter{}, "", 100)
	if err != nil || len(list) != orgs {
		t.Fatalf("the store lists %d organizations, want %d (%v)", len(list), orgs, err)
	}
	for i, o := range in.Orgs {
		if list[i].ID != o.ID {
			t.Errorf("organization %d of the list is %s, want %s", i, list[i].ID, o.ID)
		}
		asCreated(t, s, list[i], o, string(hash))
	}
	if n, err := s.Orgs.Count(t.Context()); err != nil || n != orgs {
		t.Errorf("the store counts %d organizations, want %d (%v)", n, orgs, err)
	}
	hasDocuments(t, s, in.Orgs[2], documents)
	if _, err := s.Documents.Usage(t.Context(), tenant.Place{Org: in.Orgs[0].ID}); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the organization without a file: %v, want not found", err)
	}
}

func open(t *testing.T, dir string) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db.Store()
}

// asCreated checks that an organization and its owner are as a creation leaves them, and can be changed.
func asCreated(t *testing.T, s store.Store, got tenant.Organization, want bulk.Org, hash string) {
	t.Helper()
	if got.Name != want.Name || got.State != tenant.StateActive || !got.AtRest() || !got.IsOwner(want.Owner) ||
		got.Placement != (tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_" + string(want.Slug)}) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, claim := range tenant.IdentityClaims(want.Name, want.Slug, got.Placement) {
		if found, err := s.Orgs.Find(t.Context(), claim); err != nil || found.ID != want.ID {
			t.Errorf("claim %s leads to %s, want %s (%v)", claim, found.ID, want.ID, err)
		}
	}
	user, err := s.Users.FindByEmail(t.Context(), want.Email)
	if err != nil || user.ID != want.Owner || user.PasswordHash != hash {
		t.Errorf("the owner is %+v, want %s (%v)", user, want.Owner, err)
	}
	if m, ok := user.Living(want.ID); !ok || m.Role != tenant.RoleOwner {
		t.Errorf("the owner's membership is %+v", m)
	}
	_, err = s.Orgs.Update(t.Context(), want.ID, tenant.Upkeep{Reason: "test"}, func(o *tenant.Organization) error {
		o.Claims = nil
		return nil
	})
	if err != nil {
		t.Errorf("change %s: %v", want.Name, err)
	}
}

func hasDocuments(t *testing.T, s store.Store, o bulk.Org, n int) {
	t.Helper()
	place := tenant.Place{Org: o.ID}
	docs, err := s.Documents.List(t.Context(), place.In(tenant.DefaultCollection), "", 100)
	if err != nil || len(docs) != n {
		t.Fatalf("the store lists %d documents, want %d (%v)", len(docs), n, err)
	}
	var size int64
	for _, d := range docs {
		size += int64(len(d.Data))
		if err := s.Documents.Delete(t.Context(), place.In(tenant.DefaultCollection), d.ID, tenant.Revision{Version: 1}); err != nil {
			t.Errorf("delete %s: %v", d.ID, err)
		}
	}
	usage, err := s.Documents.Usage(t.Context(), place)
	if err != nil || usage != (tenant.Usage{}) || size == 0 {
		t.Errorf("usage is %+v after all documents were deleted (%v)", usage, err)
	}
}

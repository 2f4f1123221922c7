package storetest_test

import (
	"path/filepath"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/sqlite"
	"github.com/orgd/orgd/internal/tenant"
)

// open opens a fresh store: a real one, in a folder of its own.
func open(t *testing.T) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Dir: filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db.Store()
}

// acme is an organization with the slug that the word makes.
func acme(word string) tenant.Organization {
	org := tenant.Organization{
		ID: tenant.OrgID(tenant.NewID()), Name: tenant.Name(word), Slug: tenant.Slug(word), State: tenant.StateActive,
		Placement: tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_" + word},
	}
	org.Claims = tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
	return org
}

// ref is the trail of a step.
var ref = tenant.OperationRef{ID: "operation"}

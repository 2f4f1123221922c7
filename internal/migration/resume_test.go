package migration_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var console = access.Console()

// cut runs a move that fails when the documents are copied and the catalog is not.
func (w *world) cut() {
	w.t.Helper()
	target := w.target
	w.target.Store = failing(target.Store, "Transfer.Orgs.Add")
	w.wantRefusal("copy the organizations")
	w.target = target
}

// TestWhatChangedMeanwhileIsCopiedAgain goes on with a move after the source has changed in every way: what stayed is not written
// again, what changed is, and nothing is left of what is gone.
func TestWhatChangedMeanwhileIsCopiedAgain(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		same, changed := before.create("Same", 1500), before.create("Changed", 1500)
		left, right := before.create("Left", 10), before.create("Right", 20)
		purged, deleted := before.create("Purged", 5), before.create("Deleted", 6)
		trashed, back := before.create("Trashed", 7), before.create("Back", 8)
		for _, o := range []tenant.Organization{trashed, back} {
			w.must(before.orgs.Delete(t.Context(), owner(o), o.ID, 0))
		}
		w.cut()

		place := changed.Place()
		for _, id := range []tenant.DocumentID{"d000000", "d000700", "d001499"} {
			w.must(w.source.Documents.Delete(t.Context(), place.In(tenant.DefaultCollection), id, tenant.Revision{}))
		}
		_, err := w.source.Documents.Update(t.Context(), place.In(tenant.DefaultCollection), "d000701", 0, func(d *tenant.Document) error {
			d.Data = tenant.Data(`{"changed":true}`)
			return nil
		})
		w.must(err)
		for _, id := range []tenant.DocumentID{"a", "d000700x", "z"} {
			_, err := w.source.Documents.Insert(t.Context(), place.In(tenant.DefaultCollection), tenant.Document{ID: id, Data: tenant.Data(`{}`), CreatedAt: noon, UpdatedAt: noon}, 0)
			w.must(err)
		}
		rename := func(o tenant.Organization, to string) {
			_, err := before.orgs.Update(t.Context(), owner(o), o.ID, orgs.Change{Name: &to})
			w.must(err)
		}
		rename(left, "Between")
		rename(right, "Left")
		left.Name, right.Name = "Between", "Left"
		rename(left, "Right")
		w.must(before.orgs.Delete(t.Context(), owner(purged), purged.ID, 0))
		w.purge(before, purged)
		heir := before.create("Purged", 2)
		w.must(before.orgs.Delete(t.Context(), owner(deleted), deleted.ID, 0))
		_, err = before.orgs.Restore(t.Context(), console, back.ID, orgs.RestoreAs{})
		w.must(err)

		report := w.move()
		// The document that changed, three that are gone and three that came; those of the renamed, if their physical names count; of
		// the new one; of the one that was restored, and of the one that was deleted where its place was another.
		if most := int64(7 + 30 + 2 + 8 + 6); report.Copied < 7+2+8 || report.Copied > most {
			t.Errorf("%d documents were written again, want at most %d", report.Copied, most)
		}
		if len(w.warnings) > 0 {
			t.Errorf("the warnings are %v", w.warnings)
		}
		after := w.serve(w.target.Store)
		for id, n := range map[tenant.OrgID]int{same.ID: 1500, left.ID: 10, right.ID: 20, heir.ID: 2, back.ID: 8} {
			there, err := w.target.Orgs.Get(t.Context(), id)
			w.must(err)
			after.wantDocuments(there, n)
		}
		w.wantSame(changed)
		for o, n := range map[*tenant.Organization]int{&deleted: 6, &trashed: 7} {
			there, err := after.orgs.Restore(t.Context(), console, o.ID, orgs.RestoreAs{})
			w.must(err)
			after.wantDocuments(there, n)
		}
		homes, err := w.target.Transfer.Homes.All(t.Context())
		w.must(err)
		if len(homes) != 8 {
			t.Errorf("the target has %d homes: %+v", len(homes), homes)
		}
	})
}

// owner is the owner of an organization, who has just entered the password.
func owner(o tenant.Organization) access.Caller {
	return access.Caller{Kind: tenant.ActorMember, User: o.Owners[0], Org: o.ID, Role: tenant.RoleOwner, AuthTime: time.Now()}
}

// purge removes an organization in the trash for good.
func (w *world) purge(v *server, o tenant.Organization) {
	w.t.Helper()
	_, err := w.source.Orgs.Update(w.t.Context(), o.ID, upkeep, func(o *tenant.Organization) error {
		o.DeletedAt = o.DeletedAt.Add(-2 * time.Hour)
		return nil
	})
	w.must(err)
	n, err := v.orgs.PurgeDue(w.t.Context(), 10)
	if err != nil || n != 1 {
		w.t.Fatalf("%d were purged (%v)", n, err)
	}
}

// wantSame wants an organization's documents on both sides.
func (w *world) wantSame(o tenant.Organization) {
	w.t.Helper()
	var sides [2]tenant.DocumentsDigest
	for i, s := range []migration.Side{w.source, w.target} {
		org, err := s.Orgs.Get(w.t.Context(), o.ID)
		w.must(err)
		var after tenant.DocumentID
		for {
			page, err := s.Transfer.Homes.Scan(w.t.Context(), store.Home{Place: org.Place()}, after, 1000)
			w.must(err)
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				w.must(sides[i].Add(&d))
			}
			after = page[len(page)-1].ID
		}
	}
	if !sides[0].Equal(&sides[1]) || sides[0].Documents == 0 {
		w.t.Errorf("%s has %d documents, and %d on the target, or they differ", o.Name, sides[0].Documents, sides[1].Documents)
	}
}

// TestNothingIsWrittenTwice goes on with a move from which nothing but the catalog is missing.
func TestNothingIsWrittenTwice(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		before.create("Acme", 1500)
		gone := before.create("Gone", 12)
		w.must(before.orgs.Delete(t.Context(), owner(gone), gone.ID, 0))
		w.cut()
		target := w.target
		w.target.Store = around(target.Store, func(method string, call func() error) error {
			for _, word := range []string{"Homes.Load", "Homes.Remove", "Places.Drop"} {
				if strings.Contains(method, word) {
					t.Errorf("%s is called", method)
				}
			}
			return call()
		})
		if report := w.move(); report.Copied != 0 || report.Documents != 1512 {
			t.Errorf("the report is %+v", report)
		}
	})
}

// TestLargeDocuments moves documents of which few fill a page.
func TestLargeDocuments(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		acme := w.serve(w.source.Store).create("Acme", 3)
		for _, id := range []tenant.DocumentID{"a", "b", "e"} {
			large := tenant.Document{ID: id, Version: 1, CreatedAt: noon, UpdatedAt: noon, Data: tenant.Data(`{"a":"` + strings.Repeat("x", 3<<20) + `"}`)}
			w.must(w.source.Transfer.Homes.Load(t.Context(), acme.Place(), []tenant.Document{large}))
		}
		w.cut()
		w.move()
		w.wantSame(acme)
	})
}

// TestPlacementIsNormal moves an organization whose documents lie in another database than the others', as an adopted one's do.
func TestPlacementIsNormal(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		before.create("Acme", 3)
		far := tenant.Organization{
			ID: tenant.OrgID(tenant.NewID()), Name: "Far", Slug: "far", State: tenant.StateActive, Epoch: 1, CreatedAt: noon, UpdatedAt: noon,
			Placement: tenant.Placement{Level: tenant.LevelCollection, Database: "orgd_t_" + tenant.NewID()[24:], Namespace: "org_far_away"},
		}
		far.Claims = tenant.IdentityClaims(far.Name, far.Slug, far.Placement)
		w.must(w.source.Places.Create(t.Context(), far.Place()))
		before.fill(far, 4)
		w.must(w.source.Orgs.Insert(t.Context(), far, upkeep))
		w.move()
		there, err := w.target.Orgs.Get(t.Context(), far.ID)
		w.must(err)
		if want := (tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_far_away"}); there.Placement != want {
			t.Errorf("it is placed at %+v, want %+v", there.Placement, want)
		}
		w.serve(w.target.Store).wantDocuments(there, 4)
	})
}

// TestOrganizationThatChangesMeanwhileIsNoticed adds an organization to the source, and changes one, after the documents were copied,
// as a command does that runs on: the catalog is not copied without the documents.
func TestOrganizationThatChangesMeanwhileIsNoticed(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		acme := before.create("Acme", 3)
		target, said := w.target, "an organization of "+w.source.Name+" changed meanwhile; run this again"
		for at, change := range map[string]func(){
			"Transfer.Keys.Add": func() { before.create("Late", 4) },
			"Transfer.Audit.Add": func() {
				name := "Acme 2"
				_, err := before.orgs.Update(t.Context(), owner(acme), acme.ID, orgs.Change{Name: &name})
				w.must(err)
			},
		} {
			var once sync.Once
			w.target.Store = around(target.Store, func(method string, call func() error) error {
				if method == at {
					once.Do(change)
				}
				return call()
			})
			w.wantRefusal(said)
		}
		w.target = target
		w.move()
		after := w.serve(w.target.Store)
		after.token("Late")
		there, err := w.target.Orgs.Get(t.Context(), acme.ID)
		w.must(err)
		after.wantDocuments(there, 3)
	})
}

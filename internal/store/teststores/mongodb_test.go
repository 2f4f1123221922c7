package teststores

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/tenant"
)

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := reachEngine(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// strayed are documents that read one organization's data in a call about another's.
type strayed struct {
	store.Documents
	to *tenant.Place
}

func (s strayed) Get(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID) (tenant.Document, error) {
	if s.to.Org != "" {
		in.Place = *s.to
	}
	return s.Documents.Get(ctx, in, id)
}

// home makes an organization's home with one document.
func home(t *testing.T, s store.Store, slug string) tenant.Place {
	t.Helper()
	place := tenant.Place{
		Org:       tenant.OrgID(tenant.NewID()),
		Placement: tenant.Placement{Level: tenant.LevelCollection, Namespace: "org_" + slug},
	}
	if err := s.Places.Create(t.Context(), place); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "d", Data: tenant.Data(`{"of":"` + slug + `"}`)}, 0); err != nil {
		t.Fatal(err)
	}
	return place
}

// A store that reads B's collection in a call about A is found out, though it says itself that all is well.
func TestMonitorBitesAStoreThatStrays(t *testing.T) {
	t.Parallel()
	var to tenant.Place
	m := newMonitor()
	s := openWatched(t, m, Options{}, func(s store.Store) store.Store {
		s.Documents = strayed{s.Documents, &to}
		return s
	})
	a, b := home(t, s, "a"), home(t, s, "b")
	if doc, err := s.Documents.Get(t.Context(), a.In(""), "d"); err != nil || string(doc.Data) != `{"of":"a"}` {
		t.Fatalf("A reads %s (%v)", doc.Data, err)
	}
	if found := m.violations(); len(found) > 0 {
		t.Fatalf("found %q before the store strayed", found)
	}
	to = b
	if doc, err := s.Documents.Get(t.Context(), a.In(""), "d"); err != nil || string(doc.Data) != `{"of":"b"}` {
		t.Fatalf("the twin is not broken: A reads %s (%v)", doc.Data, err)
	}
	found := m.violations()
	if len(found) != 1 || !strings.HasPrefix(found[0], "find of ") || !strings.Contains(found[0], string(b.Org)+"'s, in a call that names "+string(a.Org)) {
		t.Errorf("found %q, want the reading of B's collection for A", found)
	}
}

// What is not about tenants' data names nobody, so its commands may touch no tenant's collection.
func TestMonitorBitesACallThatNamesNobody(t *testing.T) {
	t.Parallel()
	m := newMonitor()
	var inner store.Documents
	s := openWatched(t, m, Options{}, func(s store.Store) store.Store {
		inner = s.Documents
		return s
	})
	a := home(t, s, "a")
	if _, err := inner.Usage(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if found := m.violations(); len(found) != 1 || !strings.Contains(found[0], "aggregate of ") || !strings.Contains(found[0], "outside a call") {
		t.Errorf("found %q, want the sum for nobody", found)
	}
}

// Every method that is about tenants' data hands its organization on, and no other does.
func TestNaming(t *testing.T) {
	t.Parallel()
	var names []string
	s := naming(storetest.Intercept(store.Store{}, func(ctx context.Context, method string, _ func() error) error {
		if org, ok := named(ctx); ok {
			names = append(names, method+" "+string(org))
		}
		return tenant.Errorf(tenant.CodeUnavailable, "the test refuses")
	}))
	ctx, a, b := t.Context(), tenant.Place{Org: "a"}, tenant.Place{Org: "b"}
	_, _ = s.Documents.Insert(ctx, a.In(""), tenant.Document{}, 0)
	_, _ = s.Documents.Get(ctx, a.In(""), "")
	_, _ = s.Documents.List(ctx, a.In(""), "", 1)
	_, _ = s.Documents.Update(ctx, a.In(""), "", 0, nil)
	_ = s.Documents.Delete(ctx, a.In(""), "", tenant.Revision{})
	_, _ = s.Documents.Usage(ctx, a)
	_ = s.Places.Create(ctx, a)
	_ = s.Places.Rename(ctx, a, a)
	_ = s.Places.Rename(ctx, a, b)
	_ = s.Places.Trash(ctx, a, "")
	_ = s.Places.Restore(ctx, "", a)
	_, _ = s.Places.Sweep(ctx, "org_left", a, "")
	_ = s.Places.Drop(ctx, "a", "")
	_ = s.Places.Discard(ctx, a)
	_, _ = s.Orgs.Get(ctx, "a")
	_, _ = s.Audit.List(ctx, "a", 0, 1)
	var want []string
	for _, method := range storetest.Methods() {
		if strings.HasPrefix(method, "Documents.") || strings.HasPrefix(method, "Places.") {
			want = append(want, method+" a")
		}
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("named by\n%v, want\n%v", names, want)
	}
}

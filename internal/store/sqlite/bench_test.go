package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// benchDB opens a store on the disk of the working directory: a benchmark of durable writes in a memory file system would
// measure nothing.
func benchDB(b *testing.B) *DB {
	b.Helper()
	dir, err := os.MkdirTemp(".", "bench") //nolint:usetesting // see above
	if err != nil {
		b.Fatal(err)
	}
	db, err := Open(context.Background(), Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			b.Error(err)
		}
	})
	return db
}

func benchOrg(i int) tenant.Organization {
	name := tenant.Name(fmt.Sprintf("Organization %06d", i))
	slug := tenant.Slug(fmt.Sprintf("organization_%06d", i))
	p := tenant.Placement{Level: tenant.LevelCollection, Namespace: tenant.NamespaceOf(slug)}
	return tenant.Organization{
		ID: tenant.OrgID(tenant.NewID()), Name: name, Slug: slug, State: tenant.StateActive, Placement: p,
		Owners: []tenant.UserID{tenant.UserID(tenant.NewID())}, Claims: tenant.IdentityClaims(name, slug, p),
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
}

func BenchmarkCatalog(b *testing.B) {
	ctx := b.Context()
	s := benchDB(b).Store()
	org := benchOrg(0)
	if err := s.Orgs.Insert(ctx, org, tenant.Upkeep{}); err != nil {
		b.Fatal(err)
	}
	b.Run("Get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Orgs.Get(ctx, org.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Find", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Orgs.Find(ctx, org.Claims[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Count", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Orgs.Count(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Login", func(b *testing.B) {
		for b.Loop() {
			if err := s.Sessions.Insert(ctx, tenant.Session{ID: tenant.SessionID(tenant.NewID())}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Logins64", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.Sessions.Insert(ctx, tenant.Session{ID: tenant.SessionID(tenant.NewID())}); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("InsertAudited", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			o := benchOrg(i)
			if err := s.Orgs.Insert(ctx, o, tenant.AuditEntry{ID: tenant.EntryID(o.ID), Org: o.ID}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDocuments(b *testing.B) {
	ctx := b.Context()
	s := benchDB(b).Store()
	place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
	if err := s.Places.Create(ctx, place); err != nil {
		b.Fatal(err)
	}
	doc := tenant.Document{ID: "a", Data: tenant.Data(`{"title":"a document of some length","n":12345,"list":[1,2,3]}`), WriteID: "w"}
	if _, err := s.Documents.Insert(ctx, place.In(""), doc, 0); err != nil {
		b.Fatal(err)
	}
	b.Run("Get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Documents.Get(ctx, place.In(""), "a"); err != nil {
				b.Fatal(err)
			}
		}
	})
	insert := func() error {
		d := doc
		d.ID = tenant.DocumentID(tenant.NewID())
		_, err := s.Documents.Insert(ctx, place.In(""), d, 1<<40)
		return err
	}
	b.Run("Insert", func(b *testing.B) {
		for b.Loop() {
			if err := insert(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Insert64", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := insert(); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("List50", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Documents.List(ctx, place.In(""), "", 50); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPlaces(b *testing.B) {
	ctx := b.Context()
	db := benchDB(b)
	s := db.Store()
	b.Run("Create", func(b *testing.B) {
		for b.Loop() {
			if err := s.Places.Create(ctx, tenant.Place{Org: tenant.OrgID(tenant.NewID())}); err != nil {
				b.Fatal(err)
			}
		}
	})
	place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
	if err := s.Places.Create(ctx, place); err != nil {
		b.Fatal(err)
	}
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			f, err := db.files.open(place.Org)
			if err != nil {
				b.Fatal(err)
			}
			if err := f.close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("TrashRestore", func(b *testing.B) {
		for b.Loop() {
			if err := s.Places.Trash(ctx, place, "op"); err != nil {
				b.Fatal(err)
			}
			if err := s.Places.Restore(ctx, "op", place); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkList100000(b *testing.B) {
	ctx := b.Context()
	s := benchDB(b).Store()
	const n = 100_000
	var ids []tenant.OrgID
	start := time.Now()
	for i := 0; i < n; i += 100 {
		errs := make(chan error, 100)
		for j := range 100 {
			o := benchOrg(i + j)
			if (i+j)%10 == 0 {
				o.State = tenant.StateTrashed
				o.DeletedAt = time.Now()
			}
			ids = append(ids, o.ID)
			go func() { errs <- s.Orgs.Insert(ctx, o, tenant.Upkeep{}) }()
		}
		for range 100 {
			if err := <-errs; err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Logf("inserted in %s", time.Since(start))
	list := func(name string, after tenant.OrgID, filter store.OrgFilter) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Orgs.List(ctx, filter, after, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	deep := ids[n-1000]
	for name, f := range map[string]store.OrgFilter{
		"All": {}, "Unsettled": {Unsettled: true}, "Active": {States: []tenant.State{tenant.StateActive}},
		"Visible":   {States: []tenant.State{tenant.StateActive, tenant.StateRenaming, tenant.StateDeleting}},
		"PrefixAll": {NamePrefix: "organization"}, "Prefix1000": {NamePrefix: "organization 099"}, "Prefix1": {NamePrefix: "organization 099999"},
		"Prefix10000": {NamePrefix: "organization 09"}, "PrefixTrashed": {NamePrefix: "organization", States: []tenant.State{tenant.StateTrashed}},
		"Due": {DeletedBefore: time.Now().Add(-time.Hour)}, "AllDue": {DeletedBefore: time.Now().Add(time.Hour)},
	} {
		list(name+"First", "", f)
		list(name+"Deep", deep, f)
	}
	b.Run("Count", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Orgs.Count(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTransfer adds, scans and loads a thousand records at a time, as a move to another store does.
func BenchmarkTransfer(b *testing.B) {
	const many = 1000
	ctx := b.Context()
	db := benchDB(b)
	tr := db.Store().Transfer
	perRecord := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*many), "µs/record")
	}
	added := 0
	b.Run("AddOrganizations", func(b *testing.B) {
		for b.Loop() {
			batch := make([]tenant.Organization, many)
			for i := range batch {
				batch[i] = benchOrg(added)
				added++
			}
			if err := tr.Orgs.Add(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		perRecord(b)
	})
	b.Run("AddEntries", func(b *testing.B) {
		for b.Loop() {
			batch := make([]tenant.AuditEntry, many)
			for i := range batch {
				batch[i] = tenant.AuditEntry{ID: tenant.EntryID(tenant.NewID()), Org: tenant.OrgID(tenant.NewID()), Seq: 1, Action: "organization.create"}
			}
			if err := tr.Audit.Add(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		perRecord(b)
	})
	b.Run("LoadDocuments", func(b *testing.B) {
		place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
		if err := db.places.Create(ctx, place); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			batch := make([]tenant.Document, many)
			for i := range batch {
				batch[i] = tenant.Document{ID: tenant.DocumentID(tenant.NewID()), Data: tenant.Data(`{"title":"a document of forty bytes"}`), Version: 1}
			}
			if err := tr.Homes.Load(ctx, place, batch); err != nil {
				b.Fatal(err)
			}
		}
		perRecord(b)
	})
}

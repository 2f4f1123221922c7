// Package rooms runs orgd's own rooms in a loop, without the HTTP in front of them: what is left when the door is taken away
// from a measurement. The workers of bench call it, each in a process of its own.
package rooms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/sqlite"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// Loop says how long and by how many clients at once something is repeated.
type Loop struct {
	Clients int
	For     time.Duration
}

// Repeat repeats act and returns how often a second it was done. n counts from 1 over all clients.
func (l Loop) Repeat(act func(n int) error) (rate float64, err error) {
	var (
		done   atomic.Int64
		mu     sync.Mutex
		failed error
		all    sync.WaitGroup
	)
	began := time.Now()
	end := began.Add(l.For)
	for range l.Clients {
		all.Go(func() {
			for time.Now().Before(end) {
				if err := act(int(done.Add(1))); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), failed
}

// Create creates organizations in an empty store, with passwords hashed at the least cost, so that what is left is the work of
// making one durable. It returns how many a second, and how many steps of the store each took.
func Create(ctx context.Context, s *Store, l Loop, password string) (rate, steps float64, err error) {
	h, err := openRoom(ctx, s.Store)
	if err != nil {
		return 0, 0, err
	}
	defer h.end()
	before, made := s.steps(), 0.0
	rate, err = l.Repeat(func(n int) error {
		caller := access.Caller{Kind: tenant.ActorAnonymous, Prefix: fmt.Sprintf("client %d", n)}
		_, err := h.orgs.Create(ctx, caller, orgs.NewOrganization{
			Name: fmt.Sprintf("Organization %d", n), Email: fmt.Sprintf("owner%d@example.com", n), Password: password,
		})
		return err
	})
	taken := float64(s.steps() - before)
	if n, countErr := s.Orgs.Count(ctx); countErr == nil {
		made = float64(n)
	}
	return rate, taken / made, err
}

// hall is the rooms over one store.
type hall struct {
	orgs      *orgs.Service
	documents *documents.Service
	end       func()
}

// openRoom wires the rooms over a store as cmd/orgd does, with throttling off.
func openRoom(ctx context.Context, s store.Store) (*hall, error) {
	pool, err := passwords.New(passwords.Options{Cost: passwords.MinCost})
	if err != nil {
		return nil, err
	}
	self := tenant.InstanceID(tenant.NewID())
	if err := s.Instances.Register(ctx, tenant.Instance{ID: self, StartedAt: time.Now()}); err != nil {
		pool.Close()
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	attempts := throttle.New(throttle.Options{
		Store: s.Throttle, MAC: func(label string, _ ...string) string { return label }, Now: time.Now, Off: true,
	})
	directory := placement.NewDirectory(s.Orgs, time.Now)
	guard, gates := access.NewGuard(access.Policy{SignupOpen: true}, time.Now), placement.NewGates(directory, s.Instances, self)
	room := orgs.New(orgs.Deps{
		Orgs: s.Orgs, Users: s.Users, Places: s.Places, Documents: s.Documents, Audit: s.Audit,
		Instances: s.Instances, Health: s.Health, Guard: guard, Directory: directory, Gates: gates, Throttle: attempts,
		Credentials: credentials.New(credentials.Options{
			Pool: pool, Policy: passwords.Policy{Min: 8, CheckCommon: true}, Throttle: attempts, Log: quiet,
		}),
		Limits: orgs.Limits{Retention: time.Hour, Lease: 5 * time.Second, Placement: tenant.Placement{Level: tenant.LevelCollection}},
		Now:    time.Now, Log: quiet,
	})
	docs := documents.New(documents.Deps{Documents: s.Documents, Gates: gates, Guard: guard, Quota: 1 << 40, Now: time.Now, Log: quiet})
	return &hall{room, docs, pool.Close}, nil
}

// InsertGated inserts documents of one organization behind its gate, as requests do. It returns how many a second, and how many
// steps of the store each took.
func InsertGated(ctx context.Context, s *Store, l Loop, texts Texts) (rate, steps float64, err error) {
	h, err := openRoom(ctx, s.Store)
	if err != nil {
		return 0, 0, err
	}
	defer h.end()
	org, err := h.orgs.Create(ctx, access.Caller{Kind: tenant.ActorAnonymous}, orgs.NewOrganization{
		Name: "Acme", Email: "owner@example.com", Password: "correct horse battery",
	})
	if err != nil {
		return 0, 0, err
	}
	owner := access.Caller{
		Kind: tenant.ActorMember, User: org.Owners[0], Org: org.ID, Role: tenant.RoleOwner, Session: "s", AuthTime: time.Now(),
	}
	var done atomic.Int64
	before := s.steps()
	rate, err = l.Repeat(func(n int) error {
		_, err := h.documents.Create(ctx, owner, org.ID, tenant.Data(texts(n)), documents.IDs{})
		done.Add(1)
		return err
	})
	return rate, float64(s.steps()-before) / float64(done.Load()), err
}

// openTenant opens a store with one tenant.
func openTenant(ctx context.Context, dir string) (*sqlite.DB, tenant.Place, error) {
	place := tenant.Place{Org: tenant.OrgID(tenant.NewID())}
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: filepath.Join(dir, "data")})
	if err != nil {
		return nil, place, err
	}
	if err := db.Store().Places.Create(ctx, place); err != nil {
		return nil, place, errors.Join(err, db.Close())
	}
	return db, place, nil
}

// insertDocument adds a document through the store.
func insertDocument(ctx context.Context, s store.Store, place tenant.Place, text string) (tenant.DocumentID, error) {
	id, now := tenant.NewID(), time.Now()
	doc, err := s.Documents.Insert(ctx, place.In(tenant.DefaultCollection), tenant.Document{
		ID: tenant.DocumentID(id), Data: tenant.Data(text), CreatedAt: now, UpdatedAt: now, WriteID: id,
	}, 1<<40)
	return doc.ID, err
}

// Texts makes the JSON text of the n-th document.
type Texts func(n int) string

// Insert inserts documents into one tenant of a fresh data folder under dir, through the store.
func Insert(ctx context.Context, dir string, l Loop, texts Texts) (rate float64, err error) {
	db, place, err := openTenant(ctx, dir)
	if err != nil {
		return 0, err
	}
	s := db.Store()
	rate, err = l.Repeat(func(n int) error {
		_, err := insertDocument(ctx, s, place, texts(n))
		return err
	})
	return rate, errors.Join(err, db.Close())
}

// Get reads documents of one tenant of a fresh data folder under dir, through the store, among count.
func Get(ctx context.Context, dir string, l Loop, count int, texts Texts) (rate float64, err error) {
	db, place, err := openTenant(ctx, dir)
	if err != nil {
		return 0, err
	}
	s := db.Store()
	ids := make([]tenant.DocumentID, count)
	for i := range ids {
		if ids[i], err = insertDocument(ctx, s, place, texts(i)); err != nil {
			return 0, errors.Join(err, db.Close())
		}
	}
	rate, err = l.Repeat(func(n int) error {
		_, err := s.Documents.Get(ctx, place.In(tenant.DefaultCollection), ids[n%len(ids)])
		return err
	})
	return rate, errors.Join(err, db.Close())
}

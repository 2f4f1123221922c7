package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// found adds an organization with an audit entry, and removes it again with another one.
func (s *storm) found(client) {
	org := newOrg()
	first, last := entry(org.ID), entry(org.ID)
	removed := verdict("")
	told := s.write(deed{kind: "founding", times: func(db *DB) int {
		_, err := db.Store().Orgs.Get(s.t.Context(), org.ID)
		n := s.logged(db, first)
		if gone := tenant.IsCode(err, tenant.CodeNotFound); gone != (n == 0) && removed == "" {
			s.t.Errorf("of an organization there are %d entries, and get says %v", n, err)
		}
		return n
	}}, catalogLimit, func(ctx context.Context) error { return s.Orgs.Insert(ctx, org, first) })
	if told != acknowledged {
		return
	}
	removed = s.write(deed{kind: "removal", times: func(db *DB) int {
		_, err := db.Store().Orgs.Get(s.t.Context(), org.ID)
		n := s.logged(db, last)
		if gone := tenant.IsCode(err, tenant.CodeNotFound); gone != (n == 1) {
			s.t.Errorf("of a removal there are %d entries, and get says %v", n, err)
		}
		return n
	}}, catalogLimit, func(ctx context.Context) error { return s.Orgs.Remove(ctx, org.ID, 1, last) })
}

// logged counts an entry in the log.
func (s *storm) logged(db *DB, e tenant.AuditEntry) int {
	list, err := db.Store().Audit.List(s.t.Context(), e.Org, 0, 1000)
	if err != nil {
		s.t.Errorf("read the log: %v", err)
	}
	return len(slices.DeleteFunc(list, func(l tenant.AuditEntry) bool { return l.ID != e.ID }))
}

// touch changes a shared organization with an audit entry.
func (s *storm) touch(c client) {
	e := entry(s.shared(c))
	s.write(deed{kind: "change", times: func(db *DB) int { return s.logged(db, e) }}, catalogLimit, func(ctx context.Context) error {
		_, err := s.Orgs.Update(ctx, e.Org, e, func(o *tenant.Organization) error {
			o.Epoch++
			return nil
		})
		return err
	})
}

// race adds an organization with a name that the others of the round want too. Who is told that it is taken has not got it.
func (s *storm) race(c client) {
	org := newOrg()
	claim := tenant.Claim(fmt.Sprintf("name:race %d", c.round))
	org.Claims = []tenant.Claim{claim}
	taken := false
	s.write(deed{kind: "race", times: func(db *DB) int {
		holder, err := db.Store().Orgs.Find(s.t.Context(), claim)
		if taken && err != nil {
			s.t.Errorf("a name was told to be taken, and nobody has it: %v", err)
		}
		if err == nil && holder.ID == org.ID {
			return 1
		}
		return 0
	}}, catalogLimit, func(ctx context.Context) error {
		err := s.Orgs.Insert(ctx, org, tenant.Upkeep{})
		taken = tenant.IsCode(err, tenant.CodeNameTaken)
		return err
	}, tenant.CodeNameTaken)
}

// put adds a document, and deletes it again.
func (s *storm) put(c client) {
	doc := tenant.Document{ID: tenant.DocumentID(c.name()), Data: tenant.Data(`{}`), WriteID: tenant.NewID()}
	deleted := verdict("")
	there := func(db *DB) int {
		_, err := db.Store().Documents.Get(s.t.Context(), s.place.In(""), doc.ID)
		if err == nil {
			return 1
		}
		return 0
	}
	told := s.write(deed{kind: "document", times: func(db *DB) int {
		if deleted != "" {
			return 1 // it was, and the deletion looks for what became of it
		}
		return there(db)
	}}, documentLimit, func(ctx context.Context) error {
		_, err := s.Documents.Insert(ctx, s.place.In(""), doc, 0)
		return err
	})
	if told != acknowledged {
		return
	}
	deleted = s.write(deed{kind: "deletion", times: func(db *DB) int { return 1 - there(db) }}, documentLimit, func(ctx context.Context) error {
		return s.Documents.Delete(ctx, s.place.In(""), doc.ID, tenant.Revision{Version: 1})
	})
}

// line adds a line to a shared document.
func (s *storm) line(c client) {
	id, doc := tenant.NewID(), tenant.DocumentID(s.shared(c))
	s.write(deed{kind: "line", times: func(db *DB) int {
		found, err := db.Store().Documents.Get(s.t.Context(), s.place.In(""), doc)
		if err != nil {
			s.t.Errorf("get a shared document: %v", err)
		}
		return strings.Count(string(found.Data), id)
	}}, documentLimit, func(ctx context.Context) error {
		_, err := s.Documents.Update(ctx, s.place.In(""), doc, 0, func(d *tenant.Document) error {
			rest, _ := strings.CutPrefix(string(d.Data), `{`)
			if rest != `}` {
				rest = `,` + rest
			}
			d.Data, d.WriteID = tenant.Data(`{"`+id+`":1`+rest), id
			return nil
		})
		return err
	})
}

// signIn adds a session.
func (s *storm) signIn(c client) {
	s.write(deed{kind: "session", times: func(db *DB) int {
		if _, err := db.Store().Sessions.Get(s.t.Context(), tenant.SessionID(c.name())); err != nil {
			return 0
		}
		return 1
	}}, catalogLimit, func(ctx context.Context) error {
		return s.Sessions.Insert(ctx, tenant.Session{ID: tenant.SessionID(c.name()), CreatedAt: noon, ExpiresAt: noon})
	})
}

// begin begins a request with a key that no other has, so it is told that it is the first.
func (s *storm) begin(c client) {
	record := store.IdempotencyRecord{Key: c.name(), Caller: c.name(), WriteID: tenant.NewID(), LeaseUntil: noon, ExpiresAt: noon.Add(time.Hour)}
	s.write(deed{kind: "request", times: func(db *DB) int {
		_, fresh, err := db.Store().Idempotency.Begin(s.t.Context(), record, noon, 9)
		if fresh || err != nil {
			return 0
		}
		return 1
	}}, catalogLimit, func(ctx context.Context) error {
		_, began, err := s.Idempotency.Begin(ctx, record, noon, 9)
		if err == nil && !began {
			return errors.New("the request that began is told that another one did")
		}
		return err
	})
}

// count adds to a counter.
func (s *storm) count(c client) {
	leak := store.Leak{TTL: time.Hour}
	s.write(deed{kind: "count", times: func(db *DB) int {
		level, err := db.Store().Throttle.Add(s.t.Context(), c.name(), 0, leak, noon)
		if err != nil {
			s.t.Errorf("read a counter: %v", err)
		}
		return int(level)
	}}, catalogLimit, func(ctx context.Context) error {
		_, err := s.Throttle.Add(ctx, c.name(), 1, leak, noon)
		return err
	})
}

// move makes a home with a document, and moves it.
func (s *storm) move(client) {
	place := newPlace()
	s.insist("create a home", func(ctx context.Context) error { return s.Places.Create(ctx, place) })
	doc := tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: tenant.NewID()}
	s.insist("fill a home", func(ctx context.Context) error {
		_, err := s.Documents.Insert(ctx, place.In(""), doc, 0)
		return err
	})
	next := renamed(place)
	s.insist("rename a home", func(ctx context.Context) error { return s.Places.Rename(ctx, place, next) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.homes = append(s.homes, next)
}

// discard makes a home, moves it to the trash and drops it.
func (s *storm) discard(client) {
	place := newPlace()
	s.insist("create a home", func(ctx context.Context) error { return s.Places.Create(ctx, place) })
	s.insist("trash a home", func(ctx context.Context) error { return s.Places.Trash(ctx, place, "op") })
	s.insist("drop a home", func(ctx context.Context) error { return s.Places.Drop(ctx, place.Org, "op") })
}

// read reads the log, which moves what lies in outboxes.
func (s *storm) read(c client) {
	err := s.call(catalogLimit, "read the log", func(ctx context.Context) error {
		_, err := s.Audit.List(ctx, s.shared(c), 0, 1000)
		return err
	})
	if err != nil {
		s.mayBe("read the log", err, tenant.CodeUnavailable)
	}
}

// judgeOrgs wants as many changes of each shared organization as entries in its log, and those in a chain.
func (s *storm) judgeOrgs(db *DB) {
	for _, id := range s.orgs {
		org, err := db.Store().Orgs.Get(s.t.Context(), id)
		must(s.t, err)
		if org.Version != org.Epoch+1 {
			s.t.Errorf("a shared organization is at version %d after %d changes", org.Version, org.Epoch)
		}
		chain(s.t, db, id, int(org.Epoch))
	}
}

// judgeHomes wants the collections and the records of the homes that were moved, each with its document, and no others.
func (s *storm) judgeHomes(db *DB) {
	want := []string{s.place.Placement.Namespace}
	for _, place := range s.homes {
		want = append(want, place.Placement.Namespace)
		usage, err := db.Store().Documents.Usage(s.t.Context(), place)
		if err != nil || usage.Documents != 1 {
			s.t.Errorf("a home that was moved has %d documents (%v), want 1", usage.Documents, err)
		}
	}
	slices.Sort(want)
	for what, list := range map[string]func() ([]string, error){
		"collections": func() ([]string, error) {
			return db.main.ListCollectionNames(s.t.Context(), bson.M{"name": bson.M{"$regex": "^(org|trash)_"}})
		},
		"records": func() (names []string, err error) {
			return names, db.main.Collection("places").Distinct(s.t.Context(), "collection", bson.M{"state": ready}).Decode(&names)
		},
	} {
		names, err := list()
		must(s.t, err)
		slices.Sort(names)
		if !slices.Equal(names, want) {
			s.t.Errorf("there are the %s %v, want %v", what, names, want)
		}
	}
}

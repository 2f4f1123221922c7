package migration_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// spoiled is a target that spoils what is loaded into it.
type spoiled struct {
	store.Homes

	spoil func(docs []tenant.Document) []tenant.Document
}

func (s spoiled) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return s.Homes.Load(ctx, place, s.spoil(slices.Clone(docs)))
}

// spoils are the ways in which what was written is not what is there.
var spoils = map[string]func(docs []tenant.Document) []tenant.Document{
	"a value changed":    func(docs []tenant.Document) []tenant.Document { docs[1].Data = tenant.Data(`{"a":1}`); return docs },
	"a float for an int": func(docs []tenant.Document) []tenant.Document { docs[1].Data = tenant.Data(`{"z":1.0}`); return docs },
	"a version changed":  func(docs []tenant.Document) []tenant.Document { docs[1].Version++; return docs },
	"a write id lost":    func(docs []tenant.Document) []tenant.Document { docs[1].WriteID = ""; return docs },
	"a document lost":    func(docs []tenant.Document) []tenant.Document { return slices.Delete(docs, 1, 2) },
	"one too many": func(docs []tenant.Document) []tenant.Document {
		more := docs[1]
		more.ID = "d000001x"
		return append(docs, more)
	},
}

// TestCorruptedDocumentIsFound spoils one document while it is copied: it is named, and written again.
func TestCorruptedDocumentIsFound(t *testing.T) {
	t.Parallel()
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T, w *world) {
				before := w.serve(w.source.Store)
				acme := before.create("Acme", 50)
				before.create("Other", 50)
				var spoilt atomic.Bool
				w.target.Transfer.Homes = spoiled{w.target.Transfer.Homes, func(docs []tenant.Document) []tenant.Document {
					if len(docs) < 2 || !spoilt.CompareAndSwap(false, true) {
						return docs
					}
					return spoil(docs)
				}}
				report := w.move()
				if len(w.warnings) != 1 || !strings.Contains(w.warnings[0], "1 documents on "+w.target.Name) || !strings.Contains(w.warnings[0], " d00000") ||
					strings.Contains(w.warnings[0], "Grüße") {
					t.Errorf("the warnings are %q", w.warnings)
				}
				if report.Copied != 101 {
					t.Errorf("%d documents were written", report.Copied)
				}
				there, err := w.target.Orgs.Get(t.Context(), acme.ID)
				w.must(err)
				w.serve(w.target.Store).wantDocuments(there, 50)
			})
		})
	}
}

// TestStoreThatKeepsSpoilingIsRefused spoils whatever is written: the move ends with an error, and the source stays in use.
func TestStoreThatKeepsSpoilingIsRefused(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.serve(w.source.Store).create("Acme", 50)
		target := w.target
		w.target.Transfer.Homes = spoiled{target.Transfer.Homes, func(docs []tenant.Document) []tenant.Document {
			for i := range docs {
				docs[i].Data = tenant.Data(`{"spoilt":true}`)
			}
			return docs
		}}
		w.wantRefusal("does not give back what was written to it, twice")
		if len(w.warnings) != 1 || !strings.Contains(w.warnings[0], "50 documents on "+w.target.Name) || !strings.Contains(w.warnings[0], "d000004 and 45 more") {
			t.Errorf("the warnings are %q", w.warnings)
		}
		from, to := w.standings()
		if from.Phase != tenant.PhaseInUse || to.Phase != tenant.PhaseFilling {
			t.Errorf("the source is %+v, the target %+v", from, to)
		}
		w.target = target
		w.move()
	})
}

// spoiledTable is a table of a target that changes records on their way in.
type spoiledTable[T any] struct {
	store.Table[T]

	spoil func(*T)
}

func (s spoiledTable[T]) Add(ctx context.Context, records []T) error {
	records = slices.Clone(records)
	s.spoil(&records[len(records)-1])
	return s.Table.Add(ctx, records)
}

// TestCorruptedRecordIsFound spoils one record of each table.
func TestCorruptedRecordIsFound(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		before.create("Acme", 1)
		before.token("Acme")
		_, _, err := w.source.Idempotency.Begin(t.Context(), store.IdempotencyRecord{Key: "k", Caller: "c", WriteID: "w", Done: true, ExpiresAt: noon.AddDate(100, 0, 0)}, noon, 10)
		w.must(err)
		_, err = before.authn.AddOperator(t.Context(), console, "op@example.com", password)
		w.must(err)
		target := w.target
		for name, spoil := range map[string]func(all *store.Transfer){
			"organizations": func(all *store.Transfer) {
				all.Orgs = spoiledTable[tenant.Organization]{all.Orgs, func(o *tenant.Organization) { o.Epoch++ }}
			},
			"people": func(all *store.Transfer) {
				all.Users = spoiledTable[tenant.User]{all.Users, func(u *tenant.User) { u.Sessions.Generation++ }}
			},
			"operators": func(all *store.Transfer) {
				all.Operators = spoiledTable[tenant.Operator]{all.Operators, func(o *tenant.Operator) { o.PasswordHash += "x" }}
			},
			"sessions": func(all *store.Transfer) {
				all.Sessions = spoiledTable[tenant.Session]{all.Sessions, func(s *tenant.Session) { s.Generation++ }}
			},
			"keys": func(all *store.Transfer) {
				all.Keys = spoiledTable[tenant.Key]{all.Keys, func(k *tenant.Key) { k.Material = []byte("x") }}
			},
			"idempotency records": func(all *store.Transfer) {
				all.Idempotency = spoiledTable[store.IdempotencyRecord]{all.Idempotency, func(r *store.IdempotencyRecord) { r.WriteID += "x" }}
			},
			"audit log": func(all *store.Transfer) {
				all.Audit = spoiledTable[tenant.AuditEntry]{all.Audit, func(e *tenant.AuditEntry) { e.Target += "x" }}
			},
		} {
			w.target = target
			spoil(&w.target.Transfer)
			w.wantRefusal("compare the "+name, "is not what was written; nothing of it is used")
			if from, to := w.standings(); from.Phase != tenant.PhaseInUse || to.Phase != tenant.PhaseFilling {
				t.Errorf("%s: the source is %+v, the target %+v", name, from, to)
			}
		}
		w.target = target
		w.move()
	})
}

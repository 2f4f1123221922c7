package migration_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// spoiled is a target that spoils what is loaded into it.
type spoiled struct {
	store.Homes

	spoil func(org tenant.OrgID, docs []tenant.Document) []tenant.Document
}

func (s spoiled) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return s.Homes.Load(ctx, place, s.spoil(place.Org, slices.Clone(docs)))
}

// spoils are the ways in which what was written is not what is there, each of one document.
var spoils = map[string]func(docs []tenant.Document) []tenant.Document{
	"A value":    func(docs []tenant.Document) []tenant.Document { docs[1].Data = tenant.Data(`{"a":1}`); return docs },
	"A number":   func(docs []tenant.Document) []tenant.Document { docs[1].Data = tenant.Data(`{"z":1.0}`); return docs },
	"A version":  func(docs []tenant.Document) []tenant.Document { docs[1].Version++; return docs },
	"A write id": func(docs []tenant.Document) []tenant.Document { docs[1].WriteID = ""; return docs },
	"A document": func(docs []tenant.Document) []tenant.Document { return slices.Delete(docs, 1, 2) },
	"One more": func(docs []tenant.Document) []tenant.Document {
		more := docs[1]
		more.ID = "d000001x"
		return append(docs, more)
	},
}

// TestCorruptedDocumentIsFound spoils one document of each organization while it is copied: it is named, and written again.
func TestCorruptedDocumentIsFound(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		before := w.serve(w.source.Store)
		made := map[tenant.OrgID]string{}
		for name := range spoils {
			made[before.create(name, 50).ID] = name
		}
		var once sync.Map
		w.target.Transfer.Homes = spoiled{w.target.Transfer.Homes, func(org tenant.OrgID, docs []tenant.Document) []tenant.Document {
			if _, again := once.LoadOrStore(org, true); again {
				return docs
			}
			return spoils[made[org]](docs)
		}}
		report := w.move()
		if want := int64(51 * len(made)); report.Copied != want || report.Documents != want-int64(len(made)) {
			t.Errorf("%d documents were written, want %d: %+v", report.Copied, want, report)
		}
		after := w.serve(w.target.Store)
		for id, name := range made {
			told := slices.DeleteFunc(slices.Clone(w.warnings), func(line string) bool { return !strings.Contains(line, string(id)) })
			if len(told) != 1 || !strings.Contains(told[0], ": 1 documents on "+w.target.Name) || !strings.Contains(told[0], " d000001") ||
				strings.Contains(told[0], "Grüße") {
				t.Errorf("%s: the warnings are %q", name, told)
			}
			there, err := w.target.Orgs.Get(t.Context(), id)
			w.must(err)
			after.wantDocuments(there, 50)
		}
	})
}

// TestStoreThatKeepsSpoilingIsRefused spoils whatever is written: the move ends with an error, and the source stays in use.
func TestStoreThatKeepsSpoilingIsRefused(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		w.serve(w.source.Store).create("Acme", 50)
		target := w.target
		w.target.Transfer.Homes = spoiled{target.Transfer.Homes, func(_ tenant.OrgID, docs []tenant.Document) []tenant.Document {
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

// TestWarningIsCleanText spoils a document whose id, which an application chose, would move the cursor of a terminal and fill it.
func TestWarningIsCleanText(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, w *world) {
		org := w.serve(w.source.Store).create("Acme", 3)
		evil := document(0)
		evil.ID = tenant.DocumentID("a\x1b[2Jb\u202e" + strings.Repeat("c", 600))
		w.must(w.source.Transfer.Homes.Load(t.Context(), org.Place(), []tenant.Document{evil}))
		var once sync.Once
		w.target.Transfer.Homes = spoiled{w.target.Transfer.Homes, func(_ tenant.OrgID, docs []tenant.Document) []tenant.Document {
			once.Do(func() { docs = docs[1:] })
			return docs
		}}
		w.move()
		if len(w.warnings) != 1 || !strings.Contains(w.warnings[0], ": a[2Jbccc") || strings.ContainsAny(w.warnings[0], "\x1b\u202e") || len(w.warnings[0]) > 500 {
			t.Errorf("the warnings are %q", w.warnings)
		}
	})
}

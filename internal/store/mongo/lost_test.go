package mongo

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// noon is when the tests happen.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// entry returns an audit entry of an organization.
func entry(org tenant.OrgID) tenant.AuditEntry {
	return tenant.AuditEntry{ID: tenant.EntryID(tenant.NewID()), Org: org, Action: "test", At: noon, Outcome: tenant.OutcomeDone}
}

// newOrg returns an organization with claims of its own.
func newOrg() tenant.Organization {
	id := tenant.NewID()
	return tenant.Organization{
		ID: tenant.OrgID(id), Name: tenant.Name(id), State: tenant.StateActive, CreatedAt: noon, UpdatedAt: noon,
		Claims: []tenant.Claim{tenant.Claim("name:" + id), tenant.Claim("slug:" + id)},
	}
}

// world is a store with things in it, over a network that loses answers.
type world struct {
	store.Store
	db     *DB
	net    *lossy
	place  tenant.Place
	org    tenant.Organization
	server tenant.Instance
	login  tenant.Session
	record store.IdempotencyRecord
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{net: &lossy{}, org: newOrg()}
	w.db = openTest(t, Options{client: w.net.options, tick: make(chan time.Time), DocumentTime: 4 * time.Second})
	w.Store = w.db.Store()
	w.place = settle(t, w.db)
	w.server = tenant.Instance{ID: tenant.InstanceID(tenant.NewID()), Heartbeat: tenant.Heartbeat{Counter: 1}}
	w.login = tenant.Session{ID: tenant.SessionID(tenant.NewID()), CreatedAt: noon, ExpiresAt: noon}
	w.record = store.IdempotencyRecord{Key: tenant.NewID(), WriteID: tenant.NewID(), LeaseUntil: noon, ExpiresAt: noon.Add(time.Hour)}
	must(t, w.Orgs.Insert(t.Context(), w.org, tenant.Upkeep{}))
	must(t, w.Instances.Register(t.Context(), w.server))
	must(t, w.Sessions.Insert(t.Context(), w.login))
	_, _, err := w.Idempotency.Begin(t.Context(), w.record, noon, 9)
	must(t, err)
	_, err = w.Documents.Insert(t.Context(), w.place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{"n":1}`), WriteID: "w"}, 0)
	must(t, err)
	return w
}

// A write whose answer is lost is looked for, and told as what it was: done, once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	none := tenant.Upkeep{}
	raise := func(o *tenant.Organization) error {
		o.Epoch++
		return nil
	}
	for name, c := range map[string]struct {
		command string
		act     func(t *testing.T, w *world) error
		is      func(t *testing.T, w *world) bool
	}{
		"insert an organization": {"insert", func(t *testing.T, w *world) error {
			return w.Orgs.Insert(t.Context(), newOrg(), entry(w.org.ID))
		}, func(t *testing.T, w *world) bool { return logged1(t, w) }},
		"update one": {"update", func(t *testing.T, w *world) error {
			_, err := w.Orgs.Update(t.Context(), w.org.ID, entry(w.org.ID), raise)
			return err
		}, func(t *testing.T, w *world) bool {
			org, err := w.Orgs.Get(t.Context(), w.org.ID)
			return err == nil && org.Epoch == 1 && org.Version == 2 && logged1(t, w)
		}},
		"remove one with an entry": {"update", func(t *testing.T, w *world) error {
			return w.Orgs.Remove(t.Context(), w.org.ID, 1, entry(w.org.ID))
		}, func(t *testing.T, w *world) bool { return logged1(t, w) && orgGone(t, w) }},
		"remove one without": {"delete", func(t *testing.T, w *world) error {
			return w.Orgs.Remove(t.Context(), w.org.ID, 1, none)
		}, orgGone},
		"insert a session": {"insert", func(t *testing.T, w *world) error {
			return w.Sessions.Insert(t.Context(), tenant.Session{ID: "s", CreatedAt: noon})
		}, func(t *testing.T, w *world) bool { _, err := w.Sessions.Get(t.Context(), "s"); return err == nil }},
		"end one": {"update", func(t *testing.T, w *world) error {
			return w.Sessions.End(t.Context(), w.login.ID, noon)
		}, func(t *testing.T, w *world) bool {
			s, err := w.Sessions.Get(t.Context(), w.login.ID)
			return err == nil && s.EndedAt.Equal(noon)
		}},
		"found the installation": {"insert", func(t *testing.T, w *world) error {
			_, err := w.Installation.Found(t.Context(), tenant.Installation{ID: "i"})
			return err
		}, nil},
		"name its issuer": {"update", func(t *testing.T, w *world) error {
			_, err := w.Installation.Found(t.Context(), tenant.Installation{ID: "i"})
			must(t, err)
			_, err = w.Installation.SetIssuer(t.Context(), "https://example.com")
			return err
		}, func(t *testing.T, w *world) bool {
			i, err := w.Installation.Found(t.Context(), tenant.Installation{ID: "j"})
			return err == nil && i.ID == "i" && i.Issuer == "https://example.com"
		}},
		"register a server": {"insert", func(t *testing.T, w *world) error {
			return w.Instances.Register(t.Context(), tenant.Instance{ID: "i"})
		}, nil},
		"beat": {"update", func(t *testing.T, w *world) error {
			return w.Instances.Beat(t.Context(), w.server.ID, tenant.Heartbeat{Counter: 2})
		}, nil},
		"remove a server": {"delete", func(t *testing.T, w *world) error {
			return w.Instances.Remove(t.Context(), w.server.ID)
		}, nil},
		"begin a request": {"insert", func(t *testing.T, w *world) error {
			next := w.record
			next.Key, next.WriteID = tenant.NewID(), tenant.NewID()
			_, began, err := w.Idempotency.Begin(t.Context(), next, noon, 9)
			if !began {
				t.Errorf("the request that began is told that another one did")
			}
			return err
		}, nil},
		"take a request over": {"update", func(t *testing.T, w *world) error {
			return w.Idempotency.TakeOver(t.Context(), w.record.Key, noon, noon.Add(time.Minute))
		}, nil},
		"finish a request": {"update", func(t *testing.T, w *world) error {
			return w.Idempotency.Finish(t.Context(), w.record.Key)
		}, nil},
		"forget a request": {"delete", func(t *testing.T, w *world) error {
			return w.Idempotency.Forget(t.Context(), w.record.Key)
		}, nil},
		"insert a document": {"insert", func(t *testing.T, w *world) error {
			_, err := w.Documents.Insert(t.Context(), w.place.In(""), tenant.Document{ID: "new", Data: tenant.Data(`{}`), WriteID: "x"}, 0)
			return err
		}, holding(2)},
		"update a document": {"update", func(t *testing.T, w *world) error {
			_, err := w.Documents.Update(t.Context(), w.place.In(""), "doc", 0, func(d *tenant.Document) error {
				d.Data, d.WriteID = tenant.Data(`{"n":2}`), "x"
				return nil
			})
			return err
		}, func(t *testing.T, w *world) bool {
			doc, err := w.Documents.Get(t.Context(), w.place.In(""), "doc")
			return err == nil && doc.Version == 2 && string(doc.Data) == `{"n":2}`
		}},
		"delete a document": {"findAndModify", func(t *testing.T, w *world) error {
			return w.Documents.Delete(t.Context(), w.place.In(""), "doc", tenant.Revision{Version: 1})
		}, holding(0)},
		"write the record of a home": {"insert", createHome, nil},
		"make its collection":        {"create", createHome, nil},
		"settle its record":          {"update", createHome, nil},
		"rename a collection":        {"renameCollection", moveHome, movedHome},
		"end a rename":               {"delete", moveHome, movedHome},
		"drop a collection": {"drop", func(t *testing.T, w *world) error {
			must(t, w.Places.Trash(t.Context(), w.place, "op"))
			return w.Places.Drop(t.Context(), w.place.Org, "op")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.net.lose(c.command)
			if err := c.act(t, w); err != nil {
				t.Errorf("with its answer lost: %v", err)
			}
			if n := w.net.count(); n != 1 {
				t.Errorf("%d answers of %s were lost, want 1", n, c.command)
			}
			if c.is != nil && !c.is(t, w) {
				t.Errorf("the store does not show what was done, or shows it twice")
			}
		})
	}
}

// logged1 reports whether the organization's log has one entry.
func logged1(t *testing.T, w *world) bool {
	t.Helper()
	list, err := w.Audit.List(t.Context(), w.org.ID, 0, 9)
	return err == nil && len(list) == 1
}

func orgGone(t *testing.T, w *world) bool {
	t.Helper()
	_, err := w.Orgs.Get(t.Context(), w.org.ID)
	return tenant.IsCode(err, tenant.CodeNotFound)
}

// holding reports whether the place has so many documents.
func holding(n int64) func(t *testing.T, w *world) bool {
	return func(t *testing.T, w *world) bool {
		t.Helper()
		usage, err := w.Documents.Usage(t.Context(), w.place)
		return err == nil && usage.Documents == n
	}
}

func createHome(t *testing.T, w *world) error {
	t.Helper()
	place := newPlace()
	if err := w.Places.Create(t.Context(), place); err != nil {
		return err
	}
	_, err := w.Documents.Usage(t.Context(), place)
	return err
}

// target is where moveHome moves the world's place.
func (w *world) target() tenant.Place {
	to := w.place
	to.Placement.Namespace += "_2"
	return to
}

func moveHome(t *testing.T, w *world) error {
	t.Helper()
	return w.Places.Rename(t.Context(), w.place, w.target())
}

func movedHome(t *testing.T, w *world) bool {
	t.Helper()
	doc, err := w.Documents.Get(t.Context(), w.target().In(""), "doc")
	_, gone := w.Documents.Get(t.Context(), w.place.In(""), "doc")
	return err == nil && doc.Version == 1 && tenant.IsCode(gone, tenant.CodeNotFound)
}

// An entry whose insert into the log lost its answer is there once, whoever relays it next.
func TestLostAnswerOfTheRelay(t *testing.T) {
	w := newWorld(t)
	for _, command := range []string{"insert", "update"} {
		e := entry(w.org.ID)
		_, err := w.Orgs.Update(t.Context(), w.org.ID, e, func(*tenant.Organization) error { return nil })
		must(t, err)
		w.net.lose(command)
		_, _ = w.Audit.List(t.Context(), w.org.ID, 0, 9) // may fail, and must not write the entry twice
	}
	list, err := w.Audit.List(t.Context(), w.org.ID, 0, 9)
	must(t, err)
	if len(list) != 2 || list[0].Seq != 1 || list[1].Seq != 2 || list[1].PrevHash != list[0].Hash() {
		t.Errorf("the log is %+v, want two entries in a chain", list)
	}
}

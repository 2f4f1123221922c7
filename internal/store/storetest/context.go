package storetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// everyMethodCases prove what holds for every method of every noun.
func everyMethodCases() []Case {
	return about("EveryMethod",
		clause{name: "EndsWithItsContext", check: endsWithItsContext},
		clause{name: "LeavesNothingWhenItsContextIsOver", check: leavesNothingWhenItsContextIsOver},
	)
}

// calls has one call of each method on things that are there, so that nothing but the context keeps it from its work.
type calls map[string]func(ctx context.Context) error

// scene is what the calls are about.
type scene struct {
	org      tenant.Organization
	user     tenant.User
	operator tenant.Operator
	session  tenant.Session
	key      tenant.Key
	server   tenant.Instance
	place    tenant.Place
	doc      tenant.Document
	record   store.IdempotencyRecord
	// trail is what the writes try to leave.
	trail tenant.AuditEntry
}

func setScene(d *desk) scene {
	d.Helper()
	sc := scene{
		org: newOrg(), user: newUser(), operator: newOperator(), session: newSession(), key: newKey(), server: newInstance(),
		place: d.home(), doc: newDocument("doc"), record: newRecord(), trail: newEntry(tenant.OrgID(tenant.NewID())),
	}
	ctx := d.Context()
	d.need(d.Orgs.Insert(ctx, sc.org, upkeep), "insert an organization")
	d.need(d.Users.Insert(ctx, sc.user, upkeep), "insert a user")
	d.need(d.Operators.Insert(ctx, sc.operator, upkeep), "insert an operator")
	d.need(d.Sessions.Insert(ctx, sc.session), "insert a session")
	d.need(d.Keys.Insert(ctx, sc.key, upkeep), "insert a key")
	d.need(d.Instances.Register(ctx, sc.server), "register a server")
	_, err := d.Installation.Found(ctx, tenant.Installation{ID: tenant.NewID(), CreatedAt: noon})
	d.need(err, "found the installation")
	_, err = d.Documents.Insert(ctx, sc.place.In(""), sc.doc, 0)
	d.need(err, "insert a document")
	_, _, err = d.Idempotency.Begin(ctx, sc.record, noon, 10)
	d.need(err, "begin a request")
	return sc
}

func (sc scene) calls(d *desk) calls {
	all := calls{}
	maps.Copy(all, sc.catalogCalls(d))
	maps.Copy(all, sc.loginCalls(d))
	maps.Copy(all, sc.documentCalls(d))
	maps.Copy(all, sc.serviceCalls(d))
	maps.Copy(all, sc.transferCalls(d))
	return all
}

func (sc scene) catalogCalls(d *desk) calls {
	return calls{
		"Orgs.Insert": func(ctx context.Context) error { return d.Orgs.Insert(ctx, newOrg(), sc.trail) },
		"Orgs.Get":    func(ctx context.Context) error { return errOf(d.Orgs.Get(ctx, sc.org.ID)) },
		"Orgs.Find":   func(ctx context.Context) error { return errOf(d.Orgs.Find(ctx, sc.org.Claims[0])) },
		"Orgs.Versions": func(ctx context.Context) error {
			return errOf(d.Orgs.Versions(ctx, []tenant.OrgID{sc.org.ID}))
		},
		"Orgs.List": func(ctx context.Context) error { return errOf(d.Orgs.List(ctx, store.OrgFilter{}, "", 1)) },
		"Orgs.Update": func(ctx context.Context) error {
			return errOf(d.Orgs.Update(ctx, sc.org.ID, sc.trail, func(*tenant.Organization) error { return nil }))
		},
		"Orgs.Remove":  func(ctx context.Context) error { return d.Orgs.Remove(ctx, sc.org.ID, 1, sc.trail) },
		"Orgs.Count":   func(ctx context.Context) error { return errOf(d.Orgs.Count(ctx)) },
		"Users.Insert": func(ctx context.Context) error { return d.Users.Insert(ctx, newUser(), sc.trail) },
		"Users.Get":    func(ctx context.Context) error { return errOf(d.Users.Get(ctx, sc.user.ID)) },
		"Users.FindByEmail": func(ctx context.Context) error {
			return errOf(d.Users.FindByEmail(ctx, sc.user.Email))
		},
		"Users.Members": func(ctx context.Context) error { return errOf(d.Users.Members(ctx, sc.org.ID, "", 1)) },
		"Users.Update": func(ctx context.Context) error {
			return errOf(d.Users.Update(ctx, sc.user.ID, sc.trail, func(*tenant.User) error { return nil }))
		},
		"Users.Remove": func(ctx context.Context) error { return d.Users.Remove(ctx, sc.user.ID, sc.trail) },
		"Audit.List":   func(ctx context.Context) error { return errOf(d.Audit.List(ctx, sc.org.ID, 0, 1)) },
	}
}

func (sc scene) loginCalls(d *desk) calls {
	return calls{
		"Operators.Insert": func(ctx context.Context) error { return d.Operators.Insert(ctx, newOperator(), sc.trail) },
		"Operators.Get":    func(ctx context.Context) error { return errOf(d.Operators.Get(ctx, sc.operator.ID)) },
		"Operators.FindByEmail": func(ctx context.Context) error {
			return errOf(d.Operators.FindByEmail(ctx, sc.operator.Email))
		},
		"Operators.List": func(ctx context.Context) error { return errOf(d.Operators.List(ctx, "", 1)) },
		"Operators.Update": func(ctx context.Context) error {
			return errOf(d.Operators.Update(ctx, sc.operator.ID, sc.trail, func(*tenant.Operator) error { return nil }))
		},
		"Sessions.Insert": func(ctx context.Context) error { return d.Sessions.Insert(ctx, newSession()) },
		"Sessions.Get":    func(ctx context.Context) error { return errOf(d.Sessions.Get(ctx, sc.session.ID)) },
		"Sessions.End":    func(ctx context.Context) error { return d.Sessions.End(ctx, sc.session.ID, noon) },
		"Sessions.PurgeExpired": func(ctx context.Context) error {
			return errOf(d.Sessions.PurgeExpired(ctx, longAgo, 1))
		},
		"Keys.Insert": func(ctx context.Context) error { return d.Keys.Insert(ctx, newKey(), sc.trail) },
		"Keys.List":   func(ctx context.Context) error { return errOf(d.Keys.List(ctx)) },
		"Keys.Update": func(ctx context.Context) error {
			return errOf(d.Keys.Update(ctx, sc.key.ID, sc.trail, func(*tenant.Key) error { return nil }))
		},
		"Keys.Remove": func(ctx context.Context) error { return d.Keys.Remove(ctx, sc.key.ID, sc.trail) },
	}
}

func (sc scene) documentCalls(d *desk) calls {
	elsewhere := sc.place
	elsewhere.Placement.Namespace += "_2"
	op := tenant.OperationID(tenant.NewID())
	return calls{
		"Documents.Insert": func(ctx context.Context) error {
			return errOf(d.Documents.Insert(ctx, sc.place.In(""), newDocument("other"), 0))
		},
		"Documents.Get": func(ctx context.Context) error {
			return errOf(d.Documents.Get(ctx, sc.place.In(""), sc.doc.ID))
		},
		"Documents.List": func(ctx context.Context) error { return errOf(d.Documents.List(ctx, sc.place.In(""), "", 1)) },
		"Documents.Update": func(ctx context.Context) error {
			return errOf(d.Documents.Update(ctx, sc.place.In(""), sc.doc.ID, 0, func(*tenant.Document) error { return nil }))
		},
		"Documents.Delete": func(ctx context.Context) error {
			return d.Documents.Delete(ctx, sc.place.In(""), sc.doc.ID, tenant.Revision{})
		},
		"Documents.Usage": func(ctx context.Context) error { return errOf(d.Documents.Usage(ctx, sc.place)) },
		"Places.Create":   func(ctx context.Context) error { return d.Places.Create(ctx, newPlace()) },
		"Places.Rename":   func(ctx context.Context) error { return d.Places.Rename(ctx, sc.place, elsewhere) },
		"Places.Trash":    func(ctx context.Context) error { return d.Places.Trash(ctx, sc.place, op) },
		"Places.Restore":  func(ctx context.Context) error { return d.Places.Restore(ctx, op, sc.place) },
		"Places.Sweep": func(ctx context.Context) error {
			return errOf(d.Places.Sweep(ctx, tenant.NamespaceOf(newOrg().Slug), sc.place, op))
		},
		"Places.Drop":    func(ctx context.Context) error { return d.Places.Drop(ctx, sc.place.Org, op) },
		"Places.Discard": func(ctx context.Context) error { return d.Places.Discard(ctx, sc.place) },
	}
}

func (sc scene) serviceCalls(d *desk) calls {
	return calls{
		"Instances.Register": func(ctx context.Context) error { return d.Instances.Register(ctx, newInstance()) },
		"Instances.Beat": func(ctx context.Context) error {
			return d.Instances.Beat(ctx, sc.server.ID, tenant.Heartbeat{Counter: 9})
		},
		"Instances.DeclareDead": func(ctx context.Context) error { return d.Instances.DeclareDead(ctx, sc.server.ID, sc.server.Counter) },
		"Instances.List":        func(ctx context.Context) error { return errOf(d.Instances.List(ctx)) },
		"Instances.Remove":      func(ctx context.Context) error { return d.Instances.Remove(ctx, sc.server.ID) },
		"Throttle.Add": func(ctx context.Context) error {
			return errOf(d.Throttle.Add(ctx, token(), 1, store.Leak{TTL: time.Hour}, noon))
		},
		"Idempotency.Begin": func(ctx context.Context) error {
			_, _, err := d.Idempotency.Begin(ctx, newRecord(), noon, 10)
			return err
		},
		"Idempotency.TakeOver": func(ctx context.Context) error {
			return d.Idempotency.TakeOver(ctx, sc.record.Key, sc.record.LeaseUntil, noon)
		},
		"Idempotency.Finish": func(ctx context.Context) error { return d.Idempotency.Finish(ctx, sc.record.Key) },
		"Idempotency.Forget": func(ctx context.Context) error { return d.Idempotency.Forget(ctx, sc.record.Key) },
		"Idempotency.PurgeExpired": func(ctx context.Context) error {
			return errOf(d.Idempotency.PurgeExpired(ctx, longAgo, 1))
		},
		"Installation.Found": func(ctx context.Context) error {
			return errOf(d.Installation.Found(ctx, tenant.Installation{ID: tenant.NewID(), CreatedAt: noon}))
		},
		"Installation.SetIssuer": func(ctx context.Context) error {
			return errOf(d.Installation.SetIssuer(ctx, "https://example.com"))
		},
		"Health.Ping": d.Health.Ping,
	}
}

// longAgo is before everything that the cases store.
var longAgo = time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC)

// errOf returns the error of a call that returns a value as well.
func errOf[V any](_ V, err error) error { return err }

func endsWithItsContext(d *desk) {
	all := setScene(d).calls(d)
	cancelled, cancel := context.WithCancel(d.Context())
	cancel()
	expired, cancel := context.WithTimeout(d.Context(), -time.Second)
	defer cancel()
	for _, method := range Methods() {
		call := all[method]
		if call == nil {
			d.Errorf("the case does not call %s", method)
			continue
		}
		d.want(tenant.CodeUnavailable, call(cancelled), "%s with a context that was cancelled", method)
		d.want(tenant.CodeUnavailable, call(expired), "%s with a context past its deadline", method)
	}
}

func leavesNothingWhenItsContextIsOver(d *desk) {
	sc := setScene(d)
	all := sc.calls(d)
	ctx, cancel := context.WithCancel(d.Context())
	cancel()
	for _, method := range slices.Sorted(maps.Keys(all)) {
		_ = all[method](ctx) // refused; see endsWithItsContext
	}
	ctx = d.Context()
	org, err := d.Orgs.Get(ctx, sc.org.ID)
	d.need(err, "get the organization")
	d.same(org, settled(sc.org), "the organization")
	user, err := d.Users.Get(ctx, sc.user.ID)
	d.need(err, "get the user")
	d.same(user, settled(sc.user), "the user")
	doc, err := d.Documents.Get(ctx, sc.place.In(""), sc.doc.ID)
	d.need(err, "get the document")
	d.same(doc, settled(sc.doc), "the document")
	usage, err := d.Documents.Usage(ctx, sc.place)
	d.need(err, "usage")
	d.same(usage.Documents, int64(1), "the documents in the place")
	entries, err := d.Audit.List(ctx, sc.trail.Org, 0, 10)
	d.need(err, "list the audit log")
	d.same(len(entries), 0, "the entries that the writes left")
}

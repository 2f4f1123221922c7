package storetest

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/orgd/orgd/internal/tenant"
)

// kind is one kind of row in the eyes of the clauses that hold for all kinds. Rows are named by any value with their ID.
type kind[V any] struct {
	// full has every field set, bare as few as there may be. Both are fresh at each call.
	full, bare func() V
	insert     func(ctx context.Context, v V) error
	get        func(ctx context.Context, v V) (V, error)
	// update is nil where the contract has none. mark notes a word in a row beside those that are there; marks returns all.
	update func(ctx context.Context, v V, change func(*V) error) (V, error)
	mark   func(v *V, word string)
	marks  func(v V) string
}

// field returns a field that most rows have, ready to be set; it is invalid if this kind has none.
func field[V any](v *V, name string) reflect.Value {
	return reflect.ValueOf(v).Elem().FieldByName(name)
}

// named returns v under the id of another row.
func named[V any](v, like V) V {
	field(&v, "ID").Set(field(&like, "ID"))
	return v
}

func orgKind(d *desk) kind[tenant.Organization] {
	return kind[tenant.Organization]{
		full: fullOrg, bare: newOrg,
		insert: func(ctx context.Context, v tenant.Organization) error { return d.Orgs.Insert(ctx, v, upkeep) },
		get: func(ctx context.Context, v tenant.Organization) (tenant.Organization, error) {
			return d.Orgs.Get(ctx, v.ID)
		},
		update: func(ctx context.Context, v tenant.Organization,
			change func(*tenant.Organization) error,
		) (tenant.Organization, error) {
			return d.Orgs.Update(ctx, v.ID, upkeep, change)
		},
		mark:  func(v *tenant.Organization, word string) { v.Placement.UUID += word },
		marks: func(v tenant.Organization) string { return v.Placement.UUID },
	}
}

func userKind(d *desk) kind[tenant.User] {
	return kind[tenant.User]{
		full: fullUser, bare: func() tenant.User { return newUser() },
		insert: func(ctx context.Context, v tenant.User) error { return d.Users.Insert(ctx, v, upkeep) },
		get:    func(ctx context.Context, v tenant.User) (tenant.User, error) { return d.Users.Get(ctx, v.ID) },
		update: func(ctx context.Context, v tenant.User, change func(*tenant.User) error) (tenant.User, error) {
			return d.Users.Update(ctx, v.ID, upkeep, change)
		},
		mark:  func(v *tenant.User, word string) { v.PasswordHash += word },
		marks: func(v tenant.User) string { return v.PasswordHash },
	}
}

func operatorKind(d *desk) kind[tenant.Operator] {
	return kind[tenant.Operator]{
		full: newOperator, bare: newOperator,
		insert: func(ctx context.Context, v tenant.Operator) error { return d.Operators.Insert(ctx, v, upkeep) },
		get: func(ctx context.Context, v tenant.Operator) (tenant.Operator, error) {
			return d.Operators.Get(ctx, v.ID)
		},
		update: func(ctx context.Context, v tenant.Operator, change func(*tenant.Operator) error) (tenant.Operator, error) {
			return d.Operators.Update(ctx, v.ID, upkeep, change)
		},
		mark:  func(v *tenant.Operator, word string) { v.PasswordHash += word },
		marks: func(v tenant.Operator) string { return v.PasswordHash },
	}
}

func sessionKind(d *desk) kind[tenant.Session] {
	return kind[tenant.Session]{
		full: newSession,
		bare: func() tenant.Session {
			s := newSession()
			return tenant.Session{ID: s.ID, User: s.User, Org: s.Org, CreatedAt: noon, AuthTime: noon, ExpiresAt: s.ExpiresAt}
		},
		insert: d.Sessions.Insert,
		get:    func(ctx context.Context, v tenant.Session) (tenant.Session, error) { return d.Sessions.Get(ctx, v.ID) },
	}
}

func keyKind(d *desk) kind[tenant.Key] {
	return kind[tenant.Key]{
		full: newKey,
		bare: func() tenant.Key {
			key := newKey()
			return tenant.Key{ID: key.ID, Purpose: tenant.KeyMAC, Material: key.Material, CreatedAt: noon, SignsFrom: noon}
		},
		insert: func(ctx context.Context, v tenant.Key) error { return d.Keys.Insert(ctx, v, upkeep) },
		get: func(ctx context.Context, v tenant.Key) (tenant.Key, error) {
			return found(ctx, d.Keys.List, func(k tenant.Key) bool { return k.ID == v.ID })
		},
		update: func(ctx context.Context, v tenant.Key, change func(*tenant.Key) error) (tenant.Key, error) {
			return d.Keys.Update(ctx, v.ID, upkeep, change)
		},
		mark:  func(v *tenant.Key, word string) { v.Public = append(v.Public, word...) },
		marks: func(v tenant.Key) string { return string(v.Public) },
	}
}

func instanceKind(d *desk) kind[tenant.Instance] {
	return kind[tenant.Instance]{
		full: func() tenant.Instance {
			i := newInstance()
			i.Dead, i.Acks = true, map[tenant.OrgID]tenant.Ack{tenant.OrgID(tenant.NewID()): {Epoch: 7, Uncertain: true}}
			return i
		},
		bare: func() tenant.Instance {
			return tenant.Instance{ID: tenant.InstanceID(tenant.NewID()), Version: "1.2.3", StartedAt: noon}
		},
		insert: d.Instances.Register,
		get: func(ctx context.Context, v tenant.Instance) (tenant.Instance, error) {
			return found(ctx, d.Instances.List, func(i tenant.Instance) bool { return i.ID == v.ID })
		},
	}
}

func documentKind(d *desk) kind[tenant.Document] {
	place := d.home()
	return kind[tenant.Document]{
		full: func() tenant.Document { return newDocument(tenant.DocumentID("doc-" + token())) },
		bare: func() tenant.Document {
			doc := newDocument(tenant.DocumentID("doc-" + token()))
			doc.Data = tenant.Data(`{}`)
			return doc
		},
		insert: func(ctx context.Context, v tenant.Document) error {
			_, err := d.Documents.Insert(ctx, place.In(""), v, 0)
			return err
		},
		get: func(ctx context.Context, v tenant.Document) (tenant.Document, error) {
			return d.Documents.Get(ctx, place.In(""), v.ID)
		},
		update: func(ctx context.Context, v tenant.Document, change func(*tenant.Document) error) (tenant.Document, error) {
			return d.Documents.Update(ctx, place.In(""), v.ID, 0, change)
		},
		mark: func(v *tenant.Document, word string) {
			v.Data = tenant.Data(`{"marks":"` + documentMarks(*v) + word + `"}`)
		},
		marks: documentMarks,
	}
}

// documentMarks returns the words that were noted in a document.
func documentMarks(v tenant.Document) string {
	var body struct{ Marks string }
	if json.Unmarshal(v.Data, &body) != nil {
		return ""
	}
	return body.Marks
}

// found looks a row up in a list of all.
func found[V any](ctx context.Context, list func(context.Context) ([]V, error), is func(V) bool) (V, error) {
	var none V
	all, err := list(ctx)
	if err != nil {
		return none, err
	}
	for _, v := range all {
		if is(v) {
			return v, nil
		}
	}
	return none, tenant.Errorf(tenant.CodeNotFound, "the list does not hold it")
}

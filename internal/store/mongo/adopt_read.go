package mongo

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
)

// readAtOnce is how many documents one answer brings.
const readAtOnce = 1000

// Organizations calls fn for each organization that the other service wrote. Documents of orgd's own are none of them.
func (f *Foreign) Organizations(ctx context.Context, fn func(store.ForeignOrg) error) error {
	n := f.fields
	fields := slices.Concat(n.OrgID, n.OrgName, n.OrgCollection, n.OrgSlug, n.OrgAdmin, n.OrgCreated,
		[]string{flatEmail}, n.UserEmail, n.UserPassword, prefixed(flatAdmin, n.UserPassword), fieldsOfOut)
	return f.read(ctx, n.Organizations, fields, func(raw bson.Raw) error { return fn(f.org(raw)) })
}

// Users calls fn for each person that the other service wrote.
func (f *Foreign) Users(ctx context.Context, fn func(store.ForeignUser) error) error {
	n := f.fields
	fields := slices.Concat(n.UserID, n.UserEmail, n.UserPassword, n.UserOrg, n.UserRole, fieldsOfOut)
	return f.read(ctx, n.Users, fields, func(raw bson.Raw) error { return fn(f.user(raw)) })
}

// read calls fn for each foreign document of a collection, with those fields alone.
func (f *Foreign) read(ctx context.Context, name string, fields []string, fn func(bson.Raw) error) error {
	wanted := bson.M{"_id": 1}
	for _, field := range fields {
		top, _, _ := strings.Cut(field, ".")
		wanted[top] = 1
	}
	strangers := bson.M{fieldLayout: bson.M{"$nin": bson.A{rowLayout, tombstone}}}
	o := options.Find().SetProjection(wanted).SetBatchSize(readAtOnce)
	var failed error
	err := each(ctx, f.from.client.Database(f.database).Collection(name), strangers, o, func(raw bson.Raw) error {
		failed = fn(raw)
		return failed
	})
	if failed != nil {
		return failed
	}
	return f.unreadable(err)
}

// An admin may be written into the organization field by field: an address, and a password with or without the prefix.
const (
	flatEmail = "admin_email"
	flatAdmin = "admin_"
)

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + name
	}
	return out
}

// org reads an organization.
func (f *Foreign) org(raw bson.Raw) store.ForeignOrg {
	n := f.fields
	org := store.ForeignOrg{Key: keyOf(raw.Lookup("_id")), IDs: idsOf(raw, n.OrgID), CreatedAt: date(first(raw, n.OrgCreated)), Blocked: blocked(raw)}
	org.Name, org.Unread.Name = told(raw, n.OrgName)
	org.Collection, org.Unread.Collection = told(raw, n.OrgCollection)
	org.Slug, org.Unread.Slug = told(raw, n.OrgSlug)
	if field, v := firstOf(raw, n.OrgAdmin); v.Type != 0 && !f.admins(&org, v) {
		org.Unread.Admin = field
	}
	if hash := text(raw, append(prefixed(flatAdmin, n.UserPassword), n.UserPassword...)); hash != "" && org.Owner == nil {
		org.Owner = &store.ForeignUser{Email: text(raw, append([]string{flatEmail}, n.UserEmail...)), Hash: hash}
	}
	return org
}

// admins reads what an organization says of its admins: an id or address, a document, a reference of MongoDB's, or several. It
// reports false where any of it is none of these, and where there is none.
func (f *Foreign) admins(org *store.ForeignOrg, v bson.RawValue) bool {
	if list, ok := v.ArrayOK(); ok {
		values, err := list.Values()
		known := err == nil && len(values) > 0
		for _, one := range values {
			known = f.admins(org, one) && known
		}
		return known
	}
	doc, ok := v.DocumentOK()
	if !ok || doc.Lookup("$id").Type != 0 {
		id, ok := reference(v)
		if ok {
			org.Admins = append(org.Admins, id)
		}
		return ok
	}
	user := f.user(doc)
	switch {
	case user.Hash != "" && org.Owner == nil:
		org.Owner = &user
	case len(user.IDs) > 0:
		org.Admins = append(org.Admins, user.IDs[0])
	case user.Email != "":
		org.Admins = append(org.Admins, user.Email)
	default:
		return false
	}
	return true
}

// user reads a person.
func (f *Foreign) user(raw bson.Raw) store.ForeignUser {
	n := f.fields
	user := store.ForeignUser{
		IDs: idsOf(raw, n.UserID), Email: text(raw, n.UserEmail), Hash: text(raw, n.UserPassword), Role: text(raw, n.UserRole), Blocked: blocked(raw),
	}
	of := first(raw, n.UserOrg)
	values := []bson.RawValue{of}
	if list, ok := of.ArrayOK(); ok {
		values, _ = list.Values()
	}
	for _, v := range values {
		if doc, ok := v.DocumentOK(); ok && doc.Lookup("$id").Type == 0 {
			user.Orgs = append(user.Orgs, idsOf(doc, slices.Concat(n.OrgID, n.OrgName))...)
		} else if id, ok := reference(v); ok {
			user.Orgs = append(user.Orgs, id)
		}
	}
	return user
}

// first returns the first of the fields that is there and not null; a type of zero where none is.
func first(raw bson.Raw, names []string) bson.RawValue {
	_, v := firstOf(raw, names)
	return v
}

// firstOf returns its name too.
func firstOf(raw bson.Raw, names []string) (string, bson.RawValue) {
	for _, name := range names {
		if v := raw.Lookup(strings.Split(name, ".")...); v.Type != 0 && v.Type != bson.TypeNull {
			return name, v
		}
	}
	return "", bson.RawValue{}
}

// told returns the text of the first of the fields that is there, or that field's name where it holds none.
func told(raw bson.Raw, names []string) (value, unread string) {
	field, _ := firstOf(raw, names)
	if field == "" {
		return "", ""
	}
	if value = text(raw, []string{field}); value == "" {
		return "", field
	}
	return value, ""
}

// text returns the first of the fields that holds a text, be it as bytes, cut where it is too long.
func text(raw bson.Raw, names []string) string {
	for _, name := range names {
		v := first(raw, []string{name})
		if s, ok := v.StringValueOK(); ok && s != "" {
			return clip(s)
		}
		if kind, data, ok := v.BinaryOK(); ok && kind == bson.TypeBinaryGeneric {
			return clip(string(data))
		}
	}
	return ""
}

// clip cuts a text to one byte more than [store.ForeignText].
func clip(s string) string { return strings.Clone(s[:min(len(s), store.ForeignText+1)]) }

// idsOf returns all ids that stand in the fields.
func idsOf(raw bson.Raw, names []string) (ids []string) {
	for _, name := range names {
		if id, ok := reference(first(raw, []string{name})); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// reference returns the one text under which an id is compared, whatever type it and what refers to it are stored as.
func reference(v bson.RawValue) (string, bool) {
	if s, ok := v.StringValueOK(); ok {
		return clip(s), s != ""
	}
	if id, ok := v.ObjectIDOK(); ok {
		return id.Hex(), true
	}
	if n, ok := v.AsInt64OK(); ok && (v.Type != bson.TypeDouble || v.Double() == math.Trunc(v.Double())) {
		return strconv.FormatInt(n, 10), true
	}
	if _, data, ok := v.BinaryOK(); ok && len(data) == len(uuid.UUID{}) {
		return uuid.UUID(data).String(), true
	}
	if doc, ok := v.DocumentOK(); ok && doc.Lookup("$id").Type != 0 {
		return reference(doc.Lookup("$id"))
	}
	return "", false
}

// keyOf returns a text that no other document's id has.
func keyOf(v bson.RawValue) string {
	id, ok := reference(v)
	if !ok {
		id = v.String()
	}
	return v.Type.String() + " " + clip(id)
}

// date returns a moment that is stored as one, or as a text of RFC 3339 with or without a zone; zero for anything else.
func date(v bson.RawValue) time.Time {
	if t, ok := v.TimeOK(); ok {
		return t.UTC()
	}
	s, _ := v.StringValueOK()
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

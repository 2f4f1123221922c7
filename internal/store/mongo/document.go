package mongo

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/orgd/orgd/internal/tenant"
)

// fieldOrgd is the member of a tenant's document that holds orgd's bookkeeping.
const fieldOrgd = "_orgd"

// maxBSON is the largest document, less what the bookkeeping may take. JSON of 8 MiB is usually smaller than that, but an
// array of small numbers takes six times its text.
const maxBSON = 16<<20 - 16<<10

// orgdDoc is the bookkeeping of one document.
type orgdDoc struct {
	Organization string         `bson:"organization"`
	Version      int64          `bson:"version"`
	WriteID      string         `bson:"write_id"`
	Created      *bson.DateTime `bson:"created,omitempty"`
	Updated      *bson.DateTime `bson:"updated,omitempty"`
	Bytes        int64          `bson:"bytes"` // of the data as JSON
}

// packDocument returns a new document as it is stored: the id, the data's members, the bookkeeping.
func packDocument(org tenant.OrgID, doc tenant.Document) (bson.Raw, error) {
	fields, err := toBSON(doc.Data)
	if err != nil {
		return nil, badData(err)
	}
	return packFields(org, textID(doc.ID), fields, doc)
}

// packShown returns a document that was read elsewhere as it is stored, with an id of whatever type.
func packShown(org tenant.OrgID, id bson.RawValue, doc tenant.Document) (bson.Raw, error) {
	fields, err := shownBSON(doc.Data)
	if err != nil {
		return nil, badData(err)
	}
	return packFields(org, id, fields, doc)
}

// textID is an id as a new document has it.
func textID(id tenant.DocumentID) bson.RawValue {
	return bson.RawValue{Type: bson.TypeString, Value: bsoncore.AppendString(nil, string(id))}
}

// packFields returns a document of members that were made of its data.
func packFields(org tenant.OrgID, id bson.RawValue, fields []field, doc tenant.Document) (bson.Raw, error) {
	start, out := bsoncore.AppendDocumentStart(make([]byte, 0, 2*len(doc.Data)+512)) // most often enough
	out = bsoncore.AppendValueElement(out, "_id", bsoncore.Value{Type: bsoncore.Type(id.Type), Data: id.Value})
	for _, f := range fields {
		out = bsoncore.AppendValueElement(out, f.name, bsoncore.Value{Type: bsoncore.Type(f.value.Type), Data: f.value.Value})
	}
	begin, out := bsoncore.AppendDocumentElementStart(out, fieldOrgd)
	out, err := bsoncore.AppendDocumentEnd(appendBookkeeping(out, org, doc), begin)
	if err != nil {
		return nil, badData(err)
	}
	out, err = bsoncore.AppendDocumentEnd(out, start)
	if len(out) > maxBSON {
		return nil, tooLarge()
	}
	return out, err
}

// appendBookkeeping appends the members of an [orgdDoc], as marshalling one would.
func appendBookkeeping(out []byte, org tenant.OrgID, doc tenant.Document) []byte {
	out = bsoncore.AppendStringElement(out, "organization", string(org))
	out = bsoncore.AppendInt64Element(out, "version", doc.Version)
	out = bsoncore.AppendStringElement(out, "write_id", doc.WriteID)
	if at := moment(doc.CreatedAt); at != nil {
		out = bsoncore.AppendDateTimeElement(out, "created", int64(*at))
	}
	if at := moment(doc.UpdatedAt); at != nil {
		out = bsoncore.AppendDateTimeElement(out, "updated", int64(*at))
	}
	return bsoncore.AppendInt64Element(out, "bytes", int64(len(doc.Data)))
}

// badData is the error about data that is not what [tenant.ParseData] returns.
func badData(err error) error {
	if ours(err) {
		return err
	}
	return tenant.Wrap(tenant.CodeInternal, err, "a document came with data that is not canonical")
}

// unpackDocument returns a document that was stored. One without bookkeeping was written by an application, and is at
// version 1.
func unpackDocument(raw bson.Raw) (doc tenant.Document, err error) {
	var d struct {
		ID   bson.RawValue `bson:"_id"`
		Orgd *orgdDoc      `bson:"_orgd"`
	}
	if err := bson.Unmarshal(raw, &d); err != nil {
		return doc, err
	}
	if doc.Data, err = toJSON(raw); err != nil {
		return doc, err
	}
	doc.ID, doc.Version = idOf(d.ID), 1
	if d.Orgd != nil {
		doc.Version, doc.WriteID = max(d.Orgd.Version, 1), d.Orgd.WriteID
		doc.CreatedAt, doc.UpdatedAt = timeOf(d.Orgd.Created), timeOf(d.Orgd.Updated)
	}
	return doc, nil
}

// idOf returns the id of a document: an ObjectId shows as its 24 hex digits.
func idOf(v bson.RawValue) tenant.DocumentID {
	if id, ok := v.ObjectIDOK(); ok {
		return tenant.DocumentID(id.Hex())
	}
	if id, ok := v.StringValueOK(); ok {
		return tenant.DocumentID(id)
	}
	return tenant.DocumentID(v.String())
}

// sameID returns what an id may be stored as.
func sameID(id tenant.DocumentID) any {
	if object, ok := objectOf(id); ok {
		return bson.M{"$in": bson.A{string(id), object}}
	}
	return string(id)
}

// objectOf returns the ObjectId that shows as the id; false if none does.
func objectOf(id tenant.DocumentID) (bson.ObjectID, bool) {
	object, err := bson.ObjectIDFromHex(string(id))
	return object, err == nil && object.Hex() == string(id)
}

// atVersion narrows to a document's version; none is 1.
func atVersion(version int64) bson.E {
	if version == 1 {
		return e(fieldOrgd+".version", bson.M{"$in": bson.A{int64(1), nil}})
	}
	return e(fieldOrgd+".version", version)
}

// inState narrows to a document in the state wanted.
func inState(want tenant.Revision) (filter []bson.E) {
	if want.Version > 0 {
		filter = append(filter, atVersion(want.Version))
	}
	if !want.CreatedAt.IsZero() {
		filter = append(filter, createdAt(want.CreatedAt))
	}
	return filter
}

// createdAt narrows to a document that was created then. An application's has no such field, and is one of the zero time.
func createdAt(at time.Time) bson.E { return e(fieldOrgd+".created", moment(at)) }

// errUnaddressable is the error about a member that is to go and whose name an update would take for something else.
var errUnaddressable = tenant.Errorf(tenant.CodeConflict,
	"an application gave the document a member whose name is empty, begins with $ or has a dot in it; change the others with PATCH, or take it out there")

// addressable reports whether an update can mean a member of that name.
func addressable(name string) bool {
	return name != "" && name[0] != '$' && !strings.Contains(name, ".") && utf8.ValidString(name)
}

// changeDocument returns the update that makes next of a stored document, by the names of the members that differ. What
// shows alike stays as it is stored, of whatever type.
func changeDocument(org tenant.OrgID, old bson.Raw, next tenant.Document) (bson.M, error) {
	fields, err := overBSON(next.Data, old)
	if err != nil {
		return nil, badData(err)
	}
	set, unset := bson.M{
		fieldOrgd + ".organization": string(org),
		fieldOrgd + ".version":      next.Version,
		fieldOrgd + ".write_id":     next.WriteID,
		fieldOrgd + ".bytes":        int64(len(next.Data)),
	}, bson.M{}
	if at := moment(next.UpdatedAt); at != nil {
		set[fieldOrgd+".updated"] = *at
	} else {
		unset[fieldOrgd+".updated"] = ""
	}
	stored, size := members(old), len(next.WriteID)
	delete(stored, "_id")
	delete(stored, fieldOrgd)
	for _, f := range fields {
		size += len(f.name) + len(f.value.Value) + 2
		if !identical(stored[f.name], f.value) {
			set[f.name] = f.value
		}
		delete(stored, f.name)
	}
	if size > maxBSON {
		return nil, tooLarge()
	}
	for name := range stored {
		if !addressable(name) {
			return nil, errUnaddressable
		}
		unset[name] = ""
	}
	change := bson.M{"$set": set}
	if len(unset) > 0 {
		change["$unset"] = unset
	}
	return change, nil
}

// alike reports whether two values are one to a caller.
func alike(a, b bson.RawValue) bool {
	if identical(a, b) {
		return true
	}
	left, errA := appendValue(nil, a)
	right, errB := appendValue(nil, b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}

// shrink takes a deleted document off the meter. Where its size is not known the next write counts.
func (m *meter) shrink(gone bson.Raw) {
	size, err := gone.LookupErr(fieldOrgd, "bytes")
	if err != nil {
		m.doubt()
		return
	}
	m.giveBack(size.AsInt64(), false)
}

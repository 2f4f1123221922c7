package mongo

import (
	"bytes"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// rows is how the records of one noun lie in a collection of the catalog.
type rows[T any] struct {
	// noun is what one is called in sentences.
	noun string
	// pack returns the document of a record, and unpack is the way back.
	pack   func(T) any
	unpack func(bson.Raw) (T, error)
	// shelved says that a shelf keeps them, which writes more beside what pack returns.
	shelved bool
	// claims are those of a record, in an order that means nothing; nil where there are none.
	claims func(*T) []tenant.Claim
	// order sorts by the keys, and behind returns the ranges of keys that follow a record's, nil is none, one after the other.
	order  bson.D
	behind func(*T) ([]bson.D, error)
}

// ofKind returns the rows of a shelf.
func ofKind[V any](k kind[V]) rows[V] {
	return rows[V]{
		noun: k.noun, pack: k.pack, unpack: k.unpack, shelved: true, claims: k.claims,
		order: bson.D{e("_id", 1)}, behind: behindID(k.pack),
	}
}

// behindID returns the range of ids behind a record's.
func behindID[T any](pack func(T) any) func(*T) ([]bson.D, error) {
	return func(after *T) ([]bson.D, error) {
		if after == nil {
			return []bson.D{{}}, nil
		}
		raw, err := bson.Marshal(pack(*after))
		if err != nil {
			return nil, translate(err)
		}
		return []bson.D{{e("_id", bson.M{"$gt": idText(raw)})}}, nil
	}
}

// decoded returns the way back from documents of one type.
func decoded[D, T any](unpack func(*D) T) func(bson.Raw) (T, error) {
	return func(raw bson.Raw) (v T, err error) {
		var d D
		if err := bson.Unmarshal(raw, &d); err != nil {
			return v, err
		}
		return unpack(&d), nil
	}
}

var sessionRows = rows[tenant.Session]{
	noun: "session", pack: rowOfSession, unpack: decoded((*sessionDoc).unpack), order: bson.D{e("_id", 1)}, behind: behindID(rowOfSession),
}

func rowOfSession(l tenant.Session) any { return packSession(l) }

var recordRows = rows[store.IdempotencyRecord]{
	noun: "request", pack: rowOfRecord, unpack: decoded((*recordDoc).unpack), order: bson.D{e("_id", 1)}, behind: behindID(rowOfRecord),
}

func rowOfRecord(r store.IdempotencyRecord) any { return packRecord(r) }

// entryRows are the log. Its keys are an organization's and then a number, as the index has them.
var entryRows = rows[tenant.AuditEntry]{
	noun: "audit entry", pack: rowOfEntry, unpack: decoded((*auditDoc).unpack),
	order:  bson.D{e("organization", 1), e("seq", 1)},
	behind: behindEntry,
}

// rowOfEntry returns the document of an entry with its place in the chain.
func rowOfEntry(entry tenant.AuditEntry) any {
	return auditDoc{ID: string(entry.ID), Layout: rowLayout, Act: packAct(entry), Hash: entry.Hash()}
}

func (d *auditDoc) unpack() tenant.AuditEntry { return d.Act.unpack(d.ID) }

// behindEntry returns the rest of the entry's chain, and the chains behind it.
func behindEntry(after *tenant.AuditEntry) ([]bson.D, error) {
	if after == nil {
		return []bson.D{{}}, nil
	}
	org := string(after.Org)
	return []bson.D{
		{e("organization", org), e("seq", bson.M{"$gt": after.Seq})},
		{e("organization", bson.M{"$gt": org})},
	}, nil
}

// document returns the whole document of a record.
func (t rows[T]) document(v T) (bson.Raw, error) {
	fields, err := bson.Marshal(t.pack(v))
	if err != nil || !t.shelved {
		return fields, err
	}
	return bson.Marshal(newDocument(fields, tenant.NewID(), nil))
}

// same reports whether two documents are one to whoever reads the records.
func (t rows[T]) same(a, b bson.Raw) (bool, error) {
	x, err := t.row(a)
	if err != nil {
		return false, err
	}
	y, err := t.row(b)
	return bytes.Equal(x, y), err
}

// row returns what a document says of its record alone.
func (t rows[T]) row(doc bson.Raw) (bson.Raw, error) {
	v, err := t.unpack(doc)
	if err != nil {
		return nil, err
	}
	if t.claims != nil {
		slices.Sort(t.claims(&v))
	}
	return bson.Marshal(t.pack(v))
}

package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// Fields that documents of the catalog have in common.
const (
	// fieldLayout says that a document is ours, and in what shape; below zero it is a tombstone.
	fieldLayout  = "layout"
	fieldVersion = "version"
	// fieldWriteID names the write that made the version, by which a lost answer is found again.
	fieldWriteID = "write_id"
	fieldOutbox  = "outbox"
	fieldClaims  = "claims"
)

const (
	// rowLayout is the shape of the catalog's documents.
	rowLayout = 1
	// tombstone is the layout of a document that was removed and whose audit entries are still to be moved.
	tombstone = -1
)

// e is an element of an ordered document.
func e(key string, value any) bson.E { return bson.E{Key: key, Value: value} }

// living narrows to documents that are ours and were not removed.
func living() bson.M { return bson.M{"$gt": 0} }

// written narrows to documents that are ours, tombstones among them.
func written() bson.M { return bson.M{"$gte": tombstone} }

// exists narrows to documents that have the field.
func exists() bson.M { return bson.M{"$exists": true} }

// byMajority is the write concern of a command that the driver has no method for.
func byMajority() bson.E { return e("writeConcern", bson.D{e("w", "majority")}) }

// moment is a time as a document holds it; nil, and thus left out, for the zero time.
func moment(t time.Time) *bson.DateTime {
	if t.IsZero() {
		return nil
	}
	at := bson.NewDateTimeFromTime(tenant.Millis(t))
	return &at
}

// timeOf returns the time of a field.
func timeOf(at *bson.DateTime) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.Time().UTC()
}

// texts returns a list of strings of one type as one of another.
func texts[To, From ~string](list []From) []To {
	if len(list) == 0 {
		return nil
	}
	out := make([]To, len(list))
	for i, s := range list {
		out[i] = To(s)
	}
	return out
}

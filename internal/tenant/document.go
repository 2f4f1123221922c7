package tenant

import (
	"regexp"
	"time"
)

// DocumentID names a document within its collection: 1 to 128 of A-Z, a-z, 0-9 and ._~-, not starting with a dot. The
// characters are those that need no escaping in a path (RFC 3986 section 2.3).
type DocumentID string

var documentID = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$`)

// ParseDocumentID accepts an id that a client chose.
func ParseDocumentID(location, s string) (DocumentID, error) {
	if !documentID.MatchString(s) {
		return "", Invalid(location, "document_id", "a document id has 1 to 128 letters, digits and ._~- and does not start with a dot")
	}
	return DocumentID(s), nil
}

// Document is one document of a tenant with orgd's bookkeeping beside it.
type Document struct {
	ID   DocumentID
	Data Data
	// Version is 1 after the insert and rises by one with every change.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	// WriteID is the id of the write that made this version, with which a lost answer is found again.
	WriteID string
}

// Revision is one state of a document. Versions count from the creation, and the id of a document that was deleted may be
// used anew; so a version means a state only together with the moment of its document's creation.
type Revision struct {
	Version   int64
	CreatedAt time.Time
}

// Revision returns the state that the document is in.
func (d *Document) Revision() Revision { return Revision{Version: d.Version, CreatedAt: d.CreatedAt} }

// Demand returns CodePrecondition unless current is the state wanted. A zero Version is any, and so is a zero CreatedAt.
func (r Revision) Demand(current Revision) error {
	if (r.Version == 0 || r.Version == current.Version) && (r.CreatedAt.IsZero() || Millis(r.CreatedAt).Equal(Millis(current.CreatedAt))) {
		return nil
	}
	return OtherRevision()
}

// OtherRevision is the error about a document that is not in the state wanted.
func OtherRevision() error {
	return Errorf(CodePrecondition, "the document has changed meanwhile, or is another one under the same id; get it again and repeat the act")
}

// Usage is how much a tenant stores.
type Usage struct {
	Documents int64
	// Bytes is the sum of the documents' compact JSON texts.
	Bytes int64
}

// Millis returns t in UTC, cut to the millisecond: the precision of every stored time, on every backend.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

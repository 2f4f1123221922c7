package tenant

import (
	"regexp"

	"github.com/google/uuid"
)

// OrgID names an organization for ever: a UUIDv7 (RFC 9562) in its canonical lower-case form of 36 characters.
type OrgID string

// UserID names a person for ever, in the form of an [OrgID].
type UserID string

// OperatorID names an operator of the installation, in the form of an [OrgID].
type OperatorID string

// SessionID names one login, in the form of an [OrgID].
type SessionID string

// OperationID names one recorded operation on an organization, in the form of an [OrgID].
type OperationID string

// EntryID names one entry of the audit log and serves as the write id of the change that it describes.
type EntryID string

// InstanceID names one run of one server process.
type InstanceID string

// NewID returns a fresh UUIDv7 in canonical form. Ids made later sort later, to the millisecond.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

var canonicalID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// looseID matches every spelling that uuid parsers in the field take for an id: with or without hyphens or underscores,
// in either case.
var looseID = regexp.MustCompile(`(?i)^(urn[:_-]?uuid[:_-]?)?\{?[0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12}\}?$`)

// ParseOrgID accepts exactly the 36 characters of a canonical lower-case UUID and nothing else, so that one organization
// has one spelling (uuid.Parse would also take urn:, braces and 32 digits).
func ParseOrgID(s string) (OrgID, error) {
	if !canonicalID.MatchString(s) {
		return "", Invalid("path.org", "id", "an organization id is a lower-case UUID of 36 characters")
	}
	return OrgID(s), nil
}

// LooksLikeID reports whether s could be taken for an id in any spelling; such a slug would be ambiguous in a path.
func LooksLikeID(s string) bool { return looseID.MatchString(s) }

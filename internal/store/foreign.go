package store

import (
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// ForeignFields say where another service keeps what an adoption reads: two collections, and in their documents fields, of which
// the first that is there counts. A dot leads into a document. Ids are the exception: all that are there count.
type ForeignFields struct {
	Organizations, Users                                         string
	OrgID, OrgName, OrgCollection, OrgSlug, OrgAdmin, OrgCreated []string
	UserID, UserEmail, UserPassword, UserOrg, UserRole           []string
}

// ForeignText is the longest text of a foreign document that is read, in bytes. What is longer is cut there, and longer than
// anything that orgd takes.
const ForeignText = 1024

// ForeignOrg is an organization as another service wrote it. What it does not say is empty.
type ForeignOrg struct {
	// Key is the document's id with its type: the same at each reading, and no other document's.
	Key string
	// IDs are those by which users refer to it, that of the document first.
	IDs        []string
	Name       string
	Collection string
	Slug       string
	// Admins are ids or addresses of users. Owner is an admin who is written in the organization itself.
	Admins    []string
	Owner     *ForeignUser
	CreatedAt time.Time
	// Blocked is the field by which the other service has blocked or deleted it.
	Blocked string
	Unread  ForeignUnread
}

// ForeignUnread names the fields of an organization that are there, and hold nothing that can be read as what they should: a
// document, an array or an empty text where a name is wanted. Empty where all was read; null is not there.
type ForeignUnread struct {
	Name, Collection, Slug, Admin string
}

// ForeignUser is a person as another service wrote it. What it does not say is empty.
type ForeignUser struct {
	IDs   []string
	Email string
	// Hash is what stands where the password is; nobody knows whether it is one.
	Hash string
	// Orgs are ids or names of organizations.
	Orgs []string
	Role string
	// Blocked is the field by which the other service has blocked or deleted it.
	Blocked string
}

// ForeignCollection is a collection of the other service's database.
type ForeignCollection struct {
	// Kind is collection, or what else lies under the name: view, timeseries, capped, encrypted (some of its fields), collated (by
	// default).
	Kind string
	// UUID is empty where the server gives none.
	UUID []byte
}

// ForeignHome is a collection that orgd has a record of, in the other service's database or adopted from it.
type ForeignHome struct {
	// Database and Collection are its name now, Org is whose it is.
	Database, Collection string
	Org                  tenant.OrgID
	// Origin is the other service's organization from which it was adopted; empty where orgd made it.
	Origin string
	// State is that of Org; empty where the catalog does not know it, so that an adoption was cut short.
	State tenant.State
	// DirectWriters says that applications write to the collection themselves.
	DirectWriters bool
}

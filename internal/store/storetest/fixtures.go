package storetest

import (
	"math"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// noon is the moment at which the cases happen, to the nanosecond and far from Greenwich, so that a store has to cut it and
// turn it.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 123_456_789, time.FixedZone("east", 5*3600+1800))

// upkeep is the trail of writes whose trail does not matter.
var upkeep = tenant.Upkeep{Reason: "a case of the conformance suite"}

// token returns a fresh word of 32 small letters and digits: what makes names of one case differ from those of another.
func token() string { return strings.ReplaceAll(tenant.NewID(), "-", "") }

// fresh returns n fresh ids in ascending order.
func fresh[ID ~string](n int) []ID {
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = ID(tenant.NewID())
	}
	return ids
}

// shuffled returns the list in an order that is neither its own nor the reverse.
func shuffled[V any](list []V) []V {
	var even, odd []V
	for i, v := range list {
		if i%2 == 0 {
			even = append(even, v)
		} else {
			odd = append([]V{v}, odd...)
		}
	}
	return append(odd, even...)
}

// newOrg returns an organization at rest with names of its own.
func newOrg() tenant.Organization {
	word := token()
	org := tenant.Organization{
		ID:        tenant.OrgID(tenant.NewID()),
		Name:      tenant.Name("Straße & Söhne " + word),
		Slug:      tenant.Slug(word),
		State:     tenant.StateActive,
		Owners:    fresh[tenant.UserID](2),
		Placement: newPlace().Placement,
		Epoch:     1,
		CreatedAt: noon,
		UpdatedAt: noon.Add(time.Minute),
	}
	org.Claims = tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
	return org
}

// newOperation returns an operation with every field set.
func newOperation() *tenant.Operation {
	return &tenant.Operation{
		ID:         tenant.OperationID(tenant.NewID()),
		Kind:       tenant.OperationUpdate,
		Step:       tenant.StepReserved,
		Server:     tenant.InstanceID(tenant.NewID()),
		Owner:      token(),
		LeaseUntil: noon.Add(5 * time.Second),
		Entry:      newEntry(tenant.OrgID(tenant.NewID())),
		Args: tenant.Arguments{
			Name: "Next Name", Slug: "next_name", Namespace: "org_next_name",
			User: tenant.UserID(tenant.NewID()), Email: "next@example.com", PasswordHash: "$2a$10$next",
			KeepSession: tenant.SessionID(tenant.NewID()), Generation: 7,
		},
		Unclean: true,
	}
}

// fullOrg returns an organization with every field set, whether or not they make sense together.
func fullOrg() tenant.Organization {
	org := newOrg()
	org.State = tenant.StateRestoring
	org.Op = newOperation()
	org.Placement.Cluster, org.Placement.Database, org.Placement.UUID = "east", "orgd_east", token()
	org.DeletedAt = noon.Add(time.Hour)
	org.Trash = tenant.OperationID(tenant.NewID())
	org.Quarantine = []tenant.Quarantined{{Namespace: "org_" + token(), Until: noon.Add(time.Hour), Look: noon.Add(time.Minute), Swept: true}}
	org.Home, org.DirectWriters, org.Kept = "org_"+token(), true, []string{"org_" + token(), "org_" + token()}
	return org
}

// newEntry returns an audit entry of an organization ("" for the installation) with every field set that a caller sets.
func newEntry(org tenant.OrgID) tenant.AuditEntry {
	return tenant.AuditEntry{
		ID:        tenant.EntryID(tenant.NewID()),
		Org:       org,
		Actor:     tenant.Actor{Kind: tenant.ActorMember, ID: tenant.NewID(), Session: tenant.SessionID(tenant.NewID())},
		Action:    "organization.update",
		Target:    tenant.NewID(),
		At:        noon,
		Address:   "2001:db8::7",
		RequestID: token(),
		Outcome:   tenant.OutcomeDone,
		Detail:    map[string]string{"field": "organization_name", "grüße": "日本 \U0001F600", "empty": ""},
	}
}

// newUser returns a person with a fresh address, who is a member of the organizations.
func newUser(orgs ...tenant.OrgID) tenant.User {
	email := tenant.Email(token() + "@example.com")
	user := tenant.User{
		ID:           tenant.UserID(tenant.NewID()),
		Email:        email,
		PasswordHash: "$2a$10$hash",
		Claims:       []tenant.Claim{tenant.EmailClaim(email)},
		CreatedAt:    noon,
		UpdatedAt:    noon.Add(time.Minute),
	}
	for _, org := range orgs {
		user.Memberships = append(user.Memberships, tenant.Membership{Org: org, Role: tenant.RoleOwner, CreatedAt: noon})
	}
	return user
}

// fullUser returns a person with every field set.
func fullUser() tenant.User {
	user := newUser(fresh[tenant.OrgID](2)...)
	for i := range user.Memberships {
		user.Memberships[i].Trashed = true
	}
	user.Sessions = tenant.SessionRule{Generation: 7, Except: tenant.SessionID(tenant.NewID())}
	user.Reset = &tenant.ResetLink{MAC: token(), ExpiresAt: noon.Add(time.Hour)}
	return user
}

// newOperator returns an operator with a fresh address and every field set.
func newOperator() tenant.Operator {
	return tenant.Operator{
		ID:           tenant.OperatorID(tenant.NewID()),
		Email:        tenant.Email(token() + "@example.com"),
		PasswordHash: "$2a$10$hash",
		Sessions:     tenant.SessionRule{Generation: 7, Except: tenant.SessionID(tenant.NewID())},
		CreatedAt:    noon,
		UpdatedAt:    noon.Add(time.Minute),
	}
}

// newSession returns a login with every field set, whether or not they make sense together.
func newSession() tenant.Session {
	return tenant.Session{
		ID:         tenant.SessionID(tenant.NewID()),
		User:       tenant.UserID(tenant.NewID()),
		Org:        tenant.OrgID(tenant.NewID()),
		Operator:   tenant.OperatorID(tenant.NewID()),
		Generation: 7,
		CreatedAt:  noon,
		AuthTime:   noon.Add(-time.Minute),
		ExpiresAt:  noon.Add(720 * time.Hour),
		EndedAt:    noon.Add(time.Hour),
	}
}

// newKey returns a server secret with every field set. Its bytes are no text.
func newKey() tenant.Key {
	return tenant.Key{
		ID:        tenant.KeyID(token()),
		Purpose:   tenant.KeySigning,
		Material:  []byte{0, 1, 0xff, 0xfe, '\'', '"', 0x80, 0},
		Sealed:    true,
		Public:    []byte{0x30, 0x59, 0, 0xc3, 0x28},
		CreatedAt: noon,
		SignsFrom: noon.Add(10 * time.Minute),
		RetiredAt: noon.Add(time.Hour),
		RevokedAt: noon.Add(2 * time.Hour),
	}
}

// newInstance returns a server with every field set.
func newInstance() tenant.Instance {
	return tenant.Instance{
		ID:        tenant.InstanceID(tenant.NewID()),
		Version:   "1.2.3",
		StartedAt: noon,
		Heartbeat: newHeartbeat(1),
	}
}

// newHeartbeat returns a heartbeat with every field set.
func newHeartbeat(counter int64) tenant.Heartbeat {
	return tenant.Heartbeat{Counter: counter, At: noon.Add(time.Duration(counter)), Acks: map[tenant.OrgID]tenant.Ack{
		tenant.OrgID(tenant.NewID()): {Epoch: 5}, tenant.OrgID(tenant.NewID()): {Epoch: math.MaxInt64, Uncertain: true},
	}}
}

// newRecord returns the memory of a new request of a new caller, with every field set but Done.
func newRecord() store.IdempotencyRecord {
	return store.IdempotencyRecord{
		Key: token(), Caller: token(), Fingerprint: token(),
		ResourceID: tenant.NewID(), OwnerID: tenant.NewID(), WriteID: tenant.NewID(),
		LeaseUntil: noon.Add(5 * time.Second),
		ExpiresAt:  noon.Add(24 * time.Hour),
	}
}

// newPlace returns a place of a new organization, whose home nobody has made yet. Cluster and database are the backend's
// own: the empty ones.
func newPlace() tenant.Place {
	return tenant.Place{
		Org: tenant.OrgID(tenant.NewID()),
		Placement: tenant.Placement{
			Level:     tenant.LevelCollection,
			Namespace: tenant.NamespaceOf(tenant.Slug(token())),
		},
	}
}

// newDocument returns a document with every field set that a caller sets.
func newDocument(id tenant.DocumentID) tenant.Document {
	return tenant.Document{
		ID:        id,
		Data:      tenant.Data(`{"title":"Grüße","n":1}`),
		CreatedAt: noon,
		UpdatedAt: noon.Add(time.Minute),
		WriteID:   tenant.NewID(),
	}
}

// home makes the home of a new organization.
func (d *desk) home() tenant.Place {
	d.Helper()
	place := newPlace()
	d.need(d.Places.Create(d.Context(), place), "make a home")
	return place
}

package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// users keeps persons: a document each, with their memberships and claims in it.
type users struct{ shelf[tenant.User] }

type userDoc struct {
	ID           string          `bson:"_id"`
	Email        string          `bson:"email"`
	PasswordHash string          `bson:"password_hash"`
	Memberships  []membershipDoc `bson:"memberships,omitempty"`
	Claims       []string        `bson:"claims,omitempty"`
	Sessions     sessionRuleDoc  `bson:"sessions"`
	Reset        *resetDoc       `bson:"reset,omitempty"`
	Version      int64           `bson:"version"`
	CreatedAt    *bson.DateTime  `bson:"created_at,omitempty"`
	UpdatedAt    *bson.DateTime  `bson:"updated_at,omitempty"`
}

type membershipDoc struct {
	Organization string         `bson:"organization"`
	Role         string         `bson:"role"`
	CreatedAt    *bson.DateTime `bson:"created_at,omitempty"`
	Trashed      bool           `bson:"trashed,omitempty"`
}

type sessionRuleDoc struct {
	Generation int64  `bson:"generation"`
	Except     string `bson:"except,omitempty"`
}

type resetDoc struct {
	MAC       string         `bson:"mac"`
	ExpiresAt *bson.DateTime `bson:"expires_at,omitempty"`
}

func packUser(u tenant.User) any {
	d := userDoc{
		ID: string(u.ID), Email: string(u.Email), PasswordHash: u.PasswordHash, Claims: texts[string](u.Claims),
		Sessions: sessionRuleDoc{u.Sessions.Generation, string(u.Sessions.Except)}, Version: u.Version,
		CreatedAt: moment(u.CreatedAt), UpdatedAt: moment(u.UpdatedAt),
	}
	for _, m := range u.Memberships {
		d.Memberships = append(d.Memberships, membershipDoc{string(m.Org), string(m.Role), moment(m.CreatedAt), m.Trashed})
	}
	if u.Reset != nil {
		d.Reset = &resetDoc{u.Reset.MAC, moment(u.Reset.ExpiresAt)}
	}
	return d
}

func unpackUser(raw bson.Raw) (u tenant.User, err error) {
	var d userDoc
	if err := bson.Unmarshal(raw, &d); err != nil {
		return u, err
	}
	u = tenant.User{
		ID: tenant.UserID(d.ID), Email: tenant.Email(d.Email), PasswordHash: d.PasswordHash, Claims: texts[tenant.Claim](d.Claims),
		Sessions: tenant.SessionRule{Generation: d.Sessions.Generation, Except: tenant.SessionID(d.Sessions.Except)}, Version: d.Version,
		CreatedAt: timeOf(d.CreatedAt), UpdatedAt: timeOf(d.UpdatedAt),
	}
	for _, m := range d.Memberships {
		u.Memberships = append(u.Memberships,
			tenant.Membership{Org: tenant.OrgID(m.Organization), Role: tenant.Role(m.Role), CreatedAt: timeOf(m.CreatedAt), Trashed: m.Trashed})
	}
	if d.Reset != nil {
		u.Reset = &tenant.ResetLink{MAC: d.Reset.MAC, ExpiresAt: timeOf(d.Reset.ExpiresAt)}
	}
	return u, nil
}

var userKind = kind[tenant.User]{
	noun: "user", pack: packUser, unpack: unpackUser, clone: (*tenant.User).Clone,
	id:      func(u *tenant.User) string { return string(u.ID) },
	version: func(u *tenant.User) *int64 { return &u.Version },
	keep:    func(next, old *tenant.User) { next.ID, next.CreatedAt = old.ID, old.CreatedAt },
	claims:  func(u *tenant.User) []tenant.Claim { return u.Claims },
	held: func(claim tenant.Claim, holder *tenant.User) *store.ClaimError {
		return &store.ClaimError{Claim: claim, Pending: holder.Pending()}
	},
}

// Insert implements store.Users.
func (t users) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	return t.insert(ctx, user, trail)
}

// Get implements store.Users.
func (t users) Get(ctx context.Context, id tenant.UserID) (tenant.User, error) {
	return t.get(ctx, bson.M{"_id": string(id)})
}

// FindByEmail implements store.Users.
func (t users) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	return t.get(ctx, bson.M{fieldClaims: string(tenant.EmailClaim(email))})
}

// Members implements store.Users.
func (t users) Members(ctx context.Context, org tenant.OrgID, after tenant.UserID, limit int) ([]tenant.User, error) {
	return t.list(ctx, bson.M{"memberships.organization": string(org), "_id": bson.M{"$gt": string(after)}}, limit)
}

// Update implements store.Users.
func (t users) Update(ctx context.Context, id tenant.UserID, trail tenant.Trail, change func(*tenant.User) error) (tenant.User, error) {
	return t.update(ctx, string(id), trail, change)
}

// Remove implements store.Users.
func (t users) Remove(ctx context.Context, id tenant.UserID, trail tenant.Trail) error {
	return t.remove(ctx, string(id), anyVersion, trail)
}

var _ store.Users = users{}

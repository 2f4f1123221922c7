package tenant

import (
	"slices"
	"time"
)

// Role is what a member may do in an organization; internal/access holds the table from roles to actions.
type Role string

// RoleOwner is the admin of the seed service: everything inside the organization.
const RoleOwner Role = "owner"

// Membership is a person's role in one organization, kept in the person's document.
type Membership struct {
	Org       OrgID
	Role      Role
	CreatedAt time.Time
	// Trashed says that the organization lies in the trash; a restore brings the membership back.
	Trashed bool
}

// User is a person, one per address over the whole installation. A person without a living membership is in the trash:
// the address is free and nobody can sign in.
type User struct {
	ID           UserID
	Email        Email
	PasswordHash string
	Memberships  []Membership
	// Claims holds the claim on Email, and while an address change is under way the one on the next address too.
	Claims []Claim
	// Sessions tells which logins are still good; see [SessionRule].
	Sessions SessionRule
	// Reset is the one-time link with which the password can be set anew; nil when there is none.
	Reset     *ResetLink
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SessionRule ends sessions without touching their rows: those of another generation are over, except Except. It lies in the
// account, so that a password and the sessions made with the old one change in one write. Generations and not times, because
// a login that compared the old password may write its session after the new one was set.
type SessionRule struct {
	Generation int64
	Except     SessionID
}

// Allows reports whether the session is still good under the rule.
func (r SessionRule) Allows(s Session) bool { return s.Generation == r.Generation || s.ID == r.Except }

// After returns the rule that ends all sessions but one ("" for none).
func (r SessionRule) After(except SessionID) SessionRule {
	return SessionRule{Generation: r.Generation + 1, Except: except}
}

// EndSessions ends all sessions but one ("" for none).
func (u *User) EndSessions(except SessionID) { u.Sessions = u.Sessions.After(except) }

// Reserve takes the claim on the next address beside the present one. CodeOperationInProgress while another change of
// address is under way.
func (u *User) Reserve(next Email) error {
	if len(u.Claims) > 1 && !slices.Contains(u.Claims, EmailClaim(next)) {
		return Errorf(CodeOperationInProgress, "another change of this account's address is under way; try again in a moment")
	}
	u.Claims = claimsOn(u.Email, next)
	return nil
}

// Settle makes the address the only one.
func (u *User) Settle(email Email) {
	u.Email = email
	u.Claims = claimsOn(email)
}

// Pending reports whether a change of address is under way.
func (u *User) Pending() bool { return len(u.Claims) > 1 }

func claimsOn(emails ...Email) []Claim {
	var claims []Claim
	for _, e := range emails {
		if c := EmailClaim(e); !slices.Contains(claims, c) {
			claims = append(claims, c)
		}
	}
	return claims
}

// ResetLink is a one-time right to set a new password.
type ResetLink struct {
	// MAC is an HMAC of the token under the installation's secret; the token itself is nowhere.
	MAC       string
	ExpiresAt time.Time
}

// Living returns the membership in the organization, unless there is none or it lies in the trash.
func (u *User) Living(org OrgID) (Membership, bool) {
	for _, m := range u.Memberships {
		if m.Org == org && !m.Trashed {
			return m, true
		}
	}
	return Membership{}, false
}

// HasLiving reports whether any membership is outside the trash.
func (u *User) HasLiving() bool {
	return slices.ContainsFunc(u.Memberships, func(m Membership) bool { return !m.Trashed })
}

// Clone returns a copy that shares nothing with u.
func (u *User) Clone() User {
	c := *u
	c.Memberships = slices.Clone(u.Memberships)
	c.Claims = slices.Clone(u.Claims)
	if u.Reset != nil {
		r := *u.Reset
		c.Reset = &r
	}
	return c
}

// Operator runs the installation. Operators are a table and namespace of their own: no member of an organization is one
// by that address.
type Operator struct {
	ID           OperatorID
	Email        Email
	PasswordHash string
	// Sessions tells which logins are still good; see [SessionRule].
	Sessions  SessionRule
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// EndSessions ends all sessions but one ("" for none).
func (o *Operator) EndSessions(except SessionID) { o.Sessions = o.Sessions.After(except) }

// Session is one login. Its row is what makes an access token refusable before it expires.
type Session struct {
	ID SessionID
	// User and Org are set for a member, Operator for an operator.
	User     UserID
	Org      OrgID
	Operator OperatorID
	// Generation is that of the account's [SessionRule] when the password was compared.
	Generation int64
	CreatedAt  time.Time
	// AuthTime is when a password was last entered.
	AuthTime  time.Time
	ExpiresAt time.Time
	// EndedAt is zero while the session is open.
	EndedAt time.Time
}

package access

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Policy is what an installation opens to people who proved nothing.
type Policy struct {
	// SignupOpen lets anybody create organizations (ORGD_SIGNUP=open).
	SignupOpen bool
	// LookupPublic lets anybody learn that an organization exists (ORGD_LOOKUP=public).
	LookupPublic bool
}

// Guard is the one checkpoint.
type Guard struct {
	policy Policy
	now    func() time.Time
}

// NewGuard makes a guard that stamps its entries by the clock now.
func NewGuard(policy Policy, now func() time.Time) *Guard { return &Guard{policy: policy, now: now} }

// LookupPublic reports whether the existence of organizations is public.
func (g *Guard) LookupPublic() bool { return g.policy.LookupPublic }

// Allow answers like [Guard.Authorize] for an act that changes nothing and therefore leaves no entry.
func (g *Guard) Allow(_ context.Context, c Caller, action Action, org tenant.OrgID) error {
	return g.decide(c, action, org)
}

// Authorize answers whether the caller may do the action to the organization ("" for acts on the installation or on the
// caller's own account), with the audit entry of the act if so. The errors are CodeUnauthenticated for a caller without
// proof, CodeForbidden inside the caller's own organization, and CodeNotFound for everything that is not the caller's.
func (g *Guard) Authorize(_ context.Context, c Caller, action Action, org tenant.OrgID) (tenant.AuditEntry, error) {
	if err := g.decide(c, action, org); err != nil {
		return tenant.AuditEntry{}, err
	}
	return tenant.AuditEntry{
		ID:        tenant.EntryID(tenant.NewID()),
		Org:       org,
		Actor:     c.Actor(),
		Action:    string(action),
		At:        tenant.Millis(g.now()),
		Address:   CleanClientText(c.Address),
		RequestID: CleanClientText(c.RequestID),
		Outcome:   tenant.OutcomeDone,
	}, nil
}

func (g *Guard) decide(c Caller, action Action, org tenant.OrgID) error {
	role := g.roleOf(c, org)
	switch {
	case roles[role][action], g.open(role, action):
		return nil
	case c.Anonymous():
		return tenant.Errorf(tenant.CodeUnauthenticated, "this needs a sign-in: send the access token in the Authorization header")
	case c.Kind == tenant.ActorMember && org == "":
		return tenant.Errorf(tenant.CodeForbidden, "your account may not do this")
	case c.Kind == tenant.ActorMember && c.Org == org:
		return tenant.Errorf(tenant.CodeForbidden, "your role in this organization does not allow this; ask an owner")
	case c.Kind == tenant.ActorOperator:
		return tenant.Errorf(tenant.CodeForbidden, "operators run the installation and may not do this")
	default:
		return NotFound()
	}
}

// roleOf returns the role that counts for the organization; a member of another one is nobody there.
func (g *Guard) roleOf(c Caller, org tenant.OrgID) tenant.Role {
	switch c.Kind {
	case tenant.ActorMember:
		if org == "" {
			return roleAccount
		}
		if c.Org == org {
			return c.Role
		}
		return roleAnonymous
	case tenant.ActorOperator:
		return roleOperator
	case tenant.ActorConsole:
		return roleConsole
	case tenant.ActorSystem:
		return roleSystem
	default:
		return roleAnonymous
	}
}

// open reports whether the policy lets everybody do it, who have no right of their own to it.
func (g *Guard) open(role tenant.Role, action Action) bool {
	switch action {
	case OrgCreate:
		return g.policy.SignupOpen && (role == roleAnonymous || role == roleAccount)
	case OrgRead:
		return g.policy.LookupPublic && role == roleAnonymous
	default:
		return false
	}
}

// NotFound is what a stranger hears of an organization, whether it exists or not.
func NotFound() error {
	return tenant.Errorf(tenant.CodeNotFound, "there is no such organization")
}

// Package access decides who may do what: callers, actions, the table from roles to actions, and the one checkpoint that
// answers with an audit entry or an error. Operation rooms call Guard.Authorize in their first line. A caller who may not
// know that a thing exists is told that it does not.
package access

import (
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Caller is who is asking, as the doors (HTTP, console, commands) have established it. Nothing in it is taken from a name,
// role or address that a token claims: ids only, and the role from the store.
type Caller struct {
	Kind tenant.ActorKind
	// User, Org and Role are set for a member: the person, and the organization that the session is for.
	User tenant.UserID
	Org  tenant.OrgID
	Role tenant.Role
	// Operator is set for an operator.
	Operator tenant.OperatorID
	// Session is the login behind the request; AuthTime is when a password was last entered in it.
	Session  tenant.SessionID
	AuthTime time.Time
	// Generation is the session's; see [tenant.SessionRule]. A change of credentials asks it again as it is written.
	Generation int64
	// Address is the client's network address, Prefix the part of it that throttling counts (an IPv4 address, an IPv6 /64).
	Address string
	Prefix  string
	// RequestID is the id of the request, for the audit entry.
	RequestID string
}

// Anonymous reports whether nobody proved anything.
func (c Caller) Anonymous() bool { return c.Kind == tenant.ActorAnonymous || c.Kind == "" }

// Actor returns what an audit entry says of the caller.
func (c Caller) Actor() tenant.Actor {
	switch c.Kind {
	case tenant.ActorMember:
		return tenant.Actor{Kind: c.Kind, ID: string(c.User), Session: c.Session}
	case tenant.ActorOperator:
		return tenant.Actor{Kind: c.Kind, ID: string(c.Operator), Session: c.Session}
	case "":
		return tenant.Actor{Kind: tenant.ActorAnonymous}
	default:
		return tenant.Actor{Kind: c.Kind}
	}
}

// System is the caller of work that comes due by itself.
func System() Caller { return Caller{Kind: tenant.ActorSystem} }

// Console is a person with a shell on the host, who can read the data folder anyway.
func Console() Caller { return Caller{Kind: tenant.ActorConsole} }

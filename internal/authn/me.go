package authn

import (
	"context"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// Me is the caller's own account.
type Me struct {
	Kind       tenant.ActorKind
	UserID     tenant.UserID
	OperatorID tenant.OperatorID
	Email      tenant.Email
	// Memberships are the organizations that are there for the person, in the order of joining; none for an operator.
	Memberships []MyMembership
}

// MyMembership is one organization of the caller's.
type MyMembership struct {
	OrgID   tenant.OrgID
	OrgName tenant.Name
	Slug    tenant.Slug
	Role    tenant.Role
}

// Me returns the caller's account. CodeUnauthenticated for a caller who proved nothing.
func (s *Service) Me(ctx context.Context, caller access.Caller) (Me, error) {
	if _, err := s.Guard.Authorize(ctx, caller, access.AccountRead, caller.Org); err != nil {
		return Me{}, err
	}
	if caller.Kind == tenant.ActorOperator {
		operator, err := s.Operators.Get(ctx, caller.Operator)
		return s.showOperator(operator), err
	}
	user, err := s.Users.Get(ctx, caller.User)
	if err != nil {
		return Me{}, err
	}
	return s.showUser(ctx, user)
}

func (s *Service) showOperator(o tenant.Operator) Me {
	return Me{Kind: tenant.ActorOperator, OperatorID: o.ID, Email: o.Email}
}

func (s *Service) showUser(ctx context.Context, user tenant.User) (Me, error) {
	me := Me{Kind: tenant.ActorMember, UserID: user.ID, Email: user.Email}
	for _, m := range user.Memberships {
		if m.Trashed {
			continue
		}
		org, err := s.visible(ctx, m.Org, false)
		switch {
		case err != nil:
			return Me{}, err
		case org == nil:
			continue
		}
		me.Memberships = append(me.Memberships, MyMembership{OrgID: org.ID, OrgName: org.Name, Slug: org.Slug, Role: m.Role})
	}
	return me, nil
}

package httpapi

import (
	"context"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
)

type meOutput struct{ Body api.Me }

func (s *Server) getMe(ctx context.Context, caller access.Caller, _ *struct{}) (*meOutput, error) {
	me, err := s.deps.Authn.Me(ctx, caller)
	if err != nil {
		return nil, err
	}
	return showMe(caller, me), nil
}

type changeMeInput struct{ Body api.ChangeMe }

func (s *Server) changeMe(ctx context.Context, caller access.Caller, in *changeMeInput) (*meOutput, error) {
	me, err := s.deps.Authn.UpdateMe(ctx, caller, authn.AccountChange{
		Email: in.Body.Email, Password: in.Body.Password, CurrentPassword: in.Body.CurrentPassword,
	})
	if err != nil {
		return nil, err
	}
	return showMe(caller, me), nil
}

func showMe(caller access.Caller, me authn.Me) *meOutput {
	out := &meOutput{Body: api.Me{
		ID: string(me.UserID) + string(me.OperatorID), Kind: string(me.Kind), Email: string(me.Email),
		Organizations:  make([]api.Membership, 0, len(me.Memberships)),
		OrganizationID: string(caller.Org), SessionID: string(caller.Session), AuthTime: caller.AuthTime,
	}}
	for _, m := range me.Memberships {
		out.Body.Organizations = append(out.Body.Organizations, api.Membership{
			ID: string(m.OrgID), Name: string(m.OrgName), Slug: string(m.Slug), Role: string(m.Role),
		})
	}
	return out
}

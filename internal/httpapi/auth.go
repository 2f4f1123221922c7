package httpapi

import (
	"context"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
)

type adminLoginInput struct{ Body api.AdminLogin }

type loginInput struct{ Body api.Login }

type tokenOutput struct{ Body api.Token }

// adminLogin is the seed's POST /admin/login. Operators are no admins of an organization: here they are unknown.
func (s *Server) adminLogin(ctx context.Context, caller access.Caller, in *adminLoginInput) (*tokenOutput, error) {
	return s.signIn(ctx, caller, authn.LoginRequest{Email: in.Body.Email, Password: in.Body.Password})
}

func (s *Server) login(ctx context.Context, caller access.Caller, in *loginInput) (*tokenOutput, error) {
	request := authn.LoginRequest{Email: in.Body.Email, Password: in.Body.Password}
	if in.Body.As != nil {
		request.As = *in.Body.As
	}
	return s.signIn(ctx, caller, request)
}

func (s *Server) signIn(ctx context.Context, caller access.Caller, request authn.LoginRequest) (*tokenOutput, error) {
	session, err := s.deps.Authn.Login(ctx, caller, request)
	if err != nil {
		return nil, err
	}
	return &tokenOutput{Body: api.Token{
		AccessToken: session.AccessToken, TokenType: "bearer", ExpiresIn: int64(session.ExpiresIn / time.Second),
		AdminID: string(session.UserID), OrgName: string(session.OrgName), OrgID: string(session.OrgID),
		OperatorID: string(session.OperatorID),
	}}, nil
}

type passwordResetInput struct{ Body api.PasswordReset }

func (s *Server) resetPassword(ctx context.Context, caller access.Caller, in *passwordResetInput) (*struct{}, error) {
	return &struct{}{}, s.deps.Authn.ResetPassword(ctx, caller, in.Body.Token, in.Body.Password)
}

package authn

import (
	"context"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/tenant"
)

// AddOperator adds someone who runs the installation and returns the account without its hash. CodeEmailTaken if an operator
// has the address; CodeInvalid for email or password. Atomic with its entry.
func (s *Service) AddOperator(ctx context.Context, caller access.Caller, email, password string) (tenant.Operator, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.OperatorAdd, "")
	if err != nil {
		return tenant.Operator{}, err
	}
	address, err := tenant.ParseEmail("email", email)
	if err != nil {
		return tenant.Operator{}, err
	}
	hash, err := s.Credentials.Hash(ctx, "password", caller.Prefix, password, passwords.Context{EmailLocalPart: address.LocalPart()})
	if err != nil {
		return tenant.Operator{}, err
	}
	operator := tenant.Operator{
		ID: tenant.OperatorID(tenant.NewID()), Email: address, PasswordHash: hash, Version: 1,
		CreatedAt: entry.At, UpdatedAt: entry.At,
	}
	entry.Target = string(operator.ID)
	if err := s.Operators.Insert(ctx, operator, entry); err != nil {
		return tenant.Operator{}, err
	}
	operator.PasswordHash = ""
	return operator, nil
}

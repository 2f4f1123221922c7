package authn

import (
	"context"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// LoadKeys reads the server's keys at start and makes the first ones; see tokens.Keyring.Load.
func (s *Service) LoadKeys(ctx context.Context) error {
	return s.Keyring.Load(ctx, s.authorizer(ctx, access.System()))
}

// RenewKeys gives up the secrets that the key file does not open, and makes new ones; see tokens.Keyring.Renew.
func (s *Service) RenewKeys(ctx context.Context, caller access.Caller) ([]tenant.Key, error) {
	given, err := s.Keyring.Renew(ctx, func() (tenant.AuditEntry, error) {
		return s.Guard.Authorize(ctx, caller, access.KeyRenew, "")
	})
	if err != nil {
		return given, err
	}
	return given, s.LoadKeys(ctx)
}

// authorizer yields an entry for each key that the keyring makes or removes beside the one that was asked for.
func (s *Service) authorizer(ctx context.Context, caller access.Caller) func() (tenant.AuditEntry, error) {
	return func() (tenant.AuditEntry, error) { return s.Guard.Authorize(ctx, caller, access.KeyRotate, "") }
}

// RotateKey publishes a new signing key, which signs ten minutes later; see tokens.Keyring.Rotate.
func (s *Service) RotateKey(ctx context.Context, caller access.Caller) (tenant.Key, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.KeyRotate, "")
	if err != nil {
		return tenant.Key{}, err
	}
	return s.Keyring.Rotate(ctx, entry)
}

// RevokeKey ends every token of a signing key, on every server within two seconds; see tokens.Keyring.Revoke.
func (s *Service) RevokeKey(ctx context.Context, caller access.Caller, kid tenant.KeyID) error {
	entry, err := s.Guard.Authorize(ctx, caller, access.KeyRevoke, "")
	if err != nil {
		return err
	}
	return s.Keyring.Revoke(ctx, kid, entry, s.authorizer(ctx, caller))
}

// ListKeys returns the keys without their secrets.
func (s *Service) ListKeys(ctx context.Context, caller access.Caller) ([]tenant.Key, error) {
	if _, err := s.Guard.Authorize(ctx, caller, access.KeyList, ""); err != nil {
		return nil, err
	}
	return s.Keyring.List(ctx)
}

// purgeBatch is how many sessions one write removes: the store's other writers wait meanwhile.
const purgeBatch = 500

// PurgeExpired removes the sessions that have expired and the keys whose last token is dead. It is repeated regularly and
// ends early with ctx, without harm.
func (s *Service) PurgeExpired(ctx context.Context) error {
	for {
		n, err := s.Sessions.PurgeExpired(ctx, s.millis(), purgeBatch)
		if err != nil {
			return err
		}
		if n < purgeBatch {
			break
		}
	}
	_, err := s.Keyring.Purge(ctx, s.authorizer(ctx, access.System()))
	return err
}

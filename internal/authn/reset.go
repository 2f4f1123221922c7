package authn

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/tenant"
)

const (
	// ResetTTL is how long a reset link is good (OWASP ASVS 5.0 6.5.5).
	ResetTTL = time.Hour
	// resetSecret is the length of a link's secret in bytes.
	resetSecret = 32
	// maxResetToken bounds what is looked at; a token of ours has 80 bytes.
	maxResetToken = 128
)

// ResetLink gives the person at the address a one-time right to set a new password, and returns the token and until when it
// is good. An earlier one is worth nothing from then on. The token is an id, which finds the person, and 256 random bits; the
// store holds its MAC alone. CodeNotFound if nobody signs in with the address; CodeOperationInProgress while an operation
// changes it. Atomic with its entry.
func (s *Service) ResetLink(ctx context.Context, caller access.Caller, email string) (token string, expires time.Time, err error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.ResetLink, "")
	if err != nil {
		return "", time.Time{}, err
	}
	address, err := tenant.ParseEmail("email", email)
	if err != nil {
		return "", time.Time{}, err
	}
	user, err := s.Users.FindByEmail(ctx, address)
	if err != nil {
		return "", time.Time{}, err
	}
	secret := make([]byte, resetSecret)
	_, _ = rand.Read(secret) // crypto/rand.Read never fails: it ends the program first
	token = string(user.ID) + "." + base64.RawURLEncoding.EncodeToString(secret)
	expires = s.millis().Add(ResetTTL)
	entry.Target = string(user.ID)
	_, err = s.Users.Update(ctx, user.ID, entry, func(u *tenant.User) error {
		switch {
		case u.Pending():
			return tenant.Errorf(tenant.CodeOperationInProgress, "this account's address is being changed; try again in a moment")
		case u.Email != address || !u.HasLiving():
			return tenant.Errorf(tenant.CodeNotFound, "nobody signs in with this address")
		}
		u.Reset = &tenant.ResetLink{MAC: s.resetMAC(token), ExpiresAt: expires}
		return nil
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, expires, nil
}

func (s *Service) resetMAC(token string) string { return s.Keyring.MAC("reset link", token) }

// ResetPassword sets a new password by the token of a reset link, once, and ends all the account's sessions. Whoever has the
// token may. CodeInvalid for body.token, in one sentence, if it is wrong, used, replaced or expired, or the account is gone;
// CodeInvalid for body.password if the policy refuses it, asked before the token where it can be, so that it tells nothing
// of one; CodeThrottled where the address prefix failed too often. Atomic with its entry.
func (s *Service) ResetPassword(ctx context.Context, caller access.Caller, token, newPassword string) error {
	entry, err := s.Guard.Authorize(ctx, caller, access.PasswordReset, "")
	if err != nil {
		return err
	}
	if err := s.Credentials.Acceptable("body.password", newPassword, passwords.Context{}); err != nil {
		return err
	}
	attempt, err := s.Throttle.Probe(ctx, caller.Prefix)
	if err != nil {
		return err
	}
	user, err := s.holder(ctx, token)
	if err != nil {
		if tenant.IsCode(err, tenant.CodeInvalid) {
			s.events.report(ctx, "reset_refused", caller, noDetail)
		}
		return err
	}
	entry.Target = string(user.ID)
	if err := s.reset(ctx, user, entry, resetAttempt{token: token, password: newPassword, prefix: caller.Prefix}); err != nil {
		return err
	}
	s.forget()
	// The act is done: a count that cannot be taken back is no failure of it.
	_ = attempt.Refund(context.WithoutCancel(ctx))
	return nil
}

// resetAttempt is what the holder of a link sends, and from where.
type resetAttempt struct{ token, password, prefix string }

// reset hashes and writes. The link is looked at again within the write, so that of two attempts with it one succeeds.
func (s *Service) reset(ctx context.Context, user tenant.User, entry tenant.AuditEntry, in resetAttempt) error {
	pctx := passwords.Context{EmailLocalPart: user.Email.LocalPart()}
	if err := s.namesNoOrganization(ctx, user, in.password, pctx); err != nil {
		return err
	}
	hash, err := s.Credentials.Hash(ctx, "body.password", in.prefix, in.password, pctx)
	if err != nil {
		return err
	}
	next, at := wanted{hash: hash}, s.millis()
	_, err = s.Users.Update(ctx, user.ID, entry, func(u *tenant.User) error {
		if err := s.mayReset(u, in.token); err != nil {
			return err
		}
		return next.changeUser(u, "", at)
	})
	return err
}

// namesNoOrganization refuses a password that is made of the name of an organization of the person's.
func (s *Service) namesNoOrganization(ctx context.Context, user tenant.User, password string, pctx passwords.Context) error {
	for _, m := range user.Memberships {
		if m.Trashed {
			continue
		}
		org, err := s.visible(ctx, m.Org, true)
		if err != nil {
			return err
		}
		if org == nil {
			continue
		}
		pctx.OrganizationName = string(org.Name)
		if err := s.Credentials.Acceptable("body.password", password, pctx); err != nil {
			return err
		}
	}
	return nil
}

// holder returns the person whom the token is for.
func (s *Service) holder(ctx context.Context, token string) (tenant.User, error) {
	id, _, found := strings.Cut(token, ".")
	if !found || len(token) > maxResetToken {
		return tenant.User{}, badToken()
	}
	user, err := s.Users.Get(ctx, tenant.UserID(id))
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		return tenant.User{}, badToken()
	case err != nil:
		return tenant.User{}, err
	}
	return user, s.mayReset(&user, token)
}

// mayReset reports whether the token is the person's link and good now.
func (s *Service) mayReset(u *tenant.User, token string) error {
	if u.Reset == nil || subtle.ConstantTimeCompare([]byte(u.Reset.MAC), []byte(s.resetMAC(token))) != 1 ||
		!s.Now().Before(u.Reset.ExpiresAt) || !u.HasLiving() {
		return badToken()
	}
	return nil
}

func badToken() error {
	return tenant.Invalid("body.token", "reset_token", "the link is wrong, was used, or has expired; ask for a new one")
}

package authn

import (
	"context"
	"errors"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// AccountChange is what the caller wants changed; nil fields stay.
type AccountChange struct {
	Email    *string
	Password *string
	// CurrentPassword is asked for whatever changes (OWASP ASVS 5.0 6.2.3).
	CurrentPassword string
}

// account is what the accounts of members and operators have in common.
type account struct {
	name  string // for throttling
	email tenant.Email
	hash  string
}

// wanted is an AccountChange that has been checked. Empty fields stay.
type wanted struct {
	email tenant.Email
	hash  string
}

// UpdateMe changes the caller's address or password, in one write with one audit entry, and ends the account's other
// sessions and any reset link. With nothing to change it answers without a write.
// CodeInvalid naming every field that breaks a rule; CodeStaleAuthentication if current_password is missing or wrong, which
// counts like a failed login; CodeEmailTaken; CodeOperationInProgress while an operation changes the account; CodeConflict
// if the account changed meanwhile; CodeThrottled.
func (s *Service) UpdateMe(ctx context.Context, caller access.Caller, change AccountChange) (Me, error) {
	entry, err := s.Guard.Authorize(ctx, caller, access.AccountUpdate, caller.Org)
	if err != nil {
		return Me{}, err
	}
	if caller.Kind == tenant.ActorOperator {
		return s.updateOperator(ctx, caller, change, entry)
	}
	return s.updateUser(ctx, caller, change, entry)
}

func (s *Service) updateUser(ctx context.Context, caller access.Caller, change AccountChange, entry tenant.AuditEntry) (Me, error) {
	user, err := s.Users.Get(ctx, caller.User)
	if err != nil {
		return Me{}, err
	}
	org, err := s.Orgs.Fresh(ctx, caller.Org)
	if err != nil {
		return Me{}, err
	}
	now := account{name: credentials.Member(user.ID), email: user.Email, hash: user.PasswordHash}
	next, err := s.accept(ctx, caller, change, now, passwords.Context{OrganizationName: string(org.Name)})
	if err != nil {
		return Me{}, err
	}
	if next == (wanted{}) {
		return s.showUser(ctx, user)
	}
	at := s.millis()
	user, err = claiming(ctx, s, caller, next, func() (tenant.User, error) {
		return s.Users.Update(ctx, caller.User, next.describe(entry, string(caller.User)), func(u *tenant.User) error {
			if _, living := u.Living(caller.Org); !living || u.PasswordHash != now.hash {
				return changedMeanwhile()
			}
			if err := s.undisturbed(ctx, caller.Org, u.ID); err != nil {
				return err
			}
			return next.changeUser(u, caller.Session, at)
		})
	})
	if err != nil {
		return Me{}, err
	}
	s.forget()
	return s.showUser(ctx, user)
}

// undisturbed refuses a change of an account that an operation of the organization changes as well: the operation would find another
// generation of sessions, and its password would be lost. An operation that begins after this look writes the account, so that the swap
// of who looked is lost.
func (s *Service) undisturbed(ctx context.Context, id tenant.OrgID, user tenant.UserID) error {
	org, err := s.Orgs.Fresh(ctx, id)
	if err == nil && org.Changes(user) {
		return anotherChange()
	}
	return err
}

func anotherChange() error {
	return tenant.Errorf(tenant.CodeOperationInProgress, "another change of this account is under way; try again in a moment")
}

// changeUser is what a change of address or password does to a person's account.
func (w wanted) changeUser(u *tenant.User, keep tenant.SessionID, at time.Time) error {
	if u.Pending() {
		return anotherChange()
	}
	if w.email != "" {
		u.Settle(w.email)
	}
	if w.hash != "" {
		u.PasswordHash = w.hash
	}
	u.Reset = nil
	u.EndSessions(keep)
	u.UpdatedAt = at
	return nil
}

func (s *Service) updateOperator(ctx context.Context, caller access.Caller, change AccountChange, entry tenant.AuditEntry) (Me, error) {
	operator, err := s.Operators.Get(ctx, caller.Operator)
	if err != nil {
		return Me{}, err
	}
	now := account{name: credentials.Operator(operator.ID), email: operator.Email, hash: operator.PasswordHash}
	next, err := s.accept(ctx, caller, change, now, passwords.Context{})
	if err != nil || next == (wanted{}) {
		return s.showOperator(operator), err
	}
	at := s.millis()
	operator, err = claiming(ctx, s, caller, next, func() (tenant.Operator, error) {
		return s.Operators.Update(ctx, caller.Operator, next.describe(entry, string(caller.Operator)), func(o *tenant.Operator) error {
			if o.PasswordHash != now.hash {
				return changedMeanwhile()
			}
			next.changeOperator(o, caller.Session, at)
			return nil
		})
	})
	if err != nil {
		return Me{}, err
	}
	s.forget()
	return s.showOperator(operator), nil
}

// changeOperator is what a change of address or password does to an operator's account.
func (w wanted) changeOperator(o *tenant.Operator, keep tenant.SessionID, at time.Time) {
	if w.email != "" {
		o.Email = w.email
	}
	if w.hash != "" {
		o.PasswordHash = w.hash
	}
	o.EndSessions(keep)
	o.UpdatedAt = at
}

// accept checks a change against the account as it is now and returns what is to be written: nothing, or what the holder of
// the current password asked for.
func (s *Service) accept(ctx context.Context, caller access.Caller, change AccountChange, now account,
	pctx passwords.Context,
) (wanted, error) {
	email := now.email
	var invalid []tenant.FieldError
	if change.Email != nil {
		parsed, err := tenant.ParseEmail("body.email", *change.Email)
		if invalid = append(invalid, fieldsOf(err)...); err == nil {
			email = parsed
		}
	}
	pctx.EmailLocalPart = email.LocalPart()
	if change.Password != nil {
		invalid = append(invalid, fieldsOf(s.Credentials.Acceptable("body.password", *change.Password, pctx))...)
	}
	switch {
	case len(invalid) > 0:
		return wanted{}, &tenant.Error{Code: tenant.CodeInvalid, Message: invalid[0].Message, Fields: invalid}
	case email == now.email && change.Password == nil:
		return wanted{}, nil
	}
	err := s.Credentials.Confirm(ctx, credentials.Attempt{
		Account: now.name, Prefix: caller.Prefix, Hash: now.hash, Password: change.CurrentPassword,
	})
	if err != nil {
		return wanted{}, err
	}
	next := wanted{}
	if email != now.email {
		next.email = email
	}
	if change.Password != nil {
		next.hash, err = s.Credentials.Hash(ctx, "body.password", caller.Prefix, *change.Password, pctx)
	}
	return next, err
}

// fieldsOf returns the refused fields that an error names.
func fieldsOf(err error) []tenant.FieldError {
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		return e.Fields
	}
	return nil
}

// describe adds to the entry what changes, in words and never in secrets.
func (w wanted) describe(entry tenant.AuditEntry, target string) tenant.AuditEntry {
	entry.Target = target
	if w.email != "" {
		entry = entry.With("email", "changed")
	}
	if w.hash != "" {
		entry = entry.With("password", "changed")
	}
	return entry
}

func changedMeanwhile() error {
	return tenant.Errorf(tenant.CodeConflict, "the account changed meanwhile; sign in again")
}

const (
	// claimWait is how long a change waits for the outcome of another one that has the address half.
	claimWait = 2 * time.Second
	// claimPause is the time between two looks.
	claimPause = 100 * time.Millisecond
)

// claiming makes an update that may take an address. The answer that an address is taken tells something about others, so it
// counts like a failed login. Where the address belongs to a change under way, it waits up to claimWait for
// the outcome, and then fails with CodeUnavailable.
func claiming[T any](ctx context.Context, s *Service, caller access.Caller, next wanted, update func() (T, error)) (T, error) {
	if next.email == "" {
		return update()
	}
	var value T
	err := s.Throttle.Asking(ctx, caller.Prefix, tenant.CodeEmailTaken, func() (err error) {
		value, err = patiently(ctx, update)
		return err
	})
	return value, err
}

// patiently repeats an update while a claim that it wants belongs to a change under way.
func patiently[T any](ctx context.Context, update func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	for {
		value, err := update()
		var taken *store.ClaimError
		if !errors.As(err, &taken) || !taken.Pending {
			return value, err
		}
		timer := time.NewTimer(claimPause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return value, &tenant.Error{
				Code: tenant.CodeUnavailable, Message: "a change of this address is under way; try again in a moment",
				RetryAfter: time.Second, Cause: err,
			}
		}
	}
}

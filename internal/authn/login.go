package authn

import (
	"context"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// LoginRequest is what a person enters.
type LoginRequest struct {
	Email    string
	Password string
	// As is "" or "member", or "operator".
	As string
}

// Login is what a sign-in yields.
type Login struct {
	AccessToken string
	ExpiresIn   time.Duration
	// UserID, OrgID, OrgName and Role are set for a member, OperatorID for an operator.
	UserID     tenant.UserID
	OrgID      tenant.OrgID
	OrgName    tenant.Name
	Role       tenant.Role
	OperatorID tenant.OperatorID
}

// candidate is the account that a login is about, known or not.
type candidate struct {
	// account and hash are what is compared; the hash of an unknown account is "".
	account string
	hash    string
	// session is the one to open, without id and times.
	session tenant.Session
	orgName tenant.Name
	role    tenant.Role
}

// Login checks an address and a password and opens a session. Anybody may try, so there is nothing to authorize. Whatever is
// wrong, the answer is one CodeUnauthenticated at the cost of one comparison: address, password, an organization that is
// gone, an account in the trash. CodeThrottled as in [credentials.Credentials.Check], which may wait up to
// throttle.MaxDelay; CodeInvalid for another As than there are; CodeUnavailable if the store cannot answer.
//
// Of several organizations the session is for the first that is there.
func (s *Service) Login(ctx context.Context, caller access.Caller, in LoginRequest) (Login, error) {
	var who candidate
	var err error
	switch in.As {
	case "", "member":
		who, err = s.findMember(ctx, in.Email)
	case "operator":
		who, err = s.findOperator(ctx, in.Email)
	default:
		return Login{}, tenant.Invalid("body.as", "unknown", `as is "member" or "operator"`)
	}
	if err != nil {
		return Login{}, err
	}
	result, err := s.Credentials.Check(ctx, credentials.Attempt{
		Account: who.account, Prefix: caller.Prefix, Hash: who.hash, Password: in.Password,
	})
	switch {
	case tenant.IsCode(err, tenant.CodeThrottled):
		s.events.report(ctx, "login_throttled", caller, who.accountID())
		return Login{}, err
	case err != nil:
		return Login{}, err
	case !result.OK:
		s.events.report(ctx, "login_failed", caller, who.accountID())
		return Login{}, tenant.Errorf(tenant.CodeUnauthenticated, "wrong e-mail address or password")
	}
	login, err := s.open(ctx, who)
	if err == nil && result.NeedsRehash {
		s.rehash(ctx, caller, who, in.Password)
	}
	return login, err
}

// accountID is what an event may say of the account; "" where there is none.
func (c candidate) accountID() slog.Attr {
	if c.hash == "" {
		return noDetail
	}
	return slog.String("account", c.account)
}

// findMember returns the account at the address, unknown unless the person can sign in with it. A known and an unknown
// address cost the same two reads.
func (s *Service) findMember(ctx context.Context, address string) (candidate, error) {
	unknown := candidate{account: "member:" + address}
	email, err := tenant.ParseEmail("body.email", address)
	if err != nil {
		return s.nobody(ctx, unknown)
	}
	unknown.account = "member:" + string(email)
	user, err := s.Users.FindByEmail(ctx, email)
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound), err == nil && user.Email != email:
		return s.nobody(ctx, unknown)
	case err != nil:
		return candidate{}, err
	}
	for _, m := range user.Memberships {
		if m.Trashed {
			continue
		}
		org, err := s.visible(ctx, m.Org, true)
		switch {
		case err != nil:
			return candidate{}, err
		case org == nil:
			continue
		}
		return candidate{
			account: credentials.Member(user.ID), hash: user.PasswordHash, orgName: org.Name, role: m.Role,
			session: tenant.Session{User: user.ID, Org: org.ID, Generation: user.Sessions.Generation},
		}, nil
	}
	return unknown, nil
}

// nobody reads an organization that does not exist, as findMember reads the one of a known account.
func (s *Service) nobody(ctx context.Context, unknown candidate) (candidate, error) {
	_, err := s.visible(ctx, "", true)
	return unknown, err
}

// visible returns the organization if members know it, else nil.
func (s *Service) visible(ctx context.Context, id tenant.OrgID, fresh bool) (*tenant.Organization, error) {
	read := s.Orgs.ByID
	if fresh {
		read = s.Orgs.Fresh
	}
	org, err := read(ctx, id)
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		return nil, nil //nolint:nilnil // "not visible" is an answer here, not a failure
	case err != nil:
		return nil, err
	case !org.State.Visible():
		return nil, nil //nolint:nilnil // as above
	}
	return org, nil
}

func (s *Service) findOperator(ctx context.Context, address string) (candidate, error) {
	unknown := candidate{account: "operator:" + address}
	email, err := tenant.ParseEmail("body.email", address)
	if err != nil {
		return unknown, nil //nolint:nilerr // no such operator: the answer comes after the comparison
	}
	unknown.account = "operator:" + string(email)
	operator, err := s.Operators.FindByEmail(ctx, email)
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		return unknown, nil
	case err != nil:
		return candidate{}, err
	}
	return candidate{
		account: credentials.Operator(operator.ID), hash: operator.PasswordHash,
		session: tenant.Session{Operator: operator.ID, Generation: operator.Sessions.Generation},
	}, nil
}

// open writes the session and signs its first token. The session holds the generation that was read before the password was
// compared: if the password changed meanwhile, the session is born dead.
func (s *Service) open(ctx context.Context, who candidate) (Login, error) {
	now := s.millis()
	session := who.session
	session.ID = tenant.SessionID(tenant.NewID())
	session.CreatedAt, session.AuthTime, session.ExpiresAt = now, now, now.Add(s.SessionTTL)
	if err := s.Sessions.Insert(ctx, session); err != nil {
		return Login{}, err
	}
	claims := tokens.Claims{
		Audience: tokens.AudienceOrg, Subject: string(session.User), Session: session.ID,
		IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(s.TokenTTL), AuthTime: session.AuthTime,
		Org: session.Org, OrgName: who.orgName, Role: who.role,
	}
	if session.Operator != "" {
		claims.Audience, claims.Subject = tokens.AudienceOperator, string(session.Operator)
	}
	token, err := s.Minter.Mint(ctx, claims)
	if err != nil {
		return Login{}, err
	}
	return Login{
		AccessToken: token, ExpiresIn: s.TokenTTL, UserID: session.User, OrgID: session.Org, OrgName: who.orgName,
		Role: who.role, OperatorID: session.Operator,
	}, nil
}

// rehash stores the password's hash at today's cost. The sign-in does not depend on it: what fails is tried at the next one.
func (s *Service) rehash(ctx context.Context, caller access.Caller, who candidate, password string) {
	hash, err := s.Credentials.Rehash(ctx, caller.Prefix, password)
	if err == nil {
		err = s.storeRehash(ctx, who, hash)
	}
	if err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a password could not be hashed anew", slog.String("account", who.account),
			slog.Any("error", err))
	}
}

// storeRehash replaces the hash that was compared, and no other: the password may have changed meanwhile.
func (s *Service) storeRehash(ctx context.Context, who candidate, hash string) error {
	trail := tenant.Upkeep{Reason: "hash a password anew at a higher cost"}
	replace := func(stored *string) error {
		if *stored != who.hash {
			return tenant.Errorf(tenant.CodeConflict, "the password changed meanwhile")
		}
		*stored = hash
		return nil
	}
	var err error
	if who.session.Operator != "" {
		_, err = s.Operators.Update(ctx, who.session.Operator, trail,
			func(o *tenant.Operator) error { return replace(&o.PasswordHash) })
	} else {
		_, err = s.Users.Update(ctx, who.session.User, trail, func(u *tenant.User) error { return replace(&u.PasswordHash) })
	}
	return err
}

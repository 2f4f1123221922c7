package authn

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

const (
	// FactTTL is how long what the store said of a session may be used, counted from before the read began: with one second
	// a revocation on another server holds within two.
	FactTTL = time.Second
	// maxFacts bounds the sessions that are remembered; one takes about 400 bytes.
	maxFacts = 20_000
)

// fact is what the store said of a session.
type fact struct {
	readAt     time.Time
	generation uint64
	session    tenant.Session
	role       tenant.Role
	// refusal says why the session is worth nothing; nil if it is good until it expires.
	refusal error
}

// Authenticate returns who is behind an access token, in a copy of caller that keeps its address and request id. Where fresh
// is false, what the store said of the session in the last [FactTTL] is good enough; control-plane writes ask with fresh and
// read everything from the store. The role is the store's.
//
// CodeUnauthenticated, in one sentence for every reason, if the token is not good, its session ended or expired, the account
// or its membership is gone, its sessions were ended by a new password, or the organization is not there for its members.
// CodeUnavailable if the store cannot answer.
func (s *Service) Authenticate(ctx context.Context, bearer string, caller access.Caller, fresh bool) (access.Caller, error) {
	claims, err := s.Minter.Verify(ctx, bearer)
	if err != nil {
		return access.Caller{}, s.refused(ctx, caller, err)
	}
	f, err := s.look(ctx, claims.Session, fresh)
	if err != nil {
		return access.Caller{}, err
	}
	if err := f.good(claims, s.Now()); err != nil {
		return access.Caller{}, s.refused(ctx, caller, signInAgain(err))
	}
	if f.session.Operator == "" {
		org, err := s.visible(ctx, f.session.Org, fresh)
		switch {
		case err != nil:
			return access.Caller{}, err
		case org == nil:
			return access.Caller{}, s.refused(ctx, caller, signInAgain(errors.New("the organization is gone")))
		}
	}
	caller.Session, caller.AuthTime, caller.Generation = f.session.ID, f.session.AuthTime, f.session.Generation
	caller.User, caller.Org, caller.Role, caller.Operator = f.session.User, f.session.Org, f.role, f.session.Operator
	caller.Kind = tenant.ActorMember
	if caller.Operator != "" {
		caller.Kind = tenant.ActorOperator
	}
	return caller, nil
}

// signInAgain is the one answer to a good token of a session that is not; why is for the log.
func signInAgain(why error) error {
	return tenant.Wrap(tenant.CodeUnauthenticated, why, "the session has ended; sign in again")
}

// refused reports a refusal as a security event and returns it.
func (s *Service) refused(ctx context.Context, caller access.Caller, err error) error {
	var refusal *tenant.Error
	if errors.As(err, &refusal) && refusal.Code == tenant.CodeUnauthenticated && refusal.Cause != nil {
		s.events.report(ctx, "token_refused", caller, slog.String("reason", refusal.Cause.Error()))
	}
	return err
}

// look returns what is known of the session, or reads it.
func (s *Service) look(ctx context.Context, id tenant.SessionID, fresh bool) (fact, error) {
	generation, now := s.generation.Load(), s.Now()
	if !fresh {
		f, ok := s.facts.GetIfPresent(id)
		if ok && f.generation == generation && now.Sub(f.readAt) < FactTTL {
			return f, nil
		}
	}
	f := fact{readAt: now, generation: generation}
	if err := s.read(ctx, id, &f); err != nil {
		return fact{}, err
	}
	s.facts.Set(id, f)
	return f, nil
}

// read fills the fact from the store. What does not exist is a refusal, what cannot be read an error.
func (s *Service) read(ctx context.Context, id tenant.SessionID, f *fact) error {
	session, err := s.Sessions.Get(ctx, id)
	switch {
	case tenant.IsCode(err, tenant.CodeNotFound):
		f.refusal = errors.New("the session is not in the store")
		return nil
	case err != nil:
		return err
	case !session.EndedAt.IsZero():
		f.refusal = errors.New("the session was ended")
		return nil
	}
	f.session = session
	if session.Operator != "" {
		return s.readOperator(ctx, f)
	}
	return s.readMember(ctx, f)
}

func (s *Service) readMember(ctx context.Context, f *fact) error {
	user, err := s.Users.Get(ctx, f.session.User)
	if err != nil {
		return f.absent(err, "the account is gone")
	}
	membership, living := user.Living(f.session.Org)
	switch {
	case !user.Sessions.Allows(f.session):
		f.refusal = errors.New("the account's sessions were ended")
	case !living:
		f.refusal = errors.New("the membership is gone")
	}
	f.role = membership.Role
	return nil
}

func (s *Service) readOperator(ctx context.Context, f *fact) error {
	operator, err := s.Operators.Get(ctx, f.session.Operator)
	if err != nil {
		return f.absent(err, "the account is gone")
	}
	if !operator.Sessions.Allows(f.session) {
		f.refusal = errors.New("the account's sessions were ended")
	}
	return nil
}

// absent takes "not found" for a refusal and returns every other error.
func (f *fact) absent(err error, why string) error {
	if !tenant.IsCode(err, tenant.CodeNotFound) {
		return err
	}
	f.refusal = errors.New(why)
	return nil
}

// good reports why the token's session is worth nothing at the time; nil if it is good. Token and session must name the same
// account and organization, by their ids.
func (f *fact) good(claims tokens.Claims, now time.Time) error {
	subject, audience := string(f.session.User), tokens.AudienceOrg
	if f.session.Operator != "" {
		subject, audience = string(f.session.Operator), tokens.AudienceOperator
	}
	switch {
	case f.refusal != nil:
		return f.refusal
	case !now.Before(f.session.ExpiresAt):
		return errors.New("the session has expired")
	case claims.Audience != audience || claims.Subject != subject || claims.Org != f.session.Org:
		return errors.New("the token is not of this session")
	default:
		return nil
	}
}

package storetest_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var userTwins = []twin{
	{"people are found by the address that they show", "Users/FindByEveryAddressClaimed", spoilUsers(func(u store.Users) store.Users { return findsShownAddress{u} })},
	{"people are found in any case", "Users/FindByEmailComparesByBytes", spoilUsers(func(u store.Users) store.Users { return caseBlindUsers{u} })},
	{"a second claim is not unique", "Users/InsertWithATakenAddress", spoilUsers(func(u store.Users) store.Users { return oneClaim{u} })},
	{"members in the trash are none", "Users/MembersInOrderOfID", spoilUsers(func(u store.Users) store.Users { return livingMembers{u} })},
	{"members are those who joined first", "Users/MembersFollowsUpdates", spoilUsers(func(u store.Users) store.Users { return firstMembership{u} })},
	{"a removal of nobody succeeds", "Users/RemoveFreesTheAddress", spoilUsers(func(u store.Users) store.Users { return meekUserRemove{u} })},
	{"removals of one person all succeed", "Users/RemoveHasOneWinner", spoilUsers(func(u store.Users) store.Users { return meekUserRemove{u} })},
}

var loginTwins = []twin{
	{"operators are found in any case", "Operators/FindByEmailComparesByBytes", spoilOperators(func(o store.Operators) store.Operators { return caseBlindOperators{o} })},
	{"operators and users share their addresses", "Operators/AreApartFromUsers", func(s store.Store) store.Store {
		s.Operators = operatorsAmongUsers{s.Operators, s.Users}
		return s
	}},
	{"operators come in pages of one less", "Operators/ListIsInOrderOfID", spoilOperators(func(o store.Operators) store.Operators { return shortPages{o} })},
	{"a second end moves the first", "Sessions/EndIsOnceAndForAll", spoilSessions(func(s store.Sessions) store.Sessions { return &movingEnds{Sessions: s} })},
	{"an end of nothing succeeds", "Sessions/EndOfNothing", spoilSessions(func(s store.Sessions) store.Sessions { return meekEnds{s} })},
	{"a purge of sessions takes what expires just now", "Sessions/ExpiredAreThereUntilPurged", spoilSessions(func(s store.Sessions) store.Sessions { return purges{s, time.Millisecond, 1} })},
	{"a purge does not keep to its limit", "Sessions/ExpiredAreThereUntilPurged", spoilSessions(func(s store.Sessions) store.Sessions { return purges{s, 0, 100} })},
	{"a session that ended is not found", "Sessions/EndIsOnceAndForAll", spoilSessions(func(s store.Sessions) store.Sessions { return hidesEnded{s} })},
	{"a session forgets its generation", "Sessions/InsertKeepsEveryField", spoilSessions(func(s store.Sessions) store.Sessions { return noGeneration{s} })},
}

var keyTwins = []twin{
	{"revoked keys are not listed", "Keys/ListHasAllInOrderOfID", spoilKeys(func(k store.Keys) store.Keys { return livingKeys{k} })},
	{"keys are in order of age", "Keys/ListHasAllInOrderOfID", spoilKeys(func(k store.Keys) store.Keys { return reversedKeys{k} })},
	{"key material is text", "Keys/InsertKeepsEveryField", spoilKeys(func(k store.Keys) store.Keys { return textKeys{k} })},
	{"a removal of no key succeeds", "Keys/Remove", spoilKeys(func(k store.Keys) store.Keys { return meekKeyRemove{k} })},
}

func spoilUsers(spoil func(store.Users) store.Users) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Users = spoil(s.Users)
		return s
	}
}

func spoilOperators(spoil func(store.Operators) store.Operators) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Operators = spoil(s.Operators)
		return s
	}
}

func spoilSessions(spoil func(store.Sessions) store.Sessions) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Sessions = spoil(s.Sessions)
		return s
	}
}

func spoilKeys(spoil func(store.Keys) store.Keys) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Keys = spoil(s.Keys)
		return s
	}
}

type findsShownAddress struct{ store.Users }

func (b findsShownAddress) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	user, err := b.Users.FindByEmail(ctx, email)
	if err == nil && user.Email != email {
		return tenant.User{}, tenant.Errorf(tenant.CodeNotFound, "nobody shows this address")
	}
	return user, err
}

type caseBlindUsers struct{ store.Users }

func (b caseBlindUsers) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	return b.Users.FindByEmail(ctx, tenant.Email(strings.ToLower(string(email))))
}

type oneClaim struct{ store.Users }

func (b oneClaim) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	user.Claims = head(user.Claims, 1)
	return b.Users.Insert(ctx, user, trail)
}

type livingMembers struct{ store.Users }

func (b livingMembers) Members(ctx context.Context, org tenant.OrgID, after tenant.UserID, limit int) ([]tenant.User, error) {
	users, err := b.Users.Members(ctx, org, after, 1000)
	return head(slices.DeleteFunc(users, func(u tenant.User) bool {
		_, living := u.Living(org)
		return !living
	}), limit), err
}

type firstMembership struct{ store.Users }

func (b firstMembership) Members(ctx context.Context, org tenant.OrgID, after tenant.UserID, limit int) ([]tenant.User, error) {
	users, err := b.Users.Members(ctx, org, after, 1000)
	return head(slices.DeleteFunc(users, func(u tenant.User) bool { return u.Memberships[0].Org != org }), limit), err
}

type meekUserRemove struct{ store.Users }

func (b meekUserRemove) Remove(ctx context.Context, id tenant.UserID, trail tenant.Trail) error {
	return forgive(tenant.CodeNotFound, b.Users.Remove(ctx, id, trail))
}

type caseBlindOperators struct{ store.Operators }

func (b caseBlindOperators) FindByEmail(ctx context.Context, email tenant.Email) (tenant.Operator, error) {
	return b.Operators.FindByEmail(ctx, tenant.Email(strings.ToLower(string(email))))
}

type operatorsAmongUsers struct {
	store.Operators
	users store.Users
}

func (b operatorsAmongUsers) Insert(ctx context.Context, operator tenant.Operator, trail tenant.Trail) error {
	if _, err := b.users.FindByEmail(ctx, operator.Email); err == nil {
		return tenant.Errorf(tenant.CodeEmailTaken, "a user has the address")
	}
	return b.Operators.Insert(ctx, operator, trail)
}

type shortPages struct{ store.Operators }

func (b shortPages) List(ctx context.Context, after tenant.OperatorID, limit int) ([]tenant.Operator, error) {
	all, err := b.Operators.List(ctx, after, limit)
	return head(all, 1), err
}

// movingEnds lets the last end count.
type movingEnds struct {
	store.Sessions
	mu   sync.Mutex
	last map[tenant.SessionID]time.Time
}

func (b *movingEnds) End(ctx context.Context, id tenant.SessionID, at time.Time) error {
	err := b.Sessions.End(ctx, id, at)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last = map[tenant.SessionID]time.Time{}
	}
	b.last[id] = tenant.Millis(at)
	return err
}

func (b *movingEnds) Get(ctx context.Context, id tenant.SessionID) (tenant.Session, error) {
	session, err := b.Sessions.Get(ctx, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.last[id]; ok {
		session.EndedAt = at
	}
	return session, err
}

type meekEnds struct{ store.Sessions }

func (b meekEnds) End(ctx context.Context, id tenant.SessionID, at time.Time) error {
	return forgive(tenant.CodeNotFound, b.Sessions.End(ctx, id, at))
}

// purges goes too far, in time or in number.
type purges struct {
	store.Sessions
	late time.Duration
	many int
}

func (b purges) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return b.Sessions.PurgeExpired(ctx, before.Add(b.late), limit*b.many)
}

type hidesEnded struct{ store.Sessions }

func (b hidesEnded) Get(ctx context.Context, id tenant.SessionID) (tenant.Session, error) {
	session, err := b.Sessions.Get(ctx, id)
	if err == nil && !session.EndedAt.IsZero() {
		return tenant.Session{}, tenant.Errorf(tenant.CodeNotFound, "the session has ended")
	}
	return session, err
}

type noGeneration struct{ store.Sessions }

func (b noGeneration) Insert(ctx context.Context, session tenant.Session) error {
	session.Generation = 0
	return b.Sessions.Insert(ctx, session)
}

type livingKeys struct{ store.Keys }

func (b livingKeys) List(ctx context.Context) ([]tenant.Key, error) {
	all, err := b.Keys.List(ctx)
	return slices.DeleteFunc(all, func(k tenant.Key) bool { return !k.RevokedAt.IsZero() }), err
}

type reversedKeys struct{ store.Keys }

func (b reversedKeys) List(ctx context.Context) ([]tenant.Key, error) {
	all, err := b.Keys.List(ctx)
	slices.Reverse(all)
	return all, err
}

type textKeys struct{ store.Keys }

func (b textKeys) Insert(ctx context.Context, key tenant.Key, trail tenant.Trail) error {
	key.Material = []byte(strings.ToValidUTF8(string(key.Material), "\uFFFD"))
	return b.Keys.Insert(ctx, key, trail)
}

type meekKeyRemove struct{ store.Keys }

func (b meekKeyRemove) Remove(ctx context.Context, id tenant.KeyID, trail tenant.Trail) error {
	return forgive(tenant.CodeNotFound, b.Keys.Remove(ctx, id, trail))
}

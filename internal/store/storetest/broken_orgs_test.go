package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var orgTwins = []twin{
	{"claims on places are not unique", "Orgs/InsertTakesEveryClaimOrNone", spoilOrgs(func(o store.Orgs) store.Orgs { return noPlaceClaims{o} })},
	{"an insert that misses a claim is done without it", "Orgs/InsertTakesEveryClaimOrNone", spoilOrgs(func(o store.Orgs) store.Orgs { return halfInserts{o} })},
	{"claims are checked and then taken", "Orgs/InsertsWithACommonClaimHaveOneWinner", spoilOrgs(checkThenInsert)},
	{"versions of what is gone", "Orgs/VersionsOfThoseThatExist", spoilOrgs(func(o store.Orgs) store.Orgs { return &oldVersions{Orgs: o} })},
	{"versions of what was not asked for", "Orgs/VersionsOfThoseThatExist", spoilOrgs(func(o store.Orgs) store.Orgs { return allVersions{o} })},
	{"claims are found in any case", "Orgs/FindComparesByBytes", spoilOrgs(func(o store.Orgs) store.Orgs { return caseBlindFind{o} })},
	{"an insert of a taken id overwrites", "Orgs/InsertOfATakenID", spoilOrgs(func(o store.Orgs) store.Orgs { return overwritingInsert{o} })},
	{"an insert that is repeated trips over its own claims", "Orgs/InsertAgainIsAnIDTaken", spoilOrgs(func(o store.Orgs) store.Orgs { return claimsFirst{o} })},
	{"a claim error does not know its holder", "Orgs/ClaimErrorTellsHolderAndPending", spoilOrgs(func(o store.Orgs) store.Orgs { return vagueClaimErrors{o, false} })},
	{"a claim error says that all is settled", "Orgs/ClaimErrorTellsHolderAndPending", spoilOrgs(func(o store.Orgs) store.Orgs { return vagueClaimErrors{o, true} })},
	{"an update frees no claims", "Orgs/UpdateTakesAndFreesClaims", spoilOrgs(func(o store.Orgs) store.Orgs { return keepsClaims{o} })},
	{"rivals keep each other out", "Orgs/InsertsWithAllClaimsInCommonHaveOneWinner", spoilOrgs(func(o store.Orgs) store.Orgs {
		return &mutualExclusion{Orgs: o, rivals: gather(crowd), wanted: map[tenant.Claim]int{}}
	})},
	{"a removal compares the version and then removes", "Orgs/RemoveOrUpdateWins", spoilOrgs(func(o store.Orgs) store.Orgs { return lateRemove{o, make(chan struct{}), make(chan struct{})} })},
	{"a removal does not look at the version", "Orgs/RemoveOfAnotherVersion", spoilOrgs(func(o store.Orgs) store.Orgs { return blindRemove{o} })},
	{"a removal of nothing succeeds", "Orgs/RemoveFreesClaims", spoilOrgs(func(o store.Orgs) store.Orgs { return meekRemove{o} })},
	{"the count has the trash in it", "Orgs/CountIsOutsideTheTrash", spoilOrgs(func(o store.Orgs) store.Orgs { return countsAll{o} })},
}

// spoilOrgs puts a broken store of organizations in place of the sound one.
func spoilOrgs(spoil func(store.Orgs) store.Orgs) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Orgs = spoil(s.Orgs)
		return s
	}
}

type noPlaceClaims struct{ store.Orgs }

func (b noPlaceClaims) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	org.Claims = slices.DeleteFunc(slices.Clone(org.Claims), func(c tenant.Claim) bool { return strings.HasPrefix(string(c), "place:") })
	return b.Orgs.Insert(ctx, org, trail)
}

type halfInserts struct{ store.Orgs }

func (b halfInserts) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	err := b.Orgs.Insert(ctx, org, trail)
	if taken := (*store.ClaimError)(nil); errors.As(err, &taken) {
		org.Claims = slices.DeleteFunc(slices.Clone(org.Claims), func(c tenant.Claim) bool { return c == taken.Claim })
		_ = b.Orgs.Insert(ctx, org, trail)
	}
	return err
}

// checkedClaims keeps claims in memory and looks before it takes them.
type checkedClaims struct {
	store.Orgs
	rivals *gathering
	mu     sync.Mutex
	taken  map[tenant.Claim]tenant.OrgID
}

func checkThenInsert(o store.Orgs) store.Orgs {
	return &checkedClaims{Orgs: o, rivals: gather(crowd), taken: map[tenant.Claim]tenant.OrgID{}}
}

func (b *checkedClaims) look(claim tenant.Claim) tenant.OrgID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[claim]
}

func (b *checkedClaims) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	for _, claim := range org.Claims {
		if holder := b.look(claim); holder != "" {
			return &store.ClaimError{Claim: claim, Holder: holder}
		}
	}
	b.rivals.join(ctx)
	b.mu.Lock()
	for _, claim := range org.Claims {
		b.taken[claim] = org.ID
	}
	b.mu.Unlock()
	org.Claims = nil
	return b.Orgs.Insert(ctx, org, trail)
}

func (b *checkedClaims) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return b.Get(ctx, b.look(claim))
}

// mutualExclusion announces its claims first, and gives way where another one has announced one too.
type mutualExclusion struct {
	store.Orgs
	rivals *gathering
	mu     sync.Mutex
	wanted map[tenant.Claim]int
}

func (b *mutualExclusion) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	b.mu.Lock()
	for _, claim := range org.Claims {
		b.wanted[claim]++
	}
	b.mu.Unlock()
	b.rivals.join(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, claim := range org.Claims {
		if b.wanted[claim] > 1 {
			return &store.ClaimError{Claim: claim}
		}
	}
	return b.Orgs.Insert(ctx, org, trail)
}

// lateRemove lets an update come between the look at the version and the removal.
type lateRemove struct {
	store.Orgs
	compared, updated chan struct{}
}

func (b lateRemove) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	org, err := b.Get(ctx, id)
	if err != nil {
		return err
	}
	if org.Version != version {
		return tenant.Errorf(tenant.CodeConflict, "the organization has changed")
	}
	meet(ctx, b.compared)
	meet(ctx, b.updated)
	return blindRemove{b.Orgs}.Remove(ctx, id, version, trail)
}

func (b lateRemove) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	meet(ctx, b.compared)
	org, err := b.Orgs.Update(ctx, id, trail, change)
	meet(ctx, b.updated)
	return org, err
}

// oldVersions remembers what it once inserted.
type oldVersions struct {
	store.Orgs
	known sync.Map
}

func (b *oldVersions) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	err := b.Orgs.Insert(ctx, org, trail)
	if err == nil {
		b.known.Store(org.ID, true)
	}
	return err
}

func (b *oldVersions) Versions(ctx context.Context, ids []tenant.OrgID) (map[tenant.OrgID]int64, error) {
	versions, err := b.Orgs.Versions(ctx, ids)
	for _, id := range ids {
		if _, known := b.known.Load(id); known && err == nil && versions[id] == 0 {
			versions[id] = 1
		}
	}
	return versions, err
}

type allVersions struct{ store.Orgs }

func (b allVersions) Versions(ctx context.Context, _ []tenant.OrgID) (map[tenant.OrgID]int64, error) {
	all, err := b.List(ctx, store.OrgFilter{}, "", 10_000)
	versions := map[tenant.OrgID]int64{}
	for _, org := range all {
		versions[org.ID] = org.Version
	}
	return versions, err
}

type caseBlindFind struct{ store.Orgs }

func (b caseBlindFind) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return b.Orgs.Find(ctx, tenant.Claim(strings.ToLower(string(claim))))
}

type overwritingInsert struct{ store.Orgs }

func (b overwritingInsert) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	err := b.Orgs.Insert(ctx, org, trail)
	if tenant.IsCode(err, tenant.CodeIDTaken) {
		_, err = b.Update(ctx, org.ID, trail, func(o *tenant.Organization) error {
			*o = org
			return nil
		})
	}
	return err
}

type claimsFirst struct{ store.Orgs }

func (b claimsFirst) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	if holder, err := b.Find(ctx, org.Claims[0]); err == nil {
		return &store.ClaimError{Claim: org.Claims[0], Holder: holder.ID}
	}
	return b.Orgs.Insert(ctx, org, trail)
}

type vagueClaimErrors struct {
	store.Orgs
	knowsHolder bool
}

func (b vagueClaimErrors) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	err := b.Orgs.Insert(ctx, org, trail)
	if taken := (*store.ClaimError)(nil); errors.As(err, &taken) {
		if !b.knowsHolder {
			return &store.ClaimError{Claim: taken.Claim, Pending: taken.Pending}
		}
		return &store.ClaimError{Claim: taken.Claim, Holder: taken.Holder}
	}
	return err
}

type keepsClaims struct{ store.Orgs }

func (b keepsClaims) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	return b.Orgs.Update(ctx, id, trail, func(o *tenant.Organization) error {
		before := slices.Clone(o.Claims)
		err := change(o)
		for _, claim := range before {
			if !slices.Contains(o.Claims, claim) {
				o.Claims = append(o.Claims, claim)
			}
		}
		return err
	})
}

type blindRemove struct{ store.Orgs }

func (b blindRemove) Remove(ctx context.Context, id tenant.OrgID, _ int64, trail tenant.Trail) error {
	org, err := b.Get(ctx, id)
	if err != nil {
		return err
	}
	return b.Orgs.Remove(ctx, id, org.Version, trail)
}

type meekRemove struct{ store.Orgs }

func (b meekRemove) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	return forgive(tenant.CodeNotFound, b.Orgs.Remove(ctx, id, version, trail))
}

// forgive drops errors of one code.
func forgive(code tenant.Code, err error) error {
	if tenant.IsCode(err, code) {
		return nil
	}
	return err
}

type countsAll struct{ store.Orgs }

func (b countsAll) Count(ctx context.Context) (int64, error) {
	all, err := b.List(ctx, store.OrgFilter{}, "", 1000)
	return int64(len(all)), err
}

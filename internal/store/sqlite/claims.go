package sqlite

import (
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// claimKind is a namespace of claims.
type claimKind string

const (
	orgClaims      claimKind = "organization"
	userClaims     claimKind = "user"
	operatorClaims claimKind = "operator"
)

// takeClaims takes claims for a holder, or fails with *store.ClaimError for the first that another one holds.
func takeClaims(s *session, kind claimKind, holder string, claims []tenant.Claim) error {
	for _, c := range claims {
		n, err := s.exec(`INSERT INTO claims (kind, claim, holder) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			string(kind), string(c), holder)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := claimHeld(s, kind, c, holder); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimHeld returns the error about a claim that is held, nil if it is by the holder itself.
func claimHeld(s *session, kind claimKind, c tenant.Claim, self string) error {
	var holder string
	err := s.get(`SELECT holder FROM claims WHERE kind = ? AND claim = ?`, []any{string(kind), string(c)}, &holder)
	if err != nil || holder == self {
		return err
	}
	failed := &store.ClaimError{Claim: c}
	switch kind {
	case orgClaims:
		failed.Holder = tenant.OrgID(holder)
		err = s.get(`SELECT op IS NOT NULL FROM organizations WHERE id = ?`, []any{holder}, &failed.Pending)
	case userClaims: // two addresses: a change from one to the other is under way
		err = s.get(`SELECT json_array_length(claims) > 1 FROM users WHERE id = ?`, []any{holder}, &failed.Pending)
	}
	if err != nil {
		return err
	}
	return failed
}

// changeClaims frees what is in old alone and takes what is in next alone.
func changeClaims(s *session, kind claimKind, holder string, old, next []tenant.Claim) error {
	for _, c := range old {
		if slices.Contains(next, c) {
			continue
		}
		_, err := s.exec(`DELETE FROM claims WHERE kind = ? AND claim = ? AND holder = ?`, string(kind), string(c), holder)
		if err != nil {
			return err
		}
	}
	added := slices.DeleteFunc(slices.Clone(next), func(c tenant.Claim) bool { return slices.Contains(old, c) })
	return takeClaims(s, kind, holder, added)
}

// freeClaims frees all claims of a holder that is being removed.
func freeClaims(s *session, kind claimKind, holder string, claims []tenant.Claim) error {
	return changeClaims(s, kind, holder, claims, nil)
}

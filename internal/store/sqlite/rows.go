package sqlite

import (
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var orgRows = rows[tenant.Organization]{
	noun: "organization", table: "organizations", key: []string{"id"},
	columns: orgColumns, derived: ", name_key, due_at", scan: scanOrg,
	encode: func(o tenant.Organization) row {
		o.Claims = slices.Sorted(slices.Values(o.Claims)) // they have no order
		return row{key: []any{string(o.ID)}, args: newOrgRow(o).args(), beside: func(s *session) error {
			return takeClaims(s, orgClaims, string(o.ID), o.Claims)
		}}
	},
	clear: []string{`DELETE FROM organizations`, `DELETE FROM claims WHERE kind = 'organization'`},
}

var userRows = rows[tenant.User]{
	noun: "user", table: "users", key: []string{"id"}, columns: userColumns, scan: scanUser,
	encode: func(u tenant.User) row {
		u = u.Clone()
		slices.Sort(u.Claims) // they have no order
		return row{key: []any{string(u.ID)}, args: newUserRow(u).args(), beside: func(s *session) error {
			if err := takeClaims(s, userClaims, string(u.ID), u.Claims); err != nil {
				return err
			}
			return listMember(s, u.ID, u.Memberships)
		}}
	},
	clear: []string{`DELETE FROM members`, `DELETE FROM users`, `DELETE FROM claims WHERE kind = 'user'`},
}

var operatorRows = rows[tenant.Operator]{
	noun: "operator", table: "operators", key: []string{"id"}, columns: operatorColumns, scan: scanOperator,
	encode: func(o tenant.Operator) row {
		return row{key: []any{string(o.ID)}, args: operatorArgs(o), beside: func(s *session) error {
			return takeClaims(s, operatorClaims, string(o.ID), []tenant.Claim{tenant.EmailClaim(o.Email)})
		}}
	},
	clear: []string{`DELETE FROM operators`, `DELETE FROM claims WHERE kind = 'operator'`},
}

var sessionRows = rows[tenant.Session]{
	noun: "session", table: "sessions", key: []string{"id"}, columns: sessionColumns, scan: scanSession,
	encode: func(l tenant.Session) row { return row{key: []any{string(l.ID)}, args: sessionArgs(l)} },
	clear:  []string{`DELETE FROM sessions`},
}

var keyRows = rows[tenant.Key]{
	noun: "key", table: "keys", key: []string{"id"}, columns: keyColumns, scan: scanKey,
	encode: func(k tenant.Key) row { return row{key: []any{string(k.ID)}, args: keyArgs(cloneKey(k))} },
	clear:  []string{`DELETE FROM keys`},
}

var idempotencyRows = rows[store.IdempotencyRecord]{
	noun: "idempotency record", table: "idempotency", key: []string{"key"}, columns: idempotencyColumns, scan: scanRecord,
	encode: func(r store.IdempotencyRecord) row { return row{key: []any{r.Key}, args: recordArgs(r)} },
	clear:  []string{`DELETE FROM idempotency`},
}

var auditRows = rows[tenant.AuditEntry]{
	noun: "audit entry", table: "audit", key: []string{"organization", "seq"},
	columns: auditColumns, derived: ", hash", scan: scanEntry,
	encode: func(e tenant.AuditEntry) row { return row{key: []any{string(e.Org), e.Seq}, args: entryArgs(e)} },
	clear:  []string{`DELETE FROM audit`},
}

package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// operators keeps those who run the installation. Their addresses are claims of a namespace of their own.
type operators struct{ catalog *file }

const operatorColumns = `id, email, password_hash, sessions, version, created_at, updated_at`

func operatorArgs(o tenant.Operator) []any {
	sessions := sessionsJSON(o.Sessions)
	return []any{
		string(o.ID), string(o.Email), o.PasswordHash, toJSON(&sessions), o.Version, instant(o.CreatedAt), instant(o.UpdatedAt),
	}
}

// scanOperator reads a row of operatorColumns.
func scanOperator(scan func(dest ...any) error) (o tenant.Operator, err error) {
	var sessions sessionsJSON
	err = scan(&o.ID, &o.Email, &o.PasswordHash, fromJSON(&sessions), &o.Version, (*instant)(&o.CreatedAt), (*instant)(&o.UpdatedAt))
	o.Sessions = tenant.SessionRule(sessions)
	return o, err
}

// Insert implements store.Operators.
func (t operators) Insert(ctx context.Context, operator tenant.Operator, trail tenant.Trail) error {
	operator.Version = 1
	trail = own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`INSERT INTO operators (`+operatorColumns+`) VALUES (?,?,?,?,?,?,?)`, operatorArgs(operator)...)
		if err != nil {
			return idTaken(err, "operator")
		}
		claims := []tenant.Claim{tenant.EmailClaim(operator.Email)}
		if err := takeClaims(s, operatorClaims, string(operator.ID), claims); err != nil {
			return err
		}
		return leave(s, trail)
	})
}

// Get implements store.Operators.
func (t operators) Get(ctx context.Context, id tenant.OperatorID) (tenant.Operator, error) {
	return t.one(ctx, `SELECT `+operatorColumns+` FROM operators WHERE id = ?`, string(id))
}

// FindByEmail implements store.Operators.
func (t operators) FindByEmail(ctx context.Context, email tenant.Email) (tenant.Operator, error) {
	return t.one(ctx, `SELECT `+operatorColumns+` FROM operators
		WHERE id = (SELECT holder FROM claims WHERE kind = 'operator' AND claim = ?)`, string(tenant.EmailClaim(email)))
}

func (t operators) one(ctx context.Context, query, arg string) (operator tenant.Operator, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		operator, err = scanOperator(func(dest ...any) error { return s.get(query, []any{arg}, dest...) })
		return missing(err, "operator")
	})
	return operator, err
}

// List implements store.Operators.
func (t operators) List(ctx context.Context, after tenant.OperatorID, limit int) (list []tenant.Operator, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT `+operatorColumns+` FROM operators WHERE id > ? ORDER BY id LIMIT ?`,
			[]any{string(after), limit}, func(scan func(dest ...any) error) error {
				o, err := scanOperator(scan)
				list = append(list, o)
				return err
			})
	})
	return list, err
}

// Update implements store.Operators.
func (t operators) Update(ctx context.Context, id tenant.OperatorID, trail tenant.Trail,
	change func(*tenant.Operator) error,
) (tenant.Operator, error) {
	return swap(func() (tenant.Operator, error) { return t.update(ctx, id, trail, change) })
}

// update makes one attempt at an update; errLost if another change came first.
func (t operators) update(ctx context.Context, id tenant.OperatorID, trail tenant.Trail,
	change func(*tenant.Operator) error,
) (none tenant.Operator, err error) {
	old, err := t.Get(ctx, id)
	if err != nil {
		return none, err
	}
	next := old
	if err := change(&next); err != nil {
		return none, err
	}
	next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
	next.UpdatedAt = tenant.Millis(next.UpdatedAt)
	trail = own(trail)
	err = t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE operators SET email = ?2, password_hash = ?3, sessions = ?4, version = ?5, updated_at = ?7
			WHERE id = ?1 AND version = ?5 - 1`, operatorArgs(next)...)
		if err := swapped(n, err); err != nil {
			return err
		}
		freed, taken := []tenant.Claim{tenant.EmailClaim(old.Email)}, []tenant.Claim{tenant.EmailClaim(next.Email)}
		if err := changeClaims(s, operatorClaims, string(id), freed, taken); err != nil {
			return err
		}
		return leave(s, trail)
	})
	if err != nil {
		return none, err
	}
	return next, nil
}

var _ store.Operators = operators{}

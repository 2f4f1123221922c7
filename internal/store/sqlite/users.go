package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// users keeps persons: a row each, with their claims and memberships in tables derived from it.
type users struct{ catalog *file }

const userColumns = `id, email, password_hash, memberships, claims, sessions, reset, version, created_at, updated_at`

// userRow is a user on its way to or from its row.
type userRow struct {
	user        tenant.User
	memberships []membershipJSON
	sessions    sessionsJSON
	reset       *resetJSON
}

type membershipJSON struct {
	Org       tenant.OrgID `json:"organization"`
	Role      tenant.Role  `json:"role"`
	CreatedAt *millis      `json:"created_at,omitempty"`
	Trashed   bool         `json:"trashed,omitempty"`
}

type sessionsJSON struct {
	Generation int64            `json:"generation,omitempty"`
	Except     tenant.SessionID `json:"except,omitempty"`
}

type resetJSON struct {
	MAC       string  `json:"mac"`
	ExpiresAt *millis `json:"expires_at,omitempty"`
}

func newUserRow(u tenant.User) *userRow {
	r := &userRow{user: u, sessions: sessionsJSON(u.Sessions)}
	for _, m := range u.Memberships {
		r.memberships = append(r.memberships, membershipJSON{m.Org, m.Role, toMillis(m.CreatedAt), m.Trashed})
	}
	if u.Reset != nil {
		r.reset = &resetJSON{u.Reset.MAC, toMillis(u.Reset.ExpiresAt)}
	}
	return r
}

// args are the row's values in the order of userColumns.
func (r *userRow) args() []any {
	u := &r.user
	return []any{
		string(u.ID), string(u.Email), u.PasswordHash, listJSON(r.memberships), listJSON(u.Claims), toJSON(&r.sessions),
		toJSON(r.reset), u.Version, instant(u.CreatedAt), instant(u.UpdatedAt),
	}
}

// decode returns the user of the row, which shares nothing with it but its claims.
func (r *userRow) decode() tenant.User {
	u := r.user
	u.Memberships = nil
	for _, m := range r.memberships {
		u.Memberships = append(u.Memberships, tenant.Membership{Org: m.Org, Role: m.Role, CreatedAt: m.CreatedAt.time(), Trashed: m.Trashed})
	}
	u.Sessions = tenant.SessionRule(r.sessions)
	u.Reset = nil
	if r.reset != nil {
		u.Reset = &tenant.ResetLink{MAC: r.reset.MAC, ExpiresAt: r.reset.ExpiresAt.time()}
	}
	u.CreatedAt, u.UpdatedAt = tenant.Millis(u.CreatedAt), tenant.Millis(u.UpdatedAt)
	return u
}

// scanUser reads a row of userColumns.
func scanUser(scan func(dest ...any) error) (tenant.User, error) {
	var r userRow
	u := &r.user
	err := scan(&u.ID, &u.Email, &u.PasswordHash, fromJSON(&r.memberships), fromJSON(&u.Claims), fromJSON(&r.sessions),
		fromJSON(&r.reset), &u.Version, (*instant)(&u.CreatedAt), (*instant)(&u.UpdatedAt))
	return r.decode(), err
}

// Insert implements store.Users.
func (t users) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	user = user.Clone()
	user.Version = 1
	args, trail := newUserRow(user).args(), own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		if _, err := s.exec(`INSERT INTO users (`+userColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?)`, args...); err != nil {
			return idTaken(err, "user")
		}
		if err := takeClaims(s, userClaims, string(user.ID), user.Claims); err != nil {
			return err
		}
		if err := listMember(s, user.ID, user.Memberships); err != nil {
			return err
		}
		return leave(s, trail)
	})
}

// listMember writes the derived rows of a user's memberships anew.
func listMember(s *session, user tenant.UserID, memberships []tenant.Membership) error {
	if _, err := s.exec(`DELETE FROM members WHERE user = ?`, string(user)); err != nil {
		return err
	}
	for _, m := range memberships {
		_, err := s.exec(`INSERT INTO members (organization, user) VALUES (?, ?) ON CONFLICT DO NOTHING`, string(m.Org), string(user))
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements store.Users.
func (t users) Get(ctx context.Context, id tenant.UserID) (tenant.User, error) {
	return t.one(ctx, `SELECT `+userColumns+` FROM users WHERE id = ?`, string(id))
}

// FindByEmail implements store.Users.
func (t users) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	return t.one(ctx, `SELECT `+userColumns+` FROM users
		WHERE id = (SELECT holder FROM claims WHERE kind = 'user' AND claim = ?)`, string(tenant.EmailClaim(email)))
}

func (t users) one(ctx context.Context, query, arg string) (user tenant.User, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		user, err = scanUser(func(dest ...any) error { return s.get(query, []any{arg}, dest...) })
		return missing(err, "user")
	})
	return user, err
}

// Members implements store.Users.
func (t users) Members(ctx context.Context, org tenant.OrgID, after tenant.UserID, limit int) (list []tenant.User, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT `+userColumns+` FROM users WHERE id IN
			(SELECT user FROM members WHERE organization = ? AND user > ? ORDER BY user LIMIT ?) ORDER BY id`,
			[]any{string(org), string(after), limit}, func(scan func(dest ...any) error) error {
				u, err := scanUser(scan)
				list = append(list, u)
				return err
			})
	})
	return list, err
}

// Update implements store.Users.
func (t users) Update(ctx context.Context, id tenant.UserID, trail tenant.Trail,
	change func(*tenant.User) error,
) (tenant.User, error) {
	return swap(func() (tenant.User, error) { return t.update(ctx, id, trail, change) })
}

// update makes one attempt at an update; errLost if another change came first.
func (t users) update(ctx context.Context, id tenant.UserID, trail tenant.Trail,
	change func(*tenant.User) error,
) (none tenant.User, err error) {
	old, err := t.Get(ctx, id)
	if err != nil {
		return none, err
	}
	next := old.Clone()
	if err := change(&next); err != nil {
		return none, err
	}
	next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
	row := newUserRow(next.Clone())
	args, trail := row.args(), own(trail)
	err = t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE users SET email = ?2, password_hash = ?3, memberships = ?4, claims = ?5, sessions = ?6,
			reset = ?7, version = ?8, updated_at = ?10 WHERE id = ?1 AND version = ?8 - 1`, args...)
		if err := swapped(n, err); err != nil {
			return err
		}
		if err := changeClaims(s, userClaims, string(id), old.Claims, row.user.Claims); err != nil {
			return err
		}
		if err := listMember(s, id, row.user.Memberships); err != nil {
			return err
		}
		return leave(s, trail)
	})
	if err != nil {
		return none, err
	}
	return row.decode(), nil
}

// Remove implements store.Users.
func (t users) Remove(ctx context.Context, id tenant.UserID, trail tenant.Trail) error {
	trail = own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		var claims []tenant.Claim
		if err := s.get(`SELECT claims FROM users WHERE id = ?`, []any{string(id)}, fromJSON(&claims)); err != nil {
			return missing(err, "user")
		}
		if _, err := s.exec(`DELETE FROM users WHERE id = ?`, string(id)); err != nil {
			return err
		}
		if err := freeClaims(s, userClaims, string(id), claims); err != nil {
			return err
		}
		return leave(s, trail)
	})
}

var _ store.Users = users{}

package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// standing keeps what the store as a whole is for, in one row.
type standing struct{ catalog *file }

const standingColumns = `phase, peer, installation, since`

func standingArgs(v tenant.Standing) []any {
	return []any{string(v.Phase), v.Peer, v.Installation, instant(v.Since)}
}

// Get implements store.Standing.
func (t standing) Get(ctx context.Context) (v tenant.Standing, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.get(`SELECT `+standingColumns+` FROM standing`, nil, &v.Phase, &v.Peer, &v.Installation, (*instant)(&v.Since))
	})
	return v, err
}

// Swap implements store.Standing.
func (t standing) Swap(ctx context.Context, old, next tenant.Standing) error {
	return t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE standing SET (`+standingColumns+`) = (?,?,?,?) WHERE (`+standingColumns+`) IS (?,?,?,?)`,
			append(standingArgs(next), standingArgs(old)...)...)
		if err == nil && n == 0 {
			return tenant.Errorf(tenant.CodeConflict, "what the store is for changed meanwhile; look at it again")
		}
		return err
	})
}

var _ store.Standing = standing{}

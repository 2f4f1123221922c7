package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// installation keeps what is fixed at the first start, in one row.
type installation struct{ catalog *file }

// Found implements store.Installation.
func (t installation) Found(ctx context.Context, i tenant.Installation) (tenant.Installation, error) {
	return writing(ctx, t.catalog, func(s *session) (stored tenant.Installation, err error) {
		_, err = s.exec(`INSERT INTO installation (one, id, issuer, created_at) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING`,
			i.ID, i.Issuer, instant(i.CreatedAt))
		if err != nil {
			return stored, err
		}
		err = s.get(`SELECT id, issuer, created_at FROM installation`, nil,
			&stored.ID, &stored.Issuer, (*instant)(&stored.CreatedAt))
		return stored, err
	})
}

var _ store.Installation = installation{}

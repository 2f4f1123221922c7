package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// installation keeps what is fixed for good, in one row.
type installation struct{ catalog *file }

// Found implements store.Installation.
func (t installation) Found(ctx context.Context, i tenant.Installation) (tenant.Installation, error) {
	return writing(ctx, t.catalog, func(s *session) (stored tenant.Installation, err error) {
		_, err = s.exec(`INSERT INTO installation (one, id, issuer, created_at) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING`,
			i.ID, i.Issuer, instant(i.CreatedAt))
		if err != nil {
			return stored, err
		}
		return theInstallation(s)
	})
}

// SetIssuer implements store.Installation.
func (t installation) SetIssuer(ctx context.Context, issuer string) (tenant.Installation, error) {
	return writing(ctx, t.catalog, func(s *session) (tenant.Installation, error) {
		if _, err := s.exec(`UPDATE installation SET issuer = ? WHERE issuer = ''`, issuer); err != nil {
			return tenant.Installation{}, err
		}
		return theInstallation(s)
	})
}

// theInstallation reads the row.
func theInstallation(s *session) (stored tenant.Installation, err error) {
	err = s.get(`SELECT id, issuer, created_at FROM installation`, nil, &stored.ID, &stored.Issuer, (*instant)(&stored.CreatedAt))
	return stored, missing(err, "installation")
}

var _ store.Installation = installation{}

package sqlite

import (
	"context"
	"os"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Store returns the contract's interfaces over the data folder.
func (db *DB) Store() store.Store {
	return store.Store{
		Orgs:         orgs{catalog: db.catalog, disk: db.disk},
		Users:        users{db.catalog},
		Operators:    operators{db.catalog},
		Sessions:     sessions{db.catalog},
		Keys:         keys{db.catalog},
		Documents:    documents{pool: db.pool, disk: db.disk},
		Places:       db.places,
		Audit:        audit{db.catalog},
		Instances:    instances{db.catalog},
		Throttle:     db.throttle,
		Idempotency:  idempotency{db.catalog},
		Installation: installation{db.catalog},
		Transfer:     db.transfer(),
		Health:       health{db},
	}
}

// health tells whether the data folder can serve.
type health struct{ db *DB }

// Ping implements store.Health. CodeStorageFull leaves reads, and deletions unless the disk is full to the last; CodeUnavailable
// leaves nothing.
func (h health) Ping(ctx context.Context) error {
	now, err := os.Stat(h.db.catalog.path)
	if err != nil {
		return translate(err)
	}
	if !os.SameFile(now, h.db.identity) {
		return tenant.Errorf(tenant.CodeUnavailable, "the catalog was replaced while the server ran; restart it")
	}
	err = h.db.catalog.read(ctx, func(s *session) error {
		var n int
		return s.get(`SELECT count(*) FROM installation`, nil, &n)
	})
	if err != nil {
		return err
	}
	if err := h.db.catalog.write(ctx, func(*session) error { return errNothing }); !isNothing(err) {
		return err
	}
	return h.db.disk.check()
}

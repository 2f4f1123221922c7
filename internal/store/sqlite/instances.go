package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// instances keeps the servers that run on this folder. The lock on the folder lets one in at a time, so [Open] empties the
// table: whoever is left in it has died.
type instances struct{ catalog *file }

// Register implements store.Instances.
func (t instances) Register(ctx context.Context, i tenant.Instance) error {
	drained := toJSON(&i.Acks)
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`INSERT INTO instances (id, version, started_at, counter, acks) VALUES (?,?,?,?,?)`,
			string(i.ID), i.Version, instant(i.StartedAt), i.Counter, drained)
		return idTaken(err, "server")
	})
}

// Beat implements store.Instances.
func (t instances) Beat(ctx context.Context, id tenant.InstanceID, counter int64, acks map[tenant.OrgID]int64) error {
	drained := toJSON(&acks)
	return t.catalog.write(ctx, func(s *session) error {
		var stored int64
		if err := s.get(`SELECT counter FROM instances WHERE id = ?`, []any{string(id)}, &stored); err != nil {
			return missing(err, "server on the list")
		}
		if counter <= stored {
			return tenant.Errorf(tenant.CodeConflict, "a later heartbeat of this server came first")
		}
		_, err := s.exec(`UPDATE instances SET counter = ?2, acks = ?3 WHERE id = ?1`, string(id), counter, drained)
		return err
	})
}

// List implements store.Instances.
func (t instances) List(ctx context.Context) (list []tenant.Instance, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT id, version, started_at, counter, acks FROM instances ORDER BY id`, nil,
			func(scan func(dest ...any) error) error {
				var i tenant.Instance
				err := scan(&i.ID, &i.Version, (*instant)(&i.StartedAt), &i.Counter, fromJSON(&i.Acks))
				list = append(list, i)
				return err
			})
	})
	return list, err
}

// Remove implements store.Instances.
func (t instances) Remove(ctx context.Context, id tenant.InstanceID) error {
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`DELETE FROM instances WHERE id = ?`, string(id))
		return err
	})
}

var _ store.Instances = instances{}

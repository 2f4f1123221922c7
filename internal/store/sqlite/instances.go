package sqlite

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// instances keeps the servers that run on this folder. The lock on the folder lets one in at a time, so [Open] empties the
// table: whoever is left in it has died.
type instances struct{ catalog *file }

// ackJSON is an acknowledgement in its column.
type ackJSON struct {
	Epoch     int64 `json:"epoch"`
	Uncertain bool  `json:"uncertain,omitempty"`
}

func fromAcks(acks map[tenant.OrgID]tenant.Ack) map[tenant.OrgID]ackJSON {
	columns := make(map[tenant.OrgID]ackJSON, len(acks))
	for org, ack := range acks {
		columns[org] = ackJSON(ack)
	}
	return columns
}

func toAcks(columns map[tenant.OrgID]ackJSON) (acks map[tenant.OrgID]tenant.Ack) {
	for org, ack := range columns {
		if acks == nil {
			acks = map[tenant.OrgID]tenant.Ack{}
		}
		acks[org] = tenant.Ack(ack)
	}
	return acks
}

// Register implements store.Instances.
func (t instances) Register(ctx context.Context, i tenant.Instance) error {
	acks := fromAcks(i.Acks)
	drained := toJSON(&acks)
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`INSERT INTO instances (id, version, started_at, counter, acks, beat_at, dead) VALUES (?,?,?,?,?,?,?)`,
			string(i.ID), i.Version, instant(i.StartedAt), i.Counter, drained, instant(i.At), i.Dead)
		return idTaken(err, "server")
	})
}

// counterOf reads the counter of a server on the list, and whether it was declared dead.
func counterOf(s *session, id tenant.InstanceID) (counter int64, dead bool, err error) {
	err = s.get(`SELECT counter, dead FROM instances WHERE id = ?`, []any{string(id)}, &counter, &dead)
	return counter, dead, missing(err, "server on the list")
}

// Beat implements store.Instances.
func (t instances) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	acks := fromAcks(beat.Acks)
	drained := toJSON(&acks)
	return t.catalog.write(ctx, func(s *session) error {
		stored, dead, err := counterOf(s, id)
		switch {
		case err != nil:
			return err
		case dead:
			return tenant.Errorf(tenant.CodeNotFound, "the server was declared dead")
		case beat.Counter <= stored:
			return tenant.Errorf(tenant.CodeConflict, "a later heartbeat of this server came first")
		}
		_, err = s.exec(`UPDATE instances SET counter = ?2, acks = ?3, beat_at = ?4 WHERE id = ?1`,
			string(id), beat.Counter, drained, instant(beat.At))
		return err
	})
}

// DeclareDead implements store.Instances.
func (t instances) DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error {
	return t.catalog.write(ctx, func(s *session) error {
		stored, dead, err := counterOf(s, id)
		switch {
		case err != nil || dead:
			return err
		case counter != stored:
			return tenant.Errorf(tenant.CodeConflict, "the server has sent another heartbeat")
		}
		_, err = s.exec(`UPDATE instances SET dead = 1 WHERE id = ?`, string(id))
		return err
	})
}

// List implements store.Instances.
func (t instances) List(ctx context.Context) (list []tenant.Instance, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT id, version, started_at, counter, acks, beat_at, dead FROM instances ORDER BY id`, nil,
			func(scan func(dest ...any) error) error {
				var i tenant.Instance
				var acks map[tenant.OrgID]ackJSON
				err := scan(&i.ID, &i.Version, (*instant)(&i.StartedAt), &i.Counter, fromJSON(&acks), (*instant)(&i.At), &i.Dead)
				i.Acks = toAcks(acks)
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

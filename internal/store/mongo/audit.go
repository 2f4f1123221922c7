package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// audit reads the log; the relay writes it.
type audit struct{ relay *relay }

// List implements store.Audit. What lies in outboxes is moved first, so that whoever wrote an entry reads it.
func (t audit) List(ctx context.Context, org tenant.OrgID, after int64, limit int) (list []tenant.AuditEntry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, overdue(err)
	}
	if err := t.relay.drain(ctx, org, 0); err != nil {
		return nil, err
	}
	filter := bson.M{"organization": string(org), "seq": bson.M{"$gt": after}, fieldLayout: living()}
	o := options.Find().SetSort(bson.D{e("seq", 1)}).SetLimit(int64(limit)).SetBatchSize(batch(limit))
	err = t.relay.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.relay.audit, filter, o, func(raw bson.Raw) error {
			var d auditDoc
			err := bson.Unmarshal(raw, &d)
			list = append(list, d.Act.unpack(d.ID))
			return err
		})
	})
	return list, err
}

var _ store.Audit = audit{}

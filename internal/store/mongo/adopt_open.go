package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// ForeignOptions say which database of another service is looked at, and from where.
type ForeignOptions struct {
	// From is how the other service reaches its server. It must be the server of Own, which is orgd's; empty is Own's URI.
	From string
	// Database is the other service's.
	Database string
	Own      Options
	Fields   store.ForeignFields
}

// Foreign looks at the database of another service, and at what orgd has of it. It never writes, not even where orgd was never
// started.
type Foreign struct {
	from, own *DB
	database  string
	fields    store.ForeignFields
}

// OpenForeign connects. CodeConflict if the two URIs do not lead to one server. Close ends it.
func OpenForeign(ctx context.Context, o ForeignOptions) (*Foreign, error) {
	own, err := seek(ctx, o.Own)
	if err != nil {
		return nil, err
	}
	f := &Foreign{from: own, own: own, database: o.Database, fields: o.Fields}
	if o.From != "" && o.From != o.Own.URI {
		there := o.Own
		there.URI = o.From
		if f.from, err = seek(ctx, there); err != nil {
			return nil, errors.Join(err, own.disconnect(context.WithoutCancel(ctx)))
		}
		err = f.same(ctx)
	}
	if err == nil {
		err = own.alone(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	return f, nil
}

// seek connects to a server and finds its primary.
func seek(ctx context.Context, o Options) (*DB, error) {
	db, err := dial(o)
	if err != nil {
		return nil, err
	}
	search, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	if err := db.client.Ping(search, readpref.Primary()); err != nil {
		return nil, errors.Join(db.refusal(err), db.disconnect(context.WithoutCancel(ctx)))
	}
	return db, nil
}

// Close ends the connections.
func (f *Foreign) Close(ctx context.Context) error {
	err := f.own.disconnect(context.WithoutCancel(ctx))
	if f.from != f.own {
		err = errors.Join(err, f.from.disconnect(context.WithoutCancel(ctx)))
	}
	return err
}

// same compares the UUIDs of the other service's collections through both connections.
func (f *Foreign) same(ctx context.Context) error {
	there, err := f.list(ctx, f.from)
	if err != nil {
		return err
	}
	here, err := f.list(ctx, f.own)
	if err != nil {
		return err
	}
	equal := maps.EqualFunc(there, here, func(a, b store.ForeignCollection) bool { return bytes.Equal(a.UUID, b.UUID) })
	named := slices.ContainsFunc(slices.Collect(maps.Values(there)), func(c store.ForeignCollection) bool { return len(c.UUID) > 0 })
	switch {
	case equal && named:
		return nil
	case equal && len(there) > 0:
		return tenant.Errorf(tenant.CodeConflict, "the server gives its collections no UUIDs, so nothing shows that --from leads to the server of ORGD_STORE; leave --from out")
	default:
		return tenant.Errorf(tenant.CodeConflict, "the database %s that --from leads to is not the one of that name on the server of ORGD_STORE; collections are adopted on the server where they are", f.database)
	}
}

// unread says what keeps the other service's database from being read.
func (f *Foreign) unread(err error) error {
	if hasCode(err, codeUnauthorized) {
		return tenant.Wrap(tenant.CodeUnavailable, err, fmt.Sprintf("the database user may not read the database %s; give it the role read there", f.database))
	}
	return translate(err)
}

package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// orgs keeps organizations: a document each, with its claims in one array under a unique index.
type orgs struct{ shelf[tenant.Organization] }

type orgDoc struct {
	ID        string         `bson:"_id"`
	Name      string         `bson:"name"`
	NameKey   string         `bson:"name_key"`
	Slug      string         `bson:"slug"`
	State     string         `bson:"state"`
	Op        *opDoc         `bson:"op,omitempty"`
	Owners    []string       `bson:"owners,omitempty"`
	Placement placementDoc   `bson:"placement"`
	Claims    []string       `bson:"claims,omitempty"` // an empty array would be one more key of the unique index
	Epoch     int64          `bson:"epoch"`
	Version   int64          `bson:"version"`
	CreatedAt *bson.DateTime `bson:"created_at,omitempty"`
	UpdatedAt *bson.DateTime `bson:"updated_at,omitempty"`
	DeletedAt *bson.DateTime `bson:"deleted_at,omitempty"`
	Trash     string         `bson:"trash,omitempty"`

	Quarantine []quarantinedDoc `bson:"quarantine,omitempty"`
	DueAt      *bson.DateTime   `bson:"due_at,omitempty"` // the first of them

	Home          string   `bson:"home,omitempty"`
	DirectWriters bool     `bson:"direct_writers,omitempty"`
	Kept          []string `bson:"kept,omitempty"`
}

type quarantinedDoc struct {
	Namespace string         `bson:"namespace"`
	Until     *bson.DateTime `bson:"until"`
	Look      *bson.DateTime `bson:"look"`
	Swept     bool           `bson:"swept,omitempty"`
}

func packQuarantine(list []tenant.Quarantined) (docs []quarantinedDoc) {
	for _, q := range list {
		docs = append(docs, quarantinedDoc{q.Namespace, moment(q.Until), moment(q.Look), q.Swept})
	}
	return docs
}

func unpackQuarantine(docs []quarantinedDoc) (list []tenant.Quarantined) {
	for _, d := range docs {
		list = append(list, tenant.Quarantined{Namespace: d.Namespace, Until: timeOf(d.Until), Look: timeOf(d.Look), Swept: d.Swept})
	}
	return list
}

type placementDoc struct {
	Level     string `bson:"level,omitempty"`
	Cluster   string `bson:"cluster,omitempty"`
	Database  string `bson:"database,omitempty"`
	Namespace string `bson:"namespace,omitempty"`
	UUID      string `bson:"uuid,omitempty"`
}

func packOrg(o tenant.Organization) any {
	p := o.Placement
	return orgDoc{
		ID: string(o.ID), Name: string(o.Name), NameKey: string(o.Name.Key()), Slug: string(o.Slug), State: string(o.State),
		Op: packOp(o.Op), Owners: texts[string](o.Owners), Claims: texts[string](o.Claims), Epoch: o.Epoch, Version: o.Version,
		Placement: placementDoc{string(p.Level), p.Cluster, p.Database, p.Namespace, p.UUID},
		CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt), DeletedAt: moment(o.DeletedAt), Trash: string(o.Trash),
		Quarantine: packQuarantine(o.Quarantine), DueAt: moment(o.QuarantineDue()),
		Home: o.Home, DirectWriters: o.DirectWriters, Kept: o.Kept,
	}
}

func unpackOrg(raw bson.Raw) (o tenant.Organization, err error) {
	var d orgDoc
	if err := bson.Unmarshal(raw, &d); err != nil {
		return o, err
	}
	p := d.Placement
	return tenant.Organization{
		ID: tenant.OrgID(d.ID), Name: tenant.Name(d.Name), Slug: tenant.Slug(d.Slug), State: tenant.State(d.State), Op: d.Op.unpack(),
		Owners: texts[tenant.UserID](d.Owners), Claims: texts[tenant.Claim](d.Claims), Epoch: d.Epoch, Version: d.Version,
		Placement: tenant.Placement{Level: tenant.Level(p.Level), Cluster: p.Cluster, Database: p.Database, Namespace: p.Namespace, UUID: p.UUID},
		CreatedAt: timeOf(d.CreatedAt), UpdatedAt: timeOf(d.UpdatedAt), DeletedAt: timeOf(d.DeletedAt), Trash: tenant.OperationID(d.Trash),
		Quarantine: unpackQuarantine(d.Quarantine), Home: d.Home, DirectWriters: d.DirectWriters, Kept: d.Kept,
	}, nil
}

var orgKind = kind[tenant.Organization]{
	noun: "organization", pack: packOrg, unpack: unpackOrg, clone: (*tenant.Organization).Clone,
	id:      func(o *tenant.Organization) string { return string(o.ID) },
	version: func(o *tenant.Organization) *int64 { return &o.Version },
	keep: func(next, old *tenant.Organization) {
		next.ID, next.CreatedAt = old.ID, old.CreatedAt
	},
	claims: func(o *tenant.Organization) []tenant.Claim { return o.Claims },
	held: func(claim tenant.Claim, holder *tenant.Organization) *store.ClaimError {
		return &store.ClaimError{Claim: claim, Holder: holder.ID, Pending: holder.Op != nil}
	},
}

// Insert implements store.Orgs.
func (t orgs) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	return t.insert(ctx, org, trail)
}

// Get implements store.Orgs.
func (t orgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	return t.get(ctx, bson.M{"_id": string(id)})
}

// Find implements store.Orgs.
func (t orgs) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return t.get(ctx, bson.M{fieldClaims: string(claim)})
}

// Versions implements store.Orgs.
func (t orgs) Versions(ctx context.Context, ids []tenant.OrgID) (map[tenant.OrgID]int64, error) {
	versions := make(map[tenant.OrgID]int64, len(ids))
	if len(ids) == 0 {
		return versions, nil
	}
	filter := bson.M{"_id": bson.M{"$in": texts[string](ids)}, fieldLayout: living()}
	o := options.Find().SetProjection(bson.D{e("version", 1)}).SetBatchSize(batch(len(ids)))
	err := t.read(ctx, func(ctx context.Context) error {
		return each(ctx, t.coll, filter, o, func(raw bson.Raw) error {
			var d struct {
				ID      string `bson:"_id"`
				Version int64  `bson:"version"`
			}
			err := bson.Unmarshal(raw, &d)
			versions[tenant.OrgID(d.ID)] = d.Version
			return err
		})
	})
	return versions, err
}

// List implements store.Orgs.
func (t orgs) List(ctx context.Context, filter store.OrgFilter, after tenant.OrgID, limit int) ([]tenant.Organization, error) {
	return t.list(ctx, narrow(filter, after), limit)
}

// narrow returns the query of a filter. A prefix is a range of keys by bytes; a regular expression would be a pattern.
func narrow(filter store.OrgFilter, after tenant.OrgID) bson.M {
	q := bson.M{"_id": bson.M{"$gt": string(after)}}
	if filter.Unsettled {
		q["op.id"] = exists()
	}
	if !filter.DueBefore.IsZero() {
		q["due_at"] = bson.M{"$lt": *moment(filter.DueBefore)}
	}
	if filter.NamePrefix != "" {
		names := bson.M{"$gte": string(filter.NamePrefix)}
		if end, ok := successor(string(filter.NamePrefix)); ok {
			names["$lt"] = end
		}
		q["name_key"] = names
	}
	var states []bson.M
	if len(filter.States) > 0 {
		states = append(states, bson.M{"state": bson.M{"$in": texts[string](filter.States)}})
	}
	if !filter.DeletedBefore.IsZero() {
		q["deleted_at"] = bson.M{"$lt": *moment(filter.DeletedBefore)}
		states = append(states, bson.M{"state": string(tenant.StateTrashed)})
	}
	if len(states) > 0 {
		q["$and"] = states
	}
	return q
}

// successor returns the first text beyond all that begin with the prefix; false if there is none. Texts are compared by
// their bytes in UTF-8, which is the order of their characters.
func successor(prefix string) (string, bool) {
	runes := []rune(prefix)
	for len(runes) > 0 {
		last := len(runes) - 1
		switch runes[last] {
		case '\U0010FFFF':
			runes = runes[:last]
			continue
		case '\uD7FF': // the surrogates follow, which are no characters
			runes[last] = '\uE000'
		default:
			runes[last]++
		}
		return string(runes), true
	}
	return "", false
}

// Update implements store.Orgs.
func (t orgs) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	return t.update(ctx, string(id), trail, change)
}

// Remove implements store.Orgs.
func (t orgs) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	return t.remove(ctx, string(id), version, trail)
}

// Count implements store.Orgs.
func (t orgs) Count(ctx context.Context) (n int64, err error) {
	err = t.read(ctx, func(ctx context.Context) error {
		n, err = t.coll.CountDocuments(ctx, bson.M{"state": bson.M{"$nin": bson.A{string(tenant.StateTrashed), string(tenant.StatePurged)}}, fieldLayout: living()})
		return err
	})
	return n, err
}

var _ store.Orgs = orgs{}

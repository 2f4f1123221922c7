package sqlite

import (
	"context"
	"errors"
	"slices"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// orgs keeps organizations: a row each, with the claims it holds in a table of their own.
type orgs struct {
	catalog *file
	disk    *disk
}

const orgColumns = `id, name, slug, state, op, owners, placement, claims, epoch, version, created_at, updated_at, deleted_at, trash, quarantine, physical`

// orgRow is an organization on its way to or from its row.
type orgRow struct {
	org       tenant.Organization
	op        *opJSON
	placement placementJSON
	aside     []quarantinedJSON
	physical  physicalJSON
}

// physicalJSON is what is special about an organization's physical names.
type physicalJSON struct {
	Home          string   `json:"home,omitempty"`
	DirectWriters bool     `json:"direct_writers,omitempty"`
	Kept          []string `json:"kept,omitempty"`
}

type quarantinedJSON struct {
	Namespace string  `json:"namespace"`
	Until     *millis `json:"until"`
	Look      *millis `json:"look"`
	Swept     bool    `json:"swept,omitempty"`
}

type placementJSON struct {
	Level     tenant.Level `json:"level,omitempty"`
	Cluster   string       `json:"cluster,omitempty"`
	Database  string       `json:"database,omitempty"`
	Namespace string       `json:"namespace,omitempty"`
	UUID      string       `json:"uuid,omitempty"`
}

func newOrgRow(org tenant.Organization) *orgRow {
	r := &orgRow{org: org, op: fromOp(org.Op), placement: placementJSON(org.Placement)}
	r.physical = physicalJSON{org.Home, org.DirectWriters, org.Kept}
	for _, q := range org.Quarantine {
		r.aside = append(r.aside, quarantinedJSON{q.Namespace, toMillis(q.Until), toMillis(q.Look), q.Swept})
	}
	return r
}

// args are the row's values in the order of orgColumns, the name's key, and when a name in quarantine is due.
func (r *orgRow) args() []any {
	o := &r.org
	return []any{
		string(o.ID), string(o.Name), string(o.Slug), string(o.State), toJSON(r.op), listJSON(o.Owners), toJSON(&r.placement),
		listJSON(o.Claims), o.Epoch, o.Version, instant(o.CreatedAt), instant(o.UpdatedAt), instant(o.DeletedAt),
		string(o.Trash), listJSON(r.aside), toJSON(&r.physical), string(o.Name.Key()), instant(o.QuarantineDue()),
	}
}

// scanOrg reads a row of orgColumns.
func scanOrg(scan func(dest ...any) error) (tenant.Organization, error) {
	var r orgRow
	o := &r.org
	err := scan(&o.ID, &o.Name, &o.Slug, &o.State, fromJSON(&r.op), fromJSON(&o.Owners), fromJSON(&r.placement), fromJSON(&o.Claims),
		&o.Epoch, &o.Version, (*instant)(&o.CreatedAt), (*instant)(&o.UpdatedAt), (*instant)(&o.DeletedAt), &o.Trash,
		fromJSON(&r.aside), fromJSON(&r.physical))
	o.Op, o.Placement = r.op.operation(), tenant.Placement(r.placement)
	o.Home, o.DirectWriters, o.Kept = r.physical.Home, r.physical.DirectWriters, r.physical.Kept
	for _, q := range r.aside {
		o.Quarantine = append(o.Quarantine, tenant.Quarantined{
			Namespace: q.Namespace, Until: q.Until.time(), Look: q.Look.time(), Swept: q.Swept,
		})
	}
	return r.org, err
}

// Insert implements store.Orgs.
func (t orgs) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	if err := t.disk.check(); err != nil {
		return err
	}
	org.Version = 1
	args, claims, trail := newOrgRow(org).args(), slices.Clone(org.Claims), own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		_, err := s.exec(`INSERT INTO organizations (`+orgColumns+`, name_key, due_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, args...)
		if err != nil {
			return idTaken(err, "organization")
		}
		if err := takeClaims(s, orgClaims, string(org.ID), claims); err != nil {
			return err
		}
		return leave(s, trail)
	})
}

// Get implements store.Orgs.
func (t orgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	return t.one(ctx, `SELECT `+orgColumns+` FROM organizations WHERE id = ?`, string(id))
}

// Find implements store.Orgs.
func (t orgs) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return t.one(ctx, `SELECT `+orgColumns+` FROM organizations
		WHERE id = (SELECT holder FROM claims WHERE kind = 'organization' AND claim = ?)`, string(claim))
}

// Versions implements store.Orgs.
func (t orgs) Versions(ctx context.Context, ids []tenant.OrgID) (versions map[tenant.OrgID]int64, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		versions = make(map[tenant.OrgID]int64, len(ids))
		const query = `SELECT id, version FROM organizations WHERE id IN (SELECT value FROM json_each(?))`
		return s.each(query, []any{toJSON(&ids)}, func(scan func(dest ...any) error) error {
			var id tenant.OrgID
			var version int64
			err := scan(&id, &version)
			versions[id] = version
			return err
		})
	})
	return versions, err
}

func (t orgs) one(ctx context.Context, query, arg string) (org tenant.Organization, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		org, err = scanOrg(func(dest ...any) error { return s.get(query, []any{arg}, dest...) })
		return missing(err, "organization")
	})
	return org, err
}

// Update implements store.Orgs.
func (t orgs) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	return swap(func() (tenant.Organization, error) { return t.update(ctx, id, trail, change) })
}

// update makes one attempt at an update; errLost if another change came first.
func (t orgs) update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (none tenant.Organization, err error) {
	old, err := t.Get(ctx, id)
	if err != nil {
		return none, err
	}
	next := old.Clone()
	if err := change(&next); err != nil {
		return none, err
	}
	next.ID, next.CreatedAt, next.Version = old.ID, old.CreatedAt, old.Version+1
	next = next.Clone()
	args, trail := newOrgRow(next).args(), own(trail)
	err = t.catalog.write(ctx, func(s *session) error {
		n, err := s.exec(`UPDATE organizations SET name = ?2, slug = ?3, state = ?4, op = ?5, owners = ?6, placement = ?7,
			claims = ?8, epoch = ?9, version = ?10, updated_at = ?12, deleted_at = ?13, trash = ?14,
			quarantine = ?15, physical = ?16, name_key = ?17, due_at = ?18
			WHERE id = ?1 AND version = ?10 - 1`, args...)
		if err := swapped(n, err); err != nil {
			return err
		}
		if err := changeClaims(s, orgClaims, string(id), old.Claims, next.Claims); err != nil {
			return err
		}
		return leave(s, trail)
	})
	if err != nil {
		return none, err
	}
	return inMillis(next), nil
}

// inMillis cuts the times of an organization as its row does.
func inMillis(org tenant.Organization) tenant.Organization {
	org.UpdatedAt, org.DeletedAt = tenant.Millis(org.UpdatedAt), tenant.Millis(org.DeletedAt)
	for i := range org.Quarantine {
		q := &org.Quarantine[i]
		q.Until, q.Look = tenant.Millis(q.Until), tenant.Millis(q.Look)
	}
	if org.Op != nil {
		org.Op.LeaseUntil, org.Op.Entry.At = tenant.Millis(org.Op.LeaseUntil), tenant.Millis(org.Op.Entry.At)
	}
	return org
}

// Remove implements store.Orgs.
func (t orgs) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	trail = own(trail)
	return t.catalog.write(ctx, func(s *session) error {
		var current int64
		var claims []tenant.Claim
		err := s.get(`SELECT version, claims FROM organizations WHERE id = ?`, []any{string(id)}, &current, fromJSON(&claims))
		if err != nil {
			return missing(err, "organization")
		}
		if current != version {
			return tenant.Errorf(tenant.CodeConflict, "the organization changed meanwhile")
		}
		if _, err := s.exec(`DELETE FROM organizations WHERE id = ?`, string(id)); err != nil {
			return err
		}
		if err := freeClaims(s, orgClaims, string(id), claims); err != nil {
			return err
		}
		return leave(s, trail)
	})
}

// List implements store.Orgs.
func (t orgs) List(ctx context.Context, filter store.OrgFilter, after tenant.OrgID, limit int) (list []tenant.Organization, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		query, args, err := listOrgs(s, filter, after, limit)
		if err != nil {
			return err
		}
		return s.each(query, args, func(scan func(dest ...any) error) error {
			o, err := scanOrg(scan)
			list = append(list, o)
			return err
		})
	})
	return list, err
}

// Count implements store.Orgs.
func (t orgs) Count(ctx context.Context) (n int64, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.get(`SELECT value FROM counters WHERE name = 'organizations'`, nil, &n)
	})
	return n, err
}

// swap repeats an update until it is not lost to another one. Each loss means that another update won, and an attempt whose
// context is over ends with an error.
func swap[T any](attempt func() (T, error)) (T, error) {
	for {
		v, err := attempt()
		if !errors.Is(err, errLost) {
			return v, err
		}
	}
}

// swapped judges the outcome of a compare-and-swap statement.
func swapped(rows int64, err error) error {
	if err == nil && rows == 0 {
		return errLost
	}
	return err
}

var _ store.Orgs = orgs{}

package storetest

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// aroundOrgs intercepts the methods on organizations.
type aroundOrgs struct {
	inner  store.Orgs
	around Around
}

// Insert implements [store.Orgs].
func (w aroundOrgs) Insert(ctx context.Context, org tenant.Organization, trail tenant.Trail) error {
	return w.around(ctx, "Orgs.Insert", func() error { return w.inner.Insert(ctx, org, trail) })
}

// Get implements [store.Orgs].
func (w aroundOrgs) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	return with(ctx, w.around, "Orgs.Get", func() (tenant.Organization, error) {
		return w.inner.Get(ctx, id)
	})
}

// Find implements [store.Orgs].
func (w aroundOrgs) Find(ctx context.Context, claim tenant.Claim) (tenant.Organization, error) {
	return with(ctx, w.around, "Orgs.Find", func() (tenant.Organization, error) {
		return w.inner.Find(ctx, claim)
	})
}

// Versions implements [store.Orgs].
func (w aroundOrgs) Versions(ctx context.Context, ids []tenant.OrgID) (map[tenant.OrgID]int64, error) {
	return with(ctx, w.around, "Orgs.Versions", func() (map[tenant.OrgID]int64, error) {
		return w.inner.Versions(ctx, ids)
	})
}

// List implements [store.Orgs].
func (w aroundOrgs) List(ctx context.Context, filter store.OrgFilter, after tenant.OrgID,
	limit int,
) ([]tenant.Organization, error) {
	return with(ctx, w.around, "Orgs.List", func() ([]tenant.Organization, error) {
		return w.inner.List(ctx, filter, after, limit)
	})
}

// Update implements [store.Orgs].
func (w aroundOrgs) Update(ctx context.Context, id tenant.OrgID, trail tenant.Trail,
	change func(*tenant.Organization) error,
) (tenant.Organization, error) {
	return with(ctx, w.around, "Orgs.Update", func() (tenant.Organization, error) {
		return w.inner.Update(ctx, id, trail, change)
	})
}

// Remove implements [store.Orgs].
func (w aroundOrgs) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	return w.around(ctx, "Orgs.Remove", func() error { return w.inner.Remove(ctx, id, version, trail) })
}

// Count implements [store.Orgs].
func (w aroundOrgs) Count(ctx context.Context) (int64, error) {
	return with(ctx, w.around, "Orgs.Count", func() (int64, error) {
		return w.inner.Count(ctx)
	})
}

// aroundUsers intercepts the methods on users.
type aroundUsers struct {
	inner  store.Users
	around Around
}

// Insert implements [store.Users].
func (w aroundUsers) Insert(ctx context.Context, user tenant.User, trail tenant.Trail) error {
	return w.around(ctx, "Users.Insert", func() error { return w.inner.Insert(ctx, user, trail) })
}

// Get implements [store.Users].
func (w aroundUsers) Get(ctx context.Context, id tenant.UserID) (tenant.User, error) {
	return with(ctx, w.around, "Users.Get", func() (tenant.User, error) {
		return w.inner.Get(ctx, id)
	})
}

// FindByEmail implements [store.Users].
func (w aroundUsers) FindByEmail(ctx context.Context, email tenant.Email) (tenant.User, error) {
	return with(ctx, w.around, "Users.FindByEmail", func() (tenant.User, error) {
		return w.inner.FindByEmail(ctx, email)
	})
}

// Members implements [store.Users].
func (w aroundUsers) Members(ctx context.Context, org tenant.OrgID, after tenant.UserID,
	limit int,
) ([]tenant.User, error) {
	return with(ctx, w.around, "Users.Members", func() ([]tenant.User, error) {
		return w.inner.Members(ctx, org, after, limit)
	})
}

// Update implements [store.Users].
func (w aroundUsers) Update(ctx context.Context, id tenant.UserID, trail tenant.Trail,
	change func(*tenant.User) error,
) (tenant.User, error) {
	return with(ctx, w.around, "Users.Update", func() (tenant.User, error) {
		return w.inner.Update(ctx, id, trail, change)
	})
}

// Remove implements [store.Users].
func (w aroundUsers) Remove(ctx context.Context, id tenant.UserID, trail tenant.Trail) error {
	return w.around(ctx, "Users.Remove", func() error { return w.inner.Remove(ctx, id, trail) })
}

// aroundOperators intercepts the methods on operators.
type aroundOperators struct {
	inner  store.Operators
	around Around
}

// Insert implements [store.Operators].
func (w aroundOperators) Insert(ctx context.Context, operator tenant.Operator, trail tenant.Trail) error {
	return w.around(ctx, "Operators.Insert", func() error { return w.inner.Insert(ctx, operator, trail) })
}

// Get implements [store.Operators].
func (w aroundOperators) Get(ctx context.Context, id tenant.OperatorID) (tenant.Operator, error) {
	return with(ctx, w.around, "Operators.Get", func() (tenant.Operator, error) {
		return w.inner.Get(ctx, id)
	})
}

// FindByEmail implements [store.Operators].
func (w aroundOperators) FindByEmail(ctx context.Context, email tenant.Email) (tenant.Operator, error) {
	return with(ctx, w.around, "Operators.FindByEmail", func() (tenant.Operator, error) {
		return w.inner.FindByEmail(ctx, email)
	})
}

// List implements [store.Operators].
func (w aroundOperators) List(ctx context.Context, after tenant.OperatorID, limit int) ([]tenant.Operator, error) {
	return with(ctx, w.around, "Operators.List", func() ([]tenant.Operator, error) {
		return w.inner.List(ctx, after, limit)
	})
}

// Update implements [store.Operators].
func (w aroundOperators) Update(ctx context.Context, id tenant.OperatorID, trail tenant.Trail,
	change func(*tenant.Operator) error,
) (tenant.Operator, error) {
	return with(ctx, w.around, "Operators.Update", func() (tenant.Operator, error) {
		return w.inner.Update(ctx, id, trail, change)
	})
}

// aroundKeys intercepts the methods on keys.
type aroundKeys struct {
	inner  store.Keys
	around Around
}

// Insert implements [store.Keys].
func (w aroundKeys) Insert(ctx context.Context, key tenant.Key, trail tenant.Trail) error {
	return w.around(ctx, "Keys.Insert", func() error { return w.inner.Insert(ctx, key, trail) })
}

// List implements [store.Keys].
func (w aroundKeys) List(ctx context.Context) ([]tenant.Key, error) {
	return with(ctx, w.around, "Keys.List", func() ([]tenant.Key, error) {
		return w.inner.List(ctx)
	})
}

// Update implements [store.Keys].
func (w aroundKeys) Update(ctx context.Context, id tenant.KeyID, trail tenant.Trail,
	change func(*tenant.Key) error,
) (tenant.Key, error) {
	return with(ctx, w.around, "Keys.Update", func() (tenant.Key, error) {
		return w.inner.Update(ctx, id, trail, change)
	})
}

// Remove implements [store.Keys].
func (w aroundKeys) Remove(ctx context.Context, id tenant.KeyID, trail tenant.Trail) error {
	return w.around(ctx, "Keys.Remove", func() error { return w.inner.Remove(ctx, id, trail) })
}

// aroundAudit intercepts the methods on the audit log.
type aroundAudit struct {
	inner  store.Audit
	around Around
}

// List implements [store.Audit].
func (w aroundAudit) List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error) {
	return with(ctx, w.around, "Audit.List", func() ([]tenant.AuditEntry, error) {
		return w.inner.List(ctx, org, after, limit)
	})
}

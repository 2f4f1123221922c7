package storetest

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// interceptTransfer is Intercept for the store as it is.
func interceptTransfer(inner store.Transfer, around Around) store.Transfer {
	return store.Transfer{
		Orgs:        aroundTable[tenant.Organization]{"Transfer.Orgs", inner.Orgs, around},
		Users:       aroundTable[tenant.User]{"Transfer.Users", inner.Users, around},
		Operators:   aroundTable[tenant.Operator]{"Transfer.Operators", inner.Operators, around},
		Sessions:    aroundTable[tenant.Session]{"Transfer.Sessions", inner.Sessions, around},
		Keys:        aroundTable[tenant.Key]{"Transfer.Keys", inner.Keys, around},
		Idempotency: aroundTable[store.IdempotencyRecord]{"Transfer.Idempotency", inner.Idempotency, around},
		Audit:       aroundTable[tenant.AuditEntry]{"Transfer.Audit", inner.Audit, around},
		Homes:       aroundHomes{inner.Homes, around},
		Standing:    aroundStanding{inner.Standing, around},
	}
}

// aroundTable intercepts the methods on all records of one noun.
type aroundTable[T any] struct {
	name   string
	inner  store.Table[T]
	around Around
}

// Scan implements [store.Table].
func (w aroundTable[T]) Scan(ctx context.Context, after *T, limit int) ([]T, error) {
	return with(ctx, w.around, w.name+".Scan", func() ([]T, error) {
		return w.inner.Scan(ctx, after, limit)
	})
}

// Add implements [store.Table].
func (w aroundTable[T]) Add(ctx context.Context, records []T) error {
	return w.around(ctx, w.name+".Add", func() error { return w.inner.Add(ctx, records) })
}

// Clear implements [store.Table].
func (w aroundTable[T]) Clear(ctx context.Context) error {
	return w.around(ctx, w.name+".Clear", func() error { return w.inner.Clear(ctx) })
}

// aroundHomes intercepts the methods on the tenants' data as it lies.
type aroundHomes struct {
	inner  store.Homes
	around Around
}

// All implements [store.Homes].
func (w aroundHomes) All(ctx context.Context) ([]store.Home, error) {
	return with(ctx, w.around, "Transfer.Homes.All", func() ([]store.Home, error) {
		return w.inner.All(ctx)
	})
}

// Scan implements [store.Homes].
func (w aroundHomes) Scan(ctx context.Context, home store.Home, after tenant.DocumentID, limit int) ([]tenant.Document, error) {
	return with(ctx, w.around, "Transfer.Homes.Scan", func() ([]tenant.Document, error) {
		return w.inner.Scan(ctx, home, after, limit)
	})
}

// Load implements [store.Homes].
func (w aroundHomes) Load(ctx context.Context, place tenant.Place, docs []tenant.Document) error {
	return w.around(ctx, "Transfer.Homes.Load", func() error { return w.inner.Load(ctx, place, docs) })
}

// Remove implements [store.Homes].
func (w aroundHomes) Remove(ctx context.Context, place tenant.Place, ids []tenant.DocumentID) error {
	return w.around(ctx, "Transfer.Homes.Remove", func() error { return w.inner.Remove(ctx, place, ids) })
}

// aroundStanding intercepts the methods on what the store is for.
type aroundStanding struct {
	inner  store.Standing
	around Around
}

// Get implements [store.Standing].
func (w aroundStanding) Get(ctx context.Context) (tenant.Standing, error) {
	return with(ctx, w.around, "Transfer.Standing.Get", func() (tenant.Standing, error) {
		return w.inner.Get(ctx)
	})
}

// Swap implements [store.Standing].
func (w aroundStanding) Swap(ctx context.Context, old, next tenant.Standing) error {
	return w.around(ctx, "Transfer.Standing.Swap", func() error { return w.inner.Swap(ctx, old, next) })
}

package storetest

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// aroundDocuments intercepts the methods on documents.
type aroundDocuments struct {
	inner  store.Documents
	around Around
}

// Insert implements [store.Documents].
func (w aroundDocuments) Insert(ctx context.Context, in tenant.CollectionRef, doc tenant.Document,
	quota int64,
) (tenant.Document, error) {
	return with(ctx, w.around, "Documents.Insert", func() (tenant.Document, error) {
		return w.inner.Insert(ctx, in, doc, quota)
	})
}

// Get implements [store.Documents].
func (w aroundDocuments) Get(ctx context.Context, in tenant.CollectionRef,
	id tenant.DocumentID,
) (tenant.Document, error) {
	return with(ctx, w.around, "Documents.Get", func() (tenant.Document, error) {
		return w.inner.Get(ctx, in, id)
	})
}

// List implements [store.Documents].
func (w aroundDocuments) List(ctx context.Context, in tenant.CollectionRef, after tenant.DocumentID,
	limit int,
) ([]tenant.Document, error) {
	return with(ctx, w.around, "Documents.List", func() ([]tenant.Document, error) {
		return w.inner.List(ctx, in, after, limit)
	})
}

// Update implements [store.Documents].
func (w aroundDocuments) Update(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID, quota int64,
	change func(*tenant.Document) error,
) (tenant.Document, error) {
	return with(ctx, w.around, "Documents.Update", func() (tenant.Document, error) {
		return w.inner.Update(ctx, in, id, quota, change)
	})
}

// Delete implements [store.Documents].
func (w aroundDocuments) Delete(ctx context.Context, in tenant.CollectionRef, id tenant.DocumentID,
	want tenant.Revision,
) error {
	return w.around(ctx, "Documents.Delete", func() error { return w.inner.Delete(ctx, in, id, want) })
}

// Usage implements [store.Documents].
func (w aroundDocuments) Usage(ctx context.Context, place tenant.Place) (tenant.Usage, error) {
	return with(ctx, w.around, "Documents.Usage", func() (tenant.Usage, error) {
		return w.inner.Usage(ctx, place)
	})
}

// aroundPlaces intercepts the methods on places.
type aroundPlaces struct {
	inner  store.Places
	around Around
}

// Create implements [store.Places].
func (w aroundPlaces) Create(ctx context.Context, place tenant.Place) error {
	return w.around(ctx, "Places.Create", func() error { return w.inner.Create(ctx, place) })
}

// Rename implements [store.Places].
func (w aroundPlaces) Rename(ctx context.Context, from, to tenant.Place) error {
	return w.around(ctx, "Places.Rename", func() error { return w.inner.Rename(ctx, from, to) })
}

// Trash implements [store.Places].
func (w aroundPlaces) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	return w.around(ctx, "Places.Trash", func() error { return w.inner.Trash(ctx, place, op) })
}

// Restore implements [store.Places].
func (w aroundPlaces) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	return w.around(ctx, "Places.Restore", func() error { return w.inner.Restore(ctx, op, place) })
}

// Sweep implements [store.Places].
func (w aroundPlaces) Sweep(ctx context.Context, namespace string, place tenant.Place, op tenant.OperationID) (bool, error) {
	return with(ctx, w.around, "Places.Sweep", func() (bool, error) { return w.inner.Sweep(ctx, namespace, place, op) })
}

// Drop implements [store.Places].
func (w aroundPlaces) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	return w.around(ctx, "Places.Drop", func() error { return w.inner.Drop(ctx, org, op) })
}

// Discard implements [store.Places].
func (w aroundPlaces) Discard(ctx context.Context, place tenant.Place) error {
	return w.around(ctx, "Places.Discard", func() error { return w.inner.Discard(ctx, place) })
}

// aroundSessions intercepts the methods on sessions.
type aroundSessions struct {
	inner  store.Sessions
	around Around
}

// Insert implements [store.Sessions].
func (w aroundSessions) Insert(ctx context.Context, session tenant.Session) error {
	return w.around(ctx, "Sessions.Insert", func() error { return w.inner.Insert(ctx, session) })
}

// Get implements [store.Sessions].
func (w aroundSessions) Get(ctx context.Context, id tenant.SessionID) (tenant.Session, error) {
	return with(ctx, w.around, "Sessions.Get", func() (tenant.Session, error) {
		return w.inner.Get(ctx, id)
	})
}

// End implements [store.Sessions].
func (w aroundSessions) End(ctx context.Context, id tenant.SessionID, at time.Time) error {
	return w.around(ctx, "Sessions.End", func() error { return w.inner.End(ctx, id, at) })
}

// PurgeExpired implements [store.Sessions].
func (w aroundSessions) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return with(ctx, w.around, "Sessions.PurgeExpired", func() (int, error) {
		return w.inner.PurgeExpired(ctx, before, limit)
	})
}

// aroundInstances intercepts the methods on servers.
type aroundInstances struct {
	inner  store.Instances
	around Around
}

// Register implements [store.Instances].
func (w aroundInstances) Register(ctx context.Context, instance tenant.Instance) error {
	return w.around(ctx, "Instances.Register", func() error { return w.inner.Register(ctx, instance) })
}

// Beat implements [store.Instances].
func (w aroundInstances) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	return w.around(ctx, "Instances.Beat", func() error { return w.inner.Beat(ctx, id, beat) })
}

// DeclareDead implements [store.Instances].
func (w aroundInstances) DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error {
	return w.around(ctx, "Instances.DeclareDead", func() error { return w.inner.DeclareDead(ctx, id, counter) })
}

// List implements [store.Instances].
func (w aroundInstances) List(ctx context.Context) ([]tenant.Instance, error) {
	return with(ctx, w.around, "Instances.List", func() ([]tenant.Instance, error) {
		return w.inner.List(ctx)
	})
}

// Remove implements [store.Instances].
func (w aroundInstances) Remove(ctx context.Context, id tenant.InstanceID) error {
	return w.around(ctx, "Instances.Remove", func() error { return w.inner.Remove(ctx, id) })
}

// aroundThrottle intercepts the methods on counters.
type aroundThrottle struct {
	inner  store.Throttle
	around Around
}

// Add implements [store.Throttle].
func (w aroundThrottle) Add(ctx context.Context, key string, delta float64, leak store.Leak,
	now time.Time,
) (float64, error) {
	return with(ctx, w.around, "Throttle.Add", func() (float64, error) {
		return w.inner.Add(ctx, key, delta, leak, now)
	})
}

// aroundIdempotency intercepts the methods on idempotency records.
type aroundIdempotency struct {
	inner  store.Idempotency
	around Around
}

// Begin implements [store.Idempotency].
func (w aroundIdempotency) Begin(ctx context.Context, record store.IdempotencyRecord, now time.Time,
	perCaller int,
) (store.IdempotencyRecord, bool, error) {
	var began bool
	stored, err := with(ctx, w.around, "Idempotency.Begin", func() (found store.IdempotencyRecord, err error) {
		found, began, err = w.inner.Begin(ctx, record, now, perCaller)
		return found, err
	})
	return stored, began && err == nil, err
}

// TakeOver implements [store.Idempotency].
func (w aroundIdempotency) TakeOver(ctx context.Context, key string, lease, next time.Time) error {
	return w.around(ctx, "Idempotency.TakeOver", func() error { return w.inner.TakeOver(ctx, key, lease, next) })
}

// Finish implements [store.Idempotency].
func (w aroundIdempotency) Finish(ctx context.Context, key string) error {
	return w.around(ctx, "Idempotency.Finish", func() error { return w.inner.Finish(ctx, key) })
}

// Forget implements [store.Idempotency].
func (w aroundIdempotency) Forget(ctx context.Context, key string) error {
	return w.around(ctx, "Idempotency.Forget", func() error { return w.inner.Forget(ctx, key) })
}

// PurgeExpired implements [store.Idempotency].
func (w aroundIdempotency) PurgeExpired(ctx context.Context, before time.Time, limit int) (int, error) {
	return with(ctx, w.around, "Idempotency.PurgeExpired", func() (int, error) {
		return w.inner.PurgeExpired(ctx, before, limit)
	})
}

// aroundInstallation intercepts the methods on the installation.
type aroundInstallation struct {
	inner  store.Installation
	around Around
}

// Found implements [store.Installation].
func (w aroundInstallation) Found(ctx context.Context, installation tenant.Installation) (tenant.Installation, error) {
	return with(ctx, w.around, "Installation.Found", func() (tenant.Installation, error) {
		return w.inner.Found(ctx, installation)
	})
}

// SetIssuer implements [store.Installation].
func (w aroundInstallation) SetIssuer(ctx context.Context, issuer string) (tenant.Installation, error) {
	return with(ctx, w.around, "Installation.SetIssuer", func() (tenant.Installation, error) {
		return w.inner.SetIssuer(ctx, issuer)
	})
}

// aroundHealth intercepts the methods on health.
type aroundHealth struct {
	inner  store.Health
	around Around
}

// Ping implements [store.Health].
func (w aroundHealth) Ping(ctx context.Context) error {
	return w.around(ctx, "Health.Ping", func() error { return w.inner.Ping(ctx) })
}

// Package documents owns the tenants' data: single documents and pages of them. The doors call it; nobody else reads or
// writes documents.
//
// The invariant: every store call happens inside the organization's gate, for one second at most, with the place that the
// gate's visit names. So a rename or deletion under way never meets a write that resolved an older place.
package documents

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// CallLimit is how long one store call may hold an organization's gate; the drain barrier waits a little longer.
const CallLimit = time.Second

// attempts is how often a write without a condition is tried when inserts and deletions of others cross it.
const attempts = 5

// Deps are what the service works with; all fields are needed.
type Deps struct {
	Documents store.Documents
	Gates     *placement.Gates
	Guard     *access.Guard
	// Quota is how many bytes one tenant may store; zero is no limit.
	Quota int64
	Now   func() time.Time
	Log   *slog.Logger
}

// Service reads and writes documents. It is safe for concurrent use.
type Service struct {
	Deps
	alarms alarms
}

// New makes the service.
func New(deps Deps) *Service {
	return &Service{Deps: deps, alarms: alarms{at: map[tenant.OrgID]time.Time{}}}
}

// Ref names a document of an organization's default collection.
type Ref struct {
	Org tenant.OrgID
	ID  tenant.DocumentID
}

// IDs of a document and of the write that makes it, where they were planned before; empty ones are made.
type IDs struct {
	ID      tenant.DocumentID
	WriteID string
}

// Condition says what must hold for a write, else CodePrecondition. The zero value demands nothing.
type Condition struct {
	// If is the state that the document must be in; see [tenant.Revision.Demand].
	If tenant.Revision
	// IfAbsent demands that there is no such document.
	IfAbsent bool
}

// Create adds a document and returns it. Repeated with the same planned ids it adds nothing and returns what is there.
func (s *Service) Create(ctx context.Context, caller access.Caller, org tenant.OrgID, data tenant.Data, ids IDs) (tenant.Document, error) {
	if ids.ID == "" {
		ids.ID = tenant.DocumentID(tenant.NewID())
	}
	return s.insert(ctx, caller, org, s.fresh(data, ids))
}

// Get returns a document.
func (s *Service) Get(ctx context.Context, caller access.Caller, ref Ref) (tenant.Document, error) {
	return inside(ctx, s, visitor{caller, access.DocRead}, ref.Org, func(ctx context.Context, place tenant.Place) (tenant.Document, error) {
		return s.Documents.Get(ctx, place.In(tenant.DefaultCollection), ref.ID)
	})
}

// List returns a page of documents in ascending order of id, and whether there is more. limit is 1 to 200; a page of large
// documents is shorter (store.PageBytes).
func (s *Service) List(ctx context.Context, caller access.Caller, org tenant.OrgID, after tenant.DocumentID,
	limit int,
) (docs []tenant.Document, more bool, err error) {
	docs, err = s.page(ctx, caller, org, after, limit+1)
	if err != nil || len(docs) == 0 {
		return nil, false, err
	}
	if len(docs) > limit {
		return docs[:limit], true, nil
	}
	next, err := s.page(ctx, caller, org, docs[len(docs)-1].ID, 1) // the page may be short because its documents are large
	return docs, len(next) > 0, err
}

func (s *Service) page(ctx context.Context, caller access.Caller, org tenant.OrgID, after tenant.DocumentID,
	limit int,
) ([]tenant.Document, error) {
	return inside(ctx, s, visitor{caller, access.DocRead}, org, func(ctx context.Context, place tenant.Place) ([]tenant.Document, error) {
		return s.Documents.List(ctx, place.In(tenant.DefaultCollection), after, limit)
	})
}

// Put makes the document what data says, and reports whether it was not there before.
func (s *Service) Put(ctx context.Context, caller access.Caller, ref Ref, data tenant.Data,
	cond Condition,
) (doc tenant.Document, created bool, err error) {
	doc = s.fresh(data, IDs{ID: ref.ID})
	if cond.IfAbsent {
		doc, err = s.insert(ctx, caller, ref.Org, doc)
		if tenant.IsCode(err, tenant.CodeIDTaken) {
			err = tenant.Errorf(tenant.CodePrecondition, "a document with this id exists already")
		}
		return doc, err == nil, err
	}
	for range attempts {
		replaced, err := s.change(ctx, caller, ref, cond, func(tenant.Data) (tenant.Data, error) { return data, nil })
		if cond.If != (tenant.Revision{}) || !tenant.IsCode(err, tenant.CodeNotFound) {
			return replaced, false, err
		}
		if err := s.admits(ctx, ref.Org); err != nil {
			return doc, false, err // it was no document that was not found, or nobody can tell
		}
		inserted, err := s.insert(ctx, caller, ref.Org, doc)
		if !tenant.IsCode(err, tenant.CodeIDTaken) {
			return inserted, err == nil, err
		}
	}
	return doc, false, tenant.Errorf(tenant.CodeConflict, "others create and delete this document all the time; try again")
}

// Patch applies a JSON Merge Patch (RFC 7396) to the document.
func (s *Service) Patch(ctx context.Context, caller access.Caller, ref Ref, patch []byte,
	cond Condition,
) (tenant.Document, error) {
	return s.change(ctx, caller, ref, cond, func(data tenant.Data) (tenant.Data, error) {
		return tenant.MergePatch(data, patch)
	})
}

// Delete removes the document if it is in the state wanted; see [tenant.Revision.Demand].
func (s *Service) Delete(ctx context.Context, caller access.Caller, ref Ref, want tenant.Revision) error {
	_, err := inside(ctx, s, visitor{caller, access.DocWrite}, ref.Org, func(ctx context.Context, place tenant.Place) (struct{}, error) {
		return struct{}{}, s.Documents.Delete(ctx, place.In(tenant.DefaultCollection), ref.ID, want)
	})
	return err
}

func (s *Service) fresh(data tenant.Data, ids IDs) tenant.Document {
	now := tenant.Millis(s.Now())
	if ids.WriteID == "" {
		ids.WriteID = tenant.NewID()
	}
	return tenant.Document{ID: ids.ID, Data: data, Version: 1, CreatedAt: now, UpdatedAt: now, WriteID: ids.WriteID}
}

func (s *Service) insert(ctx context.Context, caller access.Caller, org tenant.OrgID, doc tenant.Document) (tenant.Document, error) {
	return inside(ctx, s, visitor{caller, access.DocWrite}, org, func(ctx context.Context, place tenant.Place) (tenant.Document, error) {
		return s.Documents.Insert(ctx, place.In(tenant.DefaultCollection), doc, s.Quota)
	})
}

func (s *Service) change(ctx context.Context, caller access.Caller, ref Ref, cond Condition,
	next func(tenant.Data) (tenant.Data, error),
) (tenant.Document, error) {
	now, writeID := tenant.Millis(s.Now()), tenant.NewID()
	return inside(ctx, s, visitor{caller, access.DocWrite}, ref.Org, func(ctx context.Context, place tenant.Place) (tenant.Document, error) {
		return s.Documents.Update(ctx, place.In(tenant.DefaultCollection), ref.ID, s.Quota, func(d *tenant.Document) error {
			if err := cond.If.Demand(d.Revision()); err != nil {
				return err
			}
			data, err := next(d.Data)
			if err != nil {
				return err
			}
			d.Data, d.UpdatedAt, d.WriteID = data, now, writeID
			return nil
		})
	})
}

// admits returns what keeps callers out of the organization's data; nil if nothing does.
func (s *Service) admits(ctx context.Context, org tenant.OrgID) error {
	visit, err := s.Gates.Enter(ctx, org)
	if err == nil {
		visit.Leave(nil)
	}
	return err
}

// visitor is a caller and what for.
type visitor struct {
	caller access.Caller
	action access.Action
}

// inside makes one store call inside the organization's gate.
func inside[T any](ctx context.Context, s *Service, who visitor, org tenant.OrgID,
	call func(context.Context, tenant.Place) (T, error),
) (got T, err error) {
	if err := s.Guard.Allow(ctx, who.caller, who.action, org); err != nil {
		return got, err
	}
	visit, err := s.Gates.Enter(ctx, org)
	if err != nil {
		return got, err
	}
	defer func() { visit.Leave(err) }()
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	got, err = call(ctx, visit.Org.Place())
	if errors.Is(err, store.ErrNoPlace) {
		err = s.lost(visit.Org, err)
	}
	return got, err
}

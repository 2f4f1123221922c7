package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Audit reads the log; writing happens inside each mutation.
type Audit interface {
	// List returns the entries of an organization ("" for those of the installation) with Seq above after, in ascending
	// order. Entries outlive their organization. Seq has no gaps, and PrevHash is the Hash of the entry before, "" for the
	// first.
	List(ctx context.Context, org tenant.OrgID, after int64, limit int) ([]tenant.AuditEntry, error)
}

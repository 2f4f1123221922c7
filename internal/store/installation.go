package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Installation keeps what is fixed at the first start.
type Installation interface {
	// Found stores the installation if there is none, and returns the stored one. Of concurrent calls one is stored and all
	// return it.
	Found(ctx context.Context, installation tenant.Installation) (tenant.Installation, error)
}

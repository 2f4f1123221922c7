package store

import (
	"context"

	"github.com/orgd/orgd/internal/tenant"
)

// Installation keeps what is fixed for good: the id by whatever comes first, the issuer by the first server that is ready.
type Installation interface {
	// Found stores the installation if there is none, with or without an issuer, and returns the stored one. Of concurrent
	// calls one is stored and all return it.
	Found(ctx context.Context, installation tenant.Installation) (tenant.Installation, error)
	// SetIssuer sets the issuer if there is none, and returns the installation as it is stored then. CodeNotFound if none
	// was founded. Of concurrent calls one sets it and all return that one's.
	SetIssuer(ctx context.Context, issuer string) (tenant.Installation, error)
}

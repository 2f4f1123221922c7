package httpapi

import (
	"context"
	"encoding/json"

	"github.com/orgd/orgd/internal/access"
)

type keySetOutput struct {
	CacheControl string          `header:"Cache-Control" doc:"How long the keys may be kept: a new one signs later than that."`
	Body         json.RawMessage `doc:"A JSON Web Key Set (RFC 7517)."`
}

// getKeySet publishes the signing keys. A new key is published longer before it signs than the answer may be cached.
func (s *Server) getKeySet(ctx context.Context, _ access.Caller, _ *struct{}) (*keySetOutput, error) {
	keys, err := s.deps.JWKS(ctx)
	if err != nil {
		return nil, err
	}
	return &keySetOutput{CacheControl: "public, max-age=300", Body: keys}, nil
}

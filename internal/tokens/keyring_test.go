package tokens_test

import (
	"context"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// countedKeys counts how often the store is read.
type countedKeys struct {
	store.Keys
	reads int
}

func (c *countedKeys) List(ctx context.Context) ([]tenant.Key, error) {
	c.reads++
	return c.Keys.List(ctx)
}

// Tokens of keys that nobody has do not make a server read its store for each.
func TestStrangeKeysCauseOneReadInFiveSeconds(t *testing.T) {
	h, foreign := newHouse(t), newHouse(t)
	counted := &countedKeys{Keys: h.store.Keys}
	h.store.Keys = counted
	s, other := h.serve(nil), foreign.serve(nil)
	h.accepts(s, h.mint(s, h.claims()))
	for round := range 3 {
		before := counted.reads
		for range 50 {
			h.refuses(s, foreign.mint(other, h.claims()))
		}
		if got := counted.reads - before; got != 1 {
			t.Errorf("round %d: 50 strange tokens cause %d reads, want 1", round, got)
		}
		h.clock.advance(5 * time.Second)
		h.accepts(s, h.mint(s, h.claims())) // what is known is of this moment
	}
}

// What verifiers and operators are told of keys, in numbers: a new one is known before it signs, and a revocation soon holds.
func TestTimesOfKeys(t *testing.T) {
	if tokens.PublishAhead != 10*time.Minute || tokens.JWKSMaxAge != 300*time.Second || tokens.MaxAge > 2*time.Second {
		t.Errorf("a key is published %v ahead, cached for %v, known for %v", tokens.PublishAhead, tokens.JWKSMaxAge, tokens.MaxAge)
	}
}

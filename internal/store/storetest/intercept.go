package storetest

import (
	"context"

	"github.com/orgd/orgd/internal/store"
)

// Around is called in place of each method of the contract. It makes the call, or not, and returns what the caller of the
// method is told; with an error, the caller gets no value besides.
type Around func(ctx context.Context, method string, call func() error) error

// Intercept returns a store whose every method goes through around on the way to inner.
func Intercept(inner store.Store, around Around) store.Store {
	return store.Store{
		Orgs:         aroundOrgs{inner.Orgs, around},
		Users:        aroundUsers{inner.Users, around},
		Operators:    aroundOperators{inner.Operators, around},
		Sessions:     aroundSessions{inner.Sessions, around},
		Keys:         aroundKeys{inner.Keys, around},
		Documents:    aroundDocuments{inner.Documents, around},
		Places:       aroundPlaces{inner.Places, around},
		Audit:        aroundAudit{inner.Audit, around},
		Instances:    aroundInstances{inner.Instances, around},
		Throttle:     aroundThrottle{inner.Throttle, around},
		Idempotency:  aroundIdempotency{inner.Idempotency, around},
		Installation: aroundInstallation{inner.Installation, around},
		Transfer:     interceptTransfer(inner.Transfer, around),
		Health:       aroundHealth{inner.Health, around},
	}
}

// with is around for a call that returns a value.
func with[V any](ctx context.Context, around Around, method string, call func() (V, error)) (V, error) {
	var value, none V
	err := around(ctx, method, func() (err error) {
		value, err = call()
		return err
	})
	if err != nil {
		return none, err
	}
	return value, nil
}

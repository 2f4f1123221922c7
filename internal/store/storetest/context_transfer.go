package storetest

import (
	"context"
	"maps"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// transferCalls are the calls of the store as it is.
func (sc scene) transferCalls(d *desk) calls {
	homes, standing := d.Transfer.Homes, d.Transfer.Standing
	all := calls{
		"Transfer.Homes.All": func(ctx context.Context) error { return errOf(homes.All(ctx)) },
		"Transfer.Homes.Scan": func(ctx context.Context) error {
			return errOf(homes.Scan(ctx, store.Home{Place: sc.place}, "", 1))
		},
		"Transfer.Homes.Load": func(ctx context.Context) error {
			return homes.Load(ctx, sc.place, []tenant.Document{loadedDocument("loaded")})
		},
		"Transfer.Homes.Remove": func(ctx context.Context) error {
			return homes.Remove(ctx, sc.place, []tenant.DocumentID{sc.doc.ID})
		},
		"Transfer.Standing.Get": func(ctx context.Context) error { return errOf(standing.Get(ctx)) },
		"Transfer.Standing.Swap": func(ctx context.Context) error {
			return standing.Swap(ctx, tenant.Standing{}, tenant.Standing{})
		},
	}
	maps.Copy(all, tableCalls("Transfer.Orgs", orgRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Users", userRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Operators", operatorRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Sessions", sessionRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Keys", keyRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Idempotency", idempotencyRecords(d)))
	maps.Copy(all, tableCalls("Transfer.Audit", entryRecords(d)))
	return all
}

func tableCalls[T any](noun string, r records[T]) calls {
	return calls{
		noun + ".Scan":  func(ctx context.Context) error { return errOf(r.table.Scan(ctx, nil, 1)) },
		noun + ".Add":   func(ctx context.Context) error { return r.table.Add(ctx, []T{r.full()}) },
		noun + ".Clear": r.table.Clear,
	}
}

// Package migration owns the move of an installation from one store to another: its tenants' documents, its catalog, its keys and
// its audit log, verified, with the source left as it was. cmd/orgd calls it; it knows stores by the contract alone, so that every
// pair of them works both ways.
//
// The invariant: at no moment are both stores in use. The source is closed, or held by its lock, until the target is complete and
// verified; then it is retired, and only after that is the target in use. A move that is cut short anywhere goes on when it is run
// again: what the target has is compared and not believed.
package migration

// Package sqlite keeps orgd's data in a folder of SQLite files: the catalog in orgd.db, each tenant's documents in
// tenants/<organization id>.db, deleted ones in trash/. Only cmd/orgd names it; everything else speaks to internal/store.
//
// Invariants: one process works on a folder at a time (a lock). Each file has one writer and a few readers. What a call
// acknowledges is on disk. A tenant's file is opened only where it holds that tenant's id, is never made by opening it,
// and never moves while anybody uses it or a log lies beside it.
package sqlite

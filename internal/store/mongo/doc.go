// Package mongo keeps orgd's data in MongoDB, or in an engine that speaks its protocol: the catalog in ORGD_DATABASE, the
// server's secrets and logins in <ORGD_DATABASE>_private, tenants' documents in collections org_<slug>. Only cmd/orgd names
// it; everything else speaks to internal/store.
//
// Invariants: each method is one write of one document, acknowledged by a majority. What is ours carries the field layout,
// above zero while it lives; unique indexes and queries are limited to it, so that documents of others neither break nor
// count. An audit entry lies in the outbox of the document that it is about until the relay has moved it. A tenant's
// collection is used only where the collection places says that we made it for this organization.
package mongo

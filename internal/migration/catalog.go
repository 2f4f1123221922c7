package migration

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// copyCatalog copies every table, compares both sides, and adds the entry of the move to the log. Counters of attempts and the list
// of servers stay behind: they are of the servers that were.
func (m *mover) copyCatalog(ctx context.Context) (records int64, err error) {
	var last tenant.AuditEntry
	tables := m.tables(&last)
	steps := int64(2 * len(tables))
	for i, t := range tables {
		m.meter.catalog(int64(i), steps)
		if err := m.still(ctx); err != nil {
			return records, err
		}
		n, err := t.copy(ctx)
		if err != nil {
			return records, fmt.Errorf("copy the %s: %w", t.name, err)
		}
		records += n
	}
	for i, t := range tables {
		m.meter.catalog(int64(len(tables)+i), steps)
		if err := m.still(ctx); err != nil {
			return records, err
		}
		if err := t.compare(ctx); err != nil {
			return records, fmt.Errorf("compare the %s: %w", t.name, err)
		}
	}
	m.entry.Seq, m.entry.PrevHash = last.Seq+1, ""
	if last.Seq > 0 {
		m.entry.PrevHash = last.Hash()
	}
	err = m.target.Transfer.Audit.Add(ctx, []tenant.AuditEntry{m.entry})
	m.meter.catalog(steps, steps)
	return records, err
}

// tables are those of the catalog in the order in which they are copied. Last becomes the log's last entry about the installation.
func (m *mover) tables(last *tenant.AuditEntry) []table {
	from, to := m.source.Transfer, m.target.Transfer
	return []table{
		tableOf("keys", from.Keys, to.Keys, func(k tenant.Key) (tenant.Key, error) {
			sealed, known := m.keys[k.ID]
			if !known || sealed.Version != k.Version {
				return k, refuse("a key of %s changed meanwhile; run this again", m.source.Name)
			}
			return sealed, nil
		}),
		tableOf("organizations", from.Orgs, to.Orgs, m.asMoved),
		tableOf("people", from.Users, to.Users, asIs),
		tableOf("operators", from.Operators, to.Operators, asIs),
		tableOf("sessions", from.Sessions, to.Sessions, asIs),
		tableOf("idempotency records", from.Idempotency, to.Idempotency, asIs),
		tableOf("audit log", from.Audit, to.Audit, func(e tenant.AuditEntry) (tenant.AuditEntry, error) {
			if e.Org == "" {
				*last = e
			}
			return e, nil
		}),
	}
}

// sealKeys makes the keys ready for the target, and refuses those that nobody could use there, before anything is copied.
func (m *mover) sealKeys(ctx context.Context) error {
	m.keys = map[tenant.KeyID]tenant.Key{}
	for k, err := range records(ctx, m.source.Transfer.Keys) {
		if err != nil {
			return err
		}
		if m.keys[k.ID], err = m.Reseal(*k); err != nil {
			return tenant.Wrap(tenant.CodeConflict, err, "the server's keys cannot be moved")
		}
	}
	return nil
}

// asIs leaves a record as it is.
func asIs[T any](record T) (T, error) { return record, nil }

// asMoved gives an organization the placement of its home on the target. Its claims name its physical name, which stays. One that
// came or changed since its documents were listed would go without them.
func (m *mover) asMoved(o tenant.Organization) (tenant.Organization, error) {
	if version, known := m.versions[o.ID]; !known || version != o.Version {
		return o, refuse("an organization of %s changed meanwhile; run this again", m.source.Name)
	}
	o.Placement = normal(o.Placement)
	return o, nil
}

// table is one table of the catalog.
type table struct {
	name string
	// copy empties the target's and writes the source's records there, and returns how many they are.
	copy func(ctx context.Context) (int64, error)
	// compare fails unless the target's are the source's.
	compare func(ctx context.Context) error
}

// tableOf returns a table whose records are changed on their way.
func tableOf[T any](name string, from, to store.Table[T], change func(T) (T, error)) table {
	source := func(ctx context.Context) func(yield func([]T, error) bool) {
		return pages(func(after *T) ([]T, error) { return from.Scan(ctx, after, pageSize) })
	}
	return table{
		name: name,
		copy: func(ctx context.Context) (n int64, err error) {
			if err := to.Clear(ctx); err != nil {
				return n, err
			}
			for page, err := range source(ctx) {
				if err == nil {
					page, err = changed(page, change)
				}
				if err == nil {
					err = to.Add(ctx, page)
				}
				if err != nil {
					return n, err
				}
				n += int64(len(page))
			}
			return n, nil
		},
		compare: func(ctx context.Context) error { return compare(ctx, from, to, change) },
	}
}

// changed returns a page with its records changed, and leaves the page as it is, since its last record leads to the next.
func changed[T any](page []T, change func(T) (T, error)) (out []T, err error) {
	out = make([]T, len(page))
	for i := range page {
		if out[i], err = change(page[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// compare reads both tables, page by page.
func compare[T any](ctx context.Context, from, to store.Table[T], change func(T) (T, error)) error {
	var after *T
	for n := 0; ; n += pageSize {
		here, err := from.Scan(ctx, after, pageSize)
		if err != nil {
			return err
		}
		there, err := to.Scan(ctx, after, pageSize)
		if err != nil {
			return err
		}
		want, err := changed(here, change)
		if err != nil {
			return err
		}
		i, err := firstDifference(want, there)
		switch {
		case err != nil:
			return err
		case i >= 0:
			return tenant.Errorf(tenant.CodeInternal, "record %d is not what was written; nothing of it is used", n+i+1)
		case len(here) == 0:
			return nil
		}
		after = &here[len(here)-1]
	}
}

// firstDifference returns the number of the first record that is not what it should be, or -1.
func firstDifference[T any](want, got []T) (int, error) {
	for i := range min(len(want), len(got)) {
		right, err := encode(want[i])
		if err != nil {
			return i, err
		}
		found, err := encode(got[i])
		if err != nil {
			return i, err
		}
		if !bytes.Equal(right, found) {
			return i, nil
		}
	}
	if len(want) != len(got) {
		return min(len(want), len(got)), nil
	}
	return -1, nil
}

// encode returns every field of a record as text. A list that is empty is none, and claims have no order.
func encode(record any) ([]byte, error) {
	switch r := record.(type) {
	case tenant.Organization:
		r.Claims = slices.Sorted(slices.Values(r.Claims))
		record = r
	case tenant.User:
		r.Claims = slices.Sorted(slices.Values(r.Claims))
		record = r
	}
	return json.Marshal(record, json.Deterministic(true))
}

package migration

import (
	"context"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// pageSize is how many records or documents are read and written at once.
const pageSize = 1000

// wantRest refuses a source in which something is half done: only a server, or a command that has the folder to itself, can finish
// it, and the move leaves the source as it is.
func (m *mover) wantRest(ctx context.Context) error {
	busy := 0
	for o, err := range records(ctx, m.source.Transfer.Orgs) {
		if err != nil {
			return err
		}
		if !o.AtRest() {
			busy++
		}
	}
	pending := 0
	for u, err := range records(ctx, m.source.Transfer.Users) {
		if err != nil {
			return err
		}
		if u.Pending() {
			pending++
		}
	}
	if busy+pending == 0 {
		return nil
	}
	return refuse("%s has %d organizations with an operation under way and %d people with a change of address; start orgd there once, so that it finishes them, stop it, and run this again",
		m.source.Name, busy, pending)
}

// records are all of a table.
func records[T any](ctx context.Context, t store.Table[T]) func(yield func(*T, error) bool) {
	return func(yield func(*T, error) bool) {
		for page, err := range pages(func(after *T) ([]T, error) { return t.Scan(ctx, after, pageSize) }) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
			}
		}
	}
}

// documents are the pages of a home.
func documents(ctx context.Context, h store.Homes, home store.Home) func(yield func([]tenant.Document, error) bool) {
	return pages(func(after *tenant.Document) ([]tenant.Document, error) {
		var id tenant.DocumentID
		if after != nil {
			id = after.ID
		}
		return h.Scan(ctx, home, id, pageSize)
	})
}

// pages are what scan returns until it returns nothing. A page may be short with more behind it.
func pages[T any](scan func(after *T) ([]T, error)) func(yield func([]T, error) bool) {
	return func(yield func([]T, error) bool) {
		var after *T
		for {
			page, err := scan(after)
			if len(page) == 0 && err == nil || !yield(page, err) || err != nil {
				return
			}
			after = &page[len(page)-1]
		}
	}
}

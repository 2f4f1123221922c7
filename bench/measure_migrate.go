package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/internal/tenant"
)

// moved is how many documents a move has, at most.
const moved = 100_000

// measureMigrate compares orgd migrate from a folder to MongoDB, from its start to its end, with a bare loop that reads the same files
// and inserts the same documents by the thousand, and verifies nothing.
func measureMigrate(ctx context.Context, b *bench) (rows []row, err error) {
	documents := min(b.docs, moved)
	for _, orgs := range []int{documents / 100, 1} {
		all, err := b.migrations(ctx, orgs, documents/orgs)
		if err != nil {
			return rows, err
		}
		what := fmt.Sprintf("orgd migrate to MongoDB, %d organizations with %d documents each, beside read and insertMany", orgs, documents/orgs)
		rows = append(rows, all.compare(what, value, perSecond, atLeast(0.6)))
	}
	return rows, nil
}

// migrations moves so many organizations in turns with the bare loop.
func (b *bench) migrations(ctx context.Context, orgs, documents int) (_ turns, err error) {
	name := fmt.Sprintf("migrate-%d", orgs)
	in, err := b.fill(ctx, name, orgs)
	if err != nil {
		return turns{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(in.Dir)) }()
	if err := in.AddFiles(in.Orgs...); err != nil {
		return turns{}, err
	}
	for _, o := range in.Orgs {
		if err := in.AddDocuments(ctx, o, documents); err != nil {
			return turns{}, err
		}
	}
	total := float64(orgs * documents)
	return b.alternate(ctx, func(ctx context.Context) (turn, error) { return b.migrateOnce(ctx, in, total) },
		func(ctx context.Context) (turn, error) {
			t, err := b.shared(ctx)
			if err != nil {
				return turn{}, err
			}
			t.Dir = in.Dir
			r, err := b.do(ctx, "insert-many", t)
			return turn{value: r.Rate}, err
		})
}

// migrateOnce moves a copy of a folder to a database that goes with it.
func (b *bench) migrateOnce(ctx context.Context, in *bulk.Installation, documents float64) (_ turn, err error) {
	t, err := b.shared(ctx)
	if err != nil {
		return turn{}, err
	}
	defer func() { err = errors.Join(err, forget(context.WithoutCancel(ctx), t)) }()
	dir := b.folder("migrate-" + tenant.NewID())
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := errors.Join(os.CopyFS(dir, os.DirFS(in.Dir)), closeFolder(dir)); err != nil {
		return turn{}, err
	}
	keys := b.folder(t.Base + ".key")
	if out, err := exec.CommandContext(ctx, b.binary, "keys", "file", keys).CombinedOutput(); err != nil {
		return turn{}, fmt.Errorf("make a key file: %s (%w)", out, err)
	}
	command := exec.CommandContext(ctx, b.binary, "migrate")
	command.Env = append(os.Environ(), "ORGD_STORE=sqlite:"+dir, "ORGD_MIGRATE_TO="+t.URI, "ORGD_DATABASE="+t.Base, "ORGD_KEY_FILE="+keys)
	began := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		return turn{}, fmt.Errorf("orgd migrate: %s (%w)", out, err)
	}
	return turn{value: documents / time.Since(began).Seconds()}, nil
}

// closeFolder closes a copied data folder to other users, as orgd wants it.
func closeFolder(dir string) error {
	for _, d := range []string{dir, dir + "/tenants", dir + "/trash"} {
		if err := os.Chmod(d, 0o700); err != nil { //nolint:gosec // G302: a folder, which its owner must enter
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/sqlite"
)

// dataFolder is the embedded store in a folder. Its lock lets one process in at a time: commands go to the server that holds
// it, through a socket in the folder, and take it themselves where there is none.
type dataFolder string

func (f dataFolder) open(ctx context.Context, as role, log *slog.Logger, now func() time.Time) (*opened, error) {
	if as != serving {
		if err := checkFolder(string(f), as == founding); err != nil {
			return nil, err
		}
	}
	db, err := sqlite.Open(ctx, sqlite.Options{Dir: string(f), Log: log, Now: now})
	if err != nil {
		return nil, err
	}
	place, err := filepath.Abs(string(f))
	if err != nil {
		place = string(f)
	}
	return &opened{
		store: db.Store(), place: place, name: "sqlite:" + place, orphans: db.Orphans, dearest: db.DearestHash, close: db.Close,
		backup: func(ctx context.Context, dest string, progress func(control.Progress)) ([]string, error) {
			lacks, err := db.Backup(ctx, dest, report(progress))
			return sentences(lacks), err
		},
	}, nil
}

func (f dataFolder) ask(ctx context.Context, request control.Request, out control.Output) error {
	return control.Call(ctx, string(f), request, out)
}

func (f dataFolder) listen(log *slog.Logger) (*control.Server, error) {
	return control.Listen(string(f), log)
}

func (dataFolder) foreign(context.Context, config.URI, string, store.ForeignFields) (foreignDatabase, error) {
	return nil, errors.New("organizations are adopted where they are, on MongoDB: set ORGD_STORE to that server and ORGD_KEY_FILE, and afterwards \"orgd migrate --to sqlite:FOLDER\" brings everything into a folder")
}

func (f dataFolder) restore(ctx context.Context, src string, progress func(control.Progress)) (string, []string, error) {
	lacks, err := sqlite.Restore(ctx, src, string(f), report(progress))
	return string(f), sentences(lacks), err
}

func sentences(lacks []sqlite.Lack) (list []string) {
	for _, lack := range lacks {
		list = append(list, lack.String())
	}
	return list
}

func report(progress func(control.Progress)) func(done, total int, what string) {
	return func(done, total int, what string) { progress(control.Progress{Done: done, Total: total, What: what}) }
}

func (dataFolder) admits(string) error { return nil }

// checkFolder refuses to work on a folder that does not exist, unless it may be made, and on one of another user: root could,
// but the owner's server could not open the files that root leaves there.
func checkFolder(dir string, mayMake bool) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) && !mayMake {
		return fmt.Errorf("there is no data folder %s; start orgd there first, or name another one with --store sqlite:FOLDER", dir)
	}
	if err == nil { // opening it says what else may be wrong
		if owner, known := ownerOf(info); known && owner != os.Geteuid() {
			return fmt.Errorf("the data folder %s belongs to user %d; run this command as that user, or while its server runs", dir, owner)
		}
	}
	return nil
}

var _ backend = dataFolder("")

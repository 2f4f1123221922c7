package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/control"
)

// backupCommand copies everything to a new folder.
type backupCommand struct {
	Dest string `json:"dest" arg:"" help:"Folder to make; it must not exist yet."`
}

// Help teaches the command.
func (backupCommand) Help() string {
	return `A running server makes the copy while it serves, as its own user, so the folder must be one that it may make. Each
organization's copy is consistent at its own moment; the manifest in the folder says when. Signing keys are not part of it.
Where an organization's file is lost or damaged, the copy has all others, and the command names it and ends with 1.
A MongoDB is copied by its own mongodump.

Examples:

    orgd backup /backups/monday
    orgd restore /backups/monday --store sqlite:/srv/orgd`
}

// Run has the copy made. The path is made absolute here, since the server works in another folder.
func (c *backupCommand) Run(ctx context.Context, p *process) error {
	dest, err := filepath.Abs(c.Dest)
	if err != nil {
		return err
	}
	return p.administer(ctx, "backup", &backupCommand{Dest: dest}, "")
}

func (c *backupCommand) run(ctx context.Context, a *app, _ string, out control.Output) error {
	if _, err := a.guard.Authorize(ctx, access.Console(), access.Backup, ""); err != nil {
		return err
	}
	lacks, err := a.backup(ctx, c.Dest, out.Progress)
	if err != nil {
		return err
	}
	if err := printLacks(out, "Backed up to "+c.Dest, lacks); err != nil || len(lacks) == 0 {
		return err
	}
	return errors.New("the backup is whole but for those organizations: put a file from an older backup in the place of each, or delete the organization")
}

// printLacks prints what was done, and but for what.
func printLacks(out io.Writer, done string, lacks []string) error {
	if len(lacks) == 0 {
		_, err := fmt.Fprintf(out, "%s.\n", done)
		return err
	}
	_, err := fmt.Fprintf(out, "%s, but for:\n  %s\n", done, strings.Join(lacks, "\n  "))
	return err
}

// restoreCommand makes a data folder from a backup.
type restoreCommand struct {
	Src string `arg:"" help:"Folder that orgd backup made."`
}

// Help teaches the command.
func (restoreCommand) Help() string {
	return `Makes the data folder of ORGD_STORE, which must be empty or not exist: nothing is ever replaced. Afterwards there are new
signing keys and no sessions, so everybody signs in again. What the backup lacks is said.

Example:

    orgd restore /backups/monday --store sqlite:/srv/orgd`
}

// Run makes the folder.
func (c *restoreCommand) Run(ctx context.Context, p *process) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	shown := newProgress(p.stderr)
	defer shown.end()
	place, lacks, err := backendOf(&loaded.Config).restore(ctx, c.Src, shown.show)
	if err != nil {
		return err
	}
	return printLacks(p.stdout, fmt.Sprintf("Restored %s to %s", c.Src, place), lacks)
}

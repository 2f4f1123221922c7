package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/tokens"
)

// migrateCommand moves everything to another store.
type migrateCommand struct {
	To         string `help:"Where to: sqlite:FOLDER, or the URI of a MongoDB server; empty, or not there yet. A URI with a password goes into ORGD_MIGRATE_TO, or into the file that ORGD_MIGRATE_TO_FILE names." placeholder:"STORE"`
	ToDatabase string `help:"Database of the catalog there; that of ORGD_DATABASE if not given." placeholder:"NAME"`
	Parallel   int    `help:"How many organizations are copied at once." default:"4"`
	Cancel     bool   `help:"Give up a move from a MongoDB that was not finished, so that servers may use that again."`
}

// Help teaches the command.
func (migrateCommand) Help() string {
	return `Copies every organization with its documents, people, sessions, keys and the audit log from ORGD_STORE to the other store,
reads everything back and compares it. Then the old store is retired, which is its only change, and the new one is in use:
tokens and passwords go on working. Servers are stopped meanwhile. A move that was interrupted goes on when it is run again.

Examples:

    orgd migrate --to mongodb://host/ --key-file /etc/orgd/key
    ORGD_MIGRATE_TO_FILE=/run/secrets/uri orgd migrate --to-database orgd2
    ORGD_STORE=mongodb://host/ ORGD_KEY_FILE=/etc/orgd/key orgd migrate --to sqlite:/srv/orgd
    ORGD_STORE=mongodb://host/ ORGD_KEY_FILE=/etc/orgd/key orgd migrate --cancel`
}

// grace is how much longer than its lease a server is silent until it counts as dead; see internal/presence.
const grace = 2 * time.Second

// mostParallel bounds --parallel: more organizations at once than connections would only wait.
const mostParallel = 50

// Run moves the installation.
func (c *migrateCommand) Run(ctx context.Context, p *process) error {
	if c.Parallel < 1 || c.Parallel > mostParallel {
		return fmt.Errorf("--parallel is from 1 to %d", mostParallel)
	}
	loaded, err := p.config()
	if err != nil {
		return err
	}
	log := newLog(p, &loaded.Config, quiet)
	defer closeLog(ctx, log)
	move := move{process: p, config: &loaded.Config, log: log.Logger()}
	if c.Cancel {
		return move.cancel(ctx)
	}
	return move.run(ctx, c)
}

// move is one run of the command.
type move struct {
	*process

	config *config.Config
	log    *slog.Logger
}

// run opens both stores, moves, and tells.
func (m *move) run(ctx context.Context, c *migrateCommand) (err error) {
	to, err := c.target(m.sources(), m.config)
	if err != nil {
		return err
	}
	keyFile, err := readKeyFile(m.config.KeyFile)
	if err != nil {
		return err
	}
	if sameFolder(m.config.Store.Dir, to.store.Dir) {
		return fmt.Errorf("%s is both where the installation is and where it should go; name another place with --to", to.store.Dir)
	}
	source, err := backendOf(m.config).open(ctx, commanding, m.log, m.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	target, err := backendFor(to.store, to.database, m.config.Lease).open(ctx, founding, m.log, m.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	shown := newProgress(m.stderr)
	shown.now = m.now
	report, err := migration.Run(ctx, access.Console(), source.side(), target.side(), m.options(c, keyFile, shown))
	shown.end()
	if err != nil {
		return m.unfinished(ctx, err, source)
	}
	return m.tell(report, source, target, to)
}

// options are what the move goes by.
func (m *move) options(c *migrateCommand, keyFile []byte, shown *progress) migration.Options {
	return migration.Options{
		Guard:    access.NewGuard(access.Policy{}, m.now),
		Reseal:   func(key tenant.Key) (tenant.Key, error) { return tokens.Reseal(key, keyFile) },
		Parallel: c.Parallel, Silence: m.config.Lease + grace, Now: m.now,
		Progress: func(p migration.Progress) {
			shown.show(control.Progress{Done: int(p.Done), Total: int(p.Total), What: string(p.What)})
		},
		Warn: func(line string) { shown.note("orgd: " + line) },
	}
}

// side is the store as a move takes it.
func (o *opened) side() migration.Side {
	return migration.Side{Store: o.store, Name: o.name, Shared: o.shared}
}

// destination is where the installation is to go.
type destination struct {
	store    config.Store
	database string
	settings string // what ORGD_DATABASE has to be then, if it changes
}

// target reads where to.
func (c *migrateCommand) target(sources config.Sources, now *config.Config) (destination, error) {
	store, err := config.MigrateTo.Load(sources, c.To)
	if err != nil {
		return destination{}, err
	}
	d := destination{store: store, database: now.Database}
	if c.ToDatabase != "" {
		if err := config.CheckDatabase("--to-database", c.ToDatabase); err != nil {
			return d, err
		}
		if d.database = c.ToDatabase; d.database != now.Database {
			d.settings = " and ORGD_DATABASE to " + d.database
		}
	}
	if store.URI != "" && now.KeyFile == "" {
		return d, errors.New("on a MongoDB server the server's keys may lie encrypted only: make a key file with \"orgd keys file PATH\" and set ORGD_KEY_FILE to its path, now and for the servers there")
	}
	return d, nil
}

// sameFolder reports whether two data folders are one, as far as their names and what lies there tell.
func sameFolder(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	left, errA := filepath.Abs(a)
	right, errB := filepath.Abs(b)
	if errA == nil && errB == nil && left == right {
		return true
	}
	here, errA := os.Stat(a)
	there, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(here, there)
}

// unfinished says of a move that failed, or was interrupted, what has become of the source. Where another run goes on with the move, the
// source is that one's, and nobody should open it.
func (m *move) unfinished(ctx context.Context, why error, source *opened) error {
	why = &cleanError{why}
	if ctx.Err() != nil {
		why = errors.New("interrupted; nothing is lost, and the same command goes on where this one stopped")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	s, err := source.store.Transfer.Standing.Get(ctx)
	if err == nil && s.Phase == tenant.PhaseClosed && !errors.Is(why, migration.ErrTakenOver) {
		return fmt.Errorf("%w; until then %s stays closed, and orgd migrate --cancel opens it", why, source.name)
	}
	return why
}

// cleanError is an error that may quote the id of a document, as a terminal may show it.
type cleanError struct{ error }

// Unwrap returns the error as it was.
func (e *cleanError) Unwrap() error { return e.error }

// mostErrorText is how many bytes of such an error are shown.
const mostErrorText = 1000

// Error implements error. It cleans word by word, so that a long word leaves what is behind it to be read.
func (e *cleanError) Error() string {
	words := strings.Fields(e.error.Error())
	for i, word := range words {
		words[i] = access.CleanClientText(word)
	}
	text := strings.Join(words, " ")
	if len(text) <= mostErrorText {
		return text
	}
	return strings.ToValidUTF8(text[:mostErrorText], "") + "..."
}

// tell says what was done, and what to do next.
func (m *move) tell(r migration.Report, source, target *opened, to destination) error {
	text := fmt.Sprintf("Moved %d organizations (%d of them in the trash), %d documents and %d records of the catalog to %s, and read everything back.\n",
		r.Organizations, r.Trashed, r.Documents, r.Records, target.name)
	if r.Before {
		text = fmt.Sprintf("Everything had been copied to %s and read back before.\n", target.name)
	}
	text += fmt.Sprintf("Now set ORGD_STORE to it%s", to.settings)
	if m.config.KeyFile != "" {
		text += ", keep ORGD_KEY_FILE"
	}
	text += fmt.Sprintf(", and start orgd. %s is retired; keep it as it is, as a copy of today, or remove it.\n", source.name)
	_, err := fmt.Fprint(m.stdout, text)
	return err
}

// cancel opens the source again.
func (m *move) cancel(ctx context.Context) (err error) {
	source, err := backendOf(m.config).open(ctx, commanding, m.log, m.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	if err := migration.Cancel(ctx, source.side()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.stdout, "%s is in use again. What was copied of it is worth nothing until a move is run again.\n", source.name)
	return err
}

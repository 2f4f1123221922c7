package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/orgd/orgd/internal/control"
)

// keysRenew makes new secrets for those that nobody can decrypt any more.
type keysRenew struct {
	Yes bool `help:"Do it without asking."`
}

// renewal says what it means, before it is done.
const renewal = `This discards the server's secrets that the present ORGD_KEY_FILE does not decrypt, and makes new ones under it. If there is
a copy of the lost file, set ORGD_KEY_FILE to the copy instead.

Everybody has to sign in again, open links for a new password are worth nothing, and idempotency keys of the last day are
forgotten. Passwords, people and data stay as they are.

Stop all servers first. On MongoDB nothing keeps them from running: one that has another key file serves nobody afterwards, until
it is started again with this one.
`

// Help teaches the command.
func (keysRenew) Help() string {
	return renewal + `
Secrets that can be decrypted stay; where all can be, nothing is done.

Example:

    orgd keys file /etc/orgd/new-key
    ORGD_KEY_FILE=/etc/orgd/new-key orgd keys renew`
}

// Run asks, and does it in this process: a server cannot run with secrets that are lost, and one that runs has not lost them.
func (c *keysRenew) Run(ctx context.Context, p *process) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	if !c.Yes {
		if err := p.confirm(ctx, renewal, "renew"); err != nil {
			return err
		}
	}
	return p.doAlone(ctx, &loaded.Config, alone{as: renewing, do: renewedKeys{}, out: control.Output{Writer: p.stdout}})
}

// renewedKeys tells what the opening of the store with the role renewing has done. No server is asked for it.
type renewedKeys struct{}

func (renewedKeys) run(_ context.Context, a *app, _ string, out control.Output) error {
	if len(a.renewed) == 0 {
		_, err := fmt.Fprintln(out, "Nothing was done: all secrets can be decrypted.")
		return err
	}
	for i := range a.renewed {
		_, _ = fmt.Fprintf(out, "Discarded the %s key %s.\n", a.renewed[i].Purpose, a.renewed[i].ID)
	}
	_, err := fmt.Fprintln(out, "Made new ones. Start the servers with this ORGD_KEY_FILE; everybody has to sign in again.")
	return err
}

// confirm shows what an act means and has its word typed on the terminal, else there is an error.
func (p *process) confirm(ctx context.Context, means, word string) error {
	if terminal, ok := p.stdin.(*os.File); !ok || !isTerminal(terminal) {
		return errors.New("this needs a confirmation: read what it means with --help, and give --yes")
	}
	_, _ = fmt.Fprintf(p.stderr, "%s\nType %q to go on: ", means, word)
	typed, err := entered(ctx, func() (string, error) { return readLine(p.stdin) })
	switch {
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(p.stderr)
		return ctx.Err()
	case err != nil || typed != word:
		return errors.New("nothing was done")
	default:
		return nil
	}
}

package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/tenant"
)

// keysList lists signing keys.
type keysList struct{}

// Run has the list made.
func (c *keysList) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "keys list", c, "")
}

func (*keysList) run(ctx context.Context, a *app, _ string, out control.Output) error {
	keys, err := a.authn.ListKeys(ctx, access.Console())
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KID\tSTATE\tCREATED\tSIGNS FROM\tENCRYPTED")
	now := a.now()
	for i := range keys {
		key := &keys[i]
		if key.Purpose != tenant.KeySigning {
			continue
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%t\n", key.ID, keyState(key, now), keyTime(key.CreatedAt), keyTime(key.SignsFrom), key.Sealed)
	}
	return table.Flush()
}

func keyTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// keyState says in a word what a key is for now.
func keyState(key *tenant.Key, now time.Time) string {
	switch {
	case !key.RevokedAt.IsZero():
		return "revoked"
	case !key.RetiredAt.IsZero() && !key.RetiredAt.After(now):
		return "retired"
	case key.SignsFrom.After(now):
		return "published"
	default:
		return "signing"
	}
}

// keysRotate publishes a new signing key.
type keysRotate struct{}

// Help teaches the command.
func (keysRotate) Help() string {
	return `The new key is published at /.well-known/jwks.json at once and signs ten minutes later, when every verifier knows it. The old
one stays until its last token is dead: nobody has to sign in again.`
}

// Run has the key made.
func (c *keysRotate) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "keys rotate", c, "")
}

func (*keysRotate) run(ctx context.Context, a *app, _ string, out control.Output) error {
	key, err := a.authn.RotateKey(ctx, access.Console())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Published key %s; it signs from %s on.\n", key.ID, keyTime(key.SignsFrom))
	return err
}

// keysRevoke ends every token of a key.
type keysRevoke struct {
	KID string `json:"kid" arg:"" name:"kid" help:"The key's id, as in: orgd keys list."`
}

// Help teaches the command.
func (keysRevoke) Help() string {
	return `For a key that somebody else may have: everybody whose token it signed must sign in again. Verifiers that cache the key set
take its tokens until their copy is five minutes old.

Example:

    orgd keys revoke 0192f0c1-7a11-7000-8000-00000000000a`
}

// Run has the key revoked.
func (c *keysRevoke) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "keys revoke", c, "")
}

func (c *keysRevoke) run(ctx context.Context, a *app, _ string, out control.Output) error {
	if err := a.authn.RevokeKey(ctx, access.Console(), tenant.KeyID(c.KID)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Revoked key %s: every token that it signed is worth nothing.\n", c.KID)
	return err
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/control"
)

// userResetLink makes a one-time right to set a new password.
type userResetLink struct {
	Email string `json:"email" arg:"" help:"Address that the person signs in with."`
	// PublicURL is that of the settings of who asks; a server that does the command has its own where there is none.
	PublicURL string `json:"public_url,omitempty" kong:"-"`
}

// Help teaches the command.
func (userResetLink) Help() string {
	return `Prints a token with which the person sets a new password once. Whoever has the token can do that: hand it over by a way that
you trust, after making sure whom you talk to. An earlier token of the person is worth nothing from then on.

Example:

    orgd user reset-link ada@acme.example`
}

// Run has the token made.
func (c *userResetLink) Run(ctx context.Context, p *process) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	c.PublicURL = loaded.Config.PublicURL
	return p.administer(ctx, "user reset-link", c, "")
}

func (c *userResetLink) run(ctx context.Context, a *app, _ string, out control.Output) error {
	token, expires, err := a.authn.ResetLink(ctx, access.Console(), c.Email)
	if err != nil {
		return err
	}
	url := c.PublicURL
	if url == "" {
		url = a.baseURL()
	}
	_, err = fmt.Fprintf(out, `This token is good once, until %s:

    %s

The person sets a new password with it:

    curl -X POST %s/v1/auth/password-reset -H 'Content-Type: application/json' \
      -d '{"token":"%s","password":"..."}'
`, expires.UTC().Format(time.RFC3339), token, url, token)
	return err
}

package main

import (
	"context"
	"fmt"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/control"
)

// operatorAdd adds somebody who runs the installation.
type operatorAdd struct {
	Email string `json:"email" help:"Address that the operator signs in with." placeholder:"ADDRESS" required:""`
}

// Help teaches the command.
func (operatorAdd) Help() string {
	return `Asks twice for the password, or reads it as one line from standard input where that is no terminal. Operators sign in at
/v1/auth/login with "as": "operator"; they see and restore organizations, and are members of none.

Examples:

    orgd operator add --email you@example.com
    orgd operator add --email you@example.com < /run/secrets/operator-password`
}

// Run reads the password and has the operator added.
func (c *operatorAdd) Run(ctx context.Context, p *process) error {
	password, err := p.readPassword(ctx)
	if err != nil {
		return err
	}
	return p.administer(ctx, "operator add", c, password)
}

func (c *operatorAdd) run(ctx context.Context, a *app, password string, out control.Output) error {
	operator, err := a.authn.AddOperator(ctx, access.Console(), c.Email, password)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Added operator %s (%s).\n", operator.Email, operator.ID)
	return err
}

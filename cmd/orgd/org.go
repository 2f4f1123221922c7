package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// listPage is how many organizations are read at once.
const listPage = 200

// orgList lists organizations.
type orgList struct {
	Prefix string `json:"prefix" help:"Only names that begin so, in any case." placeholder:"TEXT"`
	State  string `json:"state" help:"Only those in this state: active, trashed, or a state of an operation under way (creating, renaming, deleting, restoring, purging)." placeholder:"STATE" enum:",creating,active,renaming,deleting,trashed,restoring,purging" default:""`
	JSON   bool   `json:"json" name:"json" help:"One JSON object a line instead of a table."`
}

// Help teaches the command.
func (orgList) Help() string {
	return `Examples:

    orgd org list
    orgd org list --prefix acme
    orgd org list --state trashed --json | jq -r .id`
}

// Run has the list made.
func (c *orgList) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "org list", c, "")
}

func (c *orgList) run(ctx context.Context, a *app, _ string, out control.Output) error {
	show, finish := printOrgTable(out)
	if c.JSON {
		show, finish = printOrgLine(out), func() error { return nil }
	}
	query := orgs.Query{Prefix: c.Prefix, State: tenant.State(c.State), Limit: listPage}
	for more := true; more; {
		var page []orgs.Listed
		var err error
		page, more, err = a.orgs.List(ctx, access.Console(), query)
		if err != nil {
			return err
		}
		for i := range page {
			if err := show(&page[i]); err != nil {
				return err
			}
			query.After = page[i].ID
		}
		more = more && len(page) > 0
	}
	return finish()
}

// printOrgTable prints a table whose columns are as wide as its rows need.
func printOrgTable(out io.Writer) (show func(*orgs.Listed) error, finish func() error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tSTATE\tDOCUMENTS\tBYTES\tCREATED") // into memory until finish
	return func(o *orgs.Listed) error {
		documents, bytes := "?", "?" // where the data cannot be read
		if o.Usage != nil {
			documents, bytes = strconv.FormatInt(o.Usage.Documents, 10), strconv.FormatInt(o.Usage.Bytes, 10)
		}
		created := o.CreatedAt.UTC().Format("2006-01-02 15:04")
		if o.DirectWriters {
			created += "  direct writers"
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, o.Name, o.State, documents, bytes, created)
		return err
	}, table.Flush
}

// orgLine is an organization as the command prints it in JSON.
type orgLine struct {
	ID        tenant.OrgID `json:"id"`
	Name      tenant.Name  `json:"organization_name"`
	Slug      tenant.Slug  `json:"slug"`
	State     tenant.State `json:"state"`
	CreatedAt time.Time    `json:"created_at"`
	DeletedAt *time.Time   `json:"deleted_at,omitempty"`
	// Documents and Bytes are null where the data cannot be read.
	Documents *int64 `json:"documents"`
	Bytes     *int64 `json:"bytes"`
	// DirectWriters says that applications write to the database themselves.
	DirectWriters bool `json:"direct_writers,omitempty"`
}

func printOrgLine(out io.Writer) func(*orgs.Listed) error {
	lines := json.NewEncoder(out)
	return func(o *orgs.Listed) error {
		line := orgLine{o.ID, o.Name, o.Slug, o.State, o.CreatedAt.UTC(), nil, nil, nil, o.DirectWriters}
		if o.Usage != nil {
			line.Documents, line.Bytes = &o.Usage.Documents, &o.Usage.Bytes
		}
		if !o.DeletedAt.IsZero() {
			at := o.DeletedAt.UTC()
			line.DeletedAt = &at
		}
		return lines.Encode(line)
	}
}

// orgRestore brings a deleted organization back.
type orgRestore struct {
	ID    string  `json:"id" arg:"" help:"Its id, as in: orgd org list --state trashed."`
	Name  *string `json:"name" help:"Another name, where somebody bears the old one by now." placeholder:"NAME"`
	Email *string `json:"email" help:"Another address of its owner, where somebody uses the old one by now." placeholder:"ADDRESS"`
}

// Help teaches the command.
func (orgRestore) Help() string {
	return `The organization comes back with its data and its people, who sign in anew. It can be restored until ORGD_DELETE_RETENTION
after its deletion is over.

Examples:

    orgd org restore 0192f0c1-7a11-7000-8000-00000000000a
    orgd org restore 0192f0c1-7a11-7000-8000-00000000000a --name "Acme (old)" --email old@acme.example`
}

// Run has it restored.
func (c *orgRestore) Run(ctx context.Context, p *process) error {
	return p.administer(ctx, "org restore", c, "")
}

func (c *orgRestore) run(ctx context.Context, a *app, _ string, out control.Output) error {
	id, err := tenant.ParseOrgID(c.ID)
	if err != nil {
		return err
	}
	org, err := a.orgs.Restore(ctx, access.Console(), id, orgs.RestoreAs{Name: c.Name, Email: c.Email})
	switch {
	case tenant.IsCode(err, tenant.CodeNameTaken), tenant.IsCode(err, tenant.CodeSlugTaken):
		return fmt.Errorf("%w; give the organization another one with --name", err)
	case tenant.IsCode(err, tenant.CodeEmailTaken):
		return fmt.Errorf("%w; give its owner another one with --email", err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(out, "%s is back, with its data and its people but no session.\n", org.Name)
	return err
}
